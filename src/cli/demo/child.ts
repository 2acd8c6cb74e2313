// The entry of the demo's child processes: a back-end or the simulated WCS, whichever the first order says.
import { BackEnd } from './back-end.ts';
import type { Note, Order } from './messages.ts';
import { Wcs } from './wcs.ts';

const tell = (note: Note): void => {
  process.send?.(note);
};

const startBackEnd = async (name: string): Promise<void> => {
  const backEnd = new BackEnd(name);
  await backEnd.start();
  let last = Promise.resolve();
  process.on('message', (order: Order) => {
    if (order.type === 'behave') last = last.then(() => backEnd.behave(order.behaviour));
  });
  tell({ type: 'listening', port: backEnd.port });
};

const runWcs = async ({ load, targets }: Extract<Order, { type: 'wcs' }>): Promise<void> => {
  const onPhase = (phase: number) => tell({ type: 'phase', phase });
  const report = await new Wcs({ load, targets, onPhase, onReport: report => tell({ type: 'report', report }) }).run();
  tell({ type: 'over', report });
};

// The demo's end, however it comes, is the end of its children; ^C reaches all of them, but the demo alone acts on it.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.once('message', (order: Order) => {
  if (order.type === 'back-end') return startBackEnd(order.name);
  if (order.type === 'wcs') return runWcs(order);
});
