import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Breakwater, start } from '../../server/start.ts';
import { VERSION } from '../usage.ts';
import { type Child, Children } from './children.ts';
import { demoConfig } from './config.ts';
import { type Behaviour, SCRIPT } from './script.ts';
import type { Report } from './tally.ts';
import type { Load } from './traffic.ts';
import type { Targets } from './wcs.ts';

/** What a performance needs. */
export interface Performance {
  readonly load: Load;
  /** Where the gateway's log goes. */
  readonly logFd: number;
  /** Told about once a second how far it is. */
  readonly onReport: (report: Report) => void;
  /** Rejects when the performance is to be broken off. */
  readonly broken: Promise<never>;
}

const DRAIN_MS = 1000;
const LOOK_MS = 10;
const NS_PER_MS = 1e6;

interface SimulatedBackEnd {
  readonly url: string;
  behave(behaviour: Behaviour): void;
}

const startBackEnd = (children: Children, name: string): Promise<SimulatedBackEnd> =>
  new Promise(resolve => {
    const child: Child = children.start({ type: 'back-end', name }, note => {
      if (note.type !== 'listening') return;
      const behave = (behaviour: Behaviour) => child.order({ type: 'behave', behaviour });
      resolve({ url: `http://127.0.0.1:${note.port}/apps/demo`, behave });
    });
  });

const runWcs = (
  children: Children,
  targets: Targets,
  backEnds: readonly SimulatedBackEnd[],
  { load, onReport }: Performance,
): Promise<Report> =>
  new Promise(resolve => {
    children.start({ type: 'wcs', load, targets }, note => {
      if (note.type === 'phase') {
        const behaviours = SCRIPT[note.phase]?.backEnds ?? [];
        for (const [at, behaviour] of behaviours.entries()) backEnds[at]?.behave(behaviour);
      }
      if (note.type === 'report') onReport(note.report);
      if (note.type === 'over') resolve(note.report);
    });
  });

/**
 * Plays the whole script with real sockets on loopback: two back-ends and the simulated WCS in processes of their own,
 * the gateway in this one. Gives what WCS met. Whatever happens, nothing is left running.
 */
export const perform = async (performance: Performance): Promise<Report> => {
  const lost = Promise.withResolvers<never>();
  const children = new Children(lost.reject);
  const gateways: Breakwater[] = [];
  const play = async (): Promise<Report> => {
    const backEnds = await Promise.all([startBackEnd(children, 'first'), startBackEnd(children, 'second')]);
    const urls = backEnds.map(({ url }) => url);
    const gateway = await start(demoConfig(urls).config, { version: VERSION, logFd: performance.logFd });
    gateways.push(gateway);
    const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
    delay.enable();
    // WCS can name one URL for an app, so without a gateway there is no second back-end.
    const targets = { without: urls[0] ?? '', with: `${gateway.url}/demo` };
    const report = await runWcs(children, targets, backEnds, performance);
    delay.disable();
    return { ...report, heldUpMs: Math.max(report.heldUpMs, delay.max / NS_PER_MS - LOOK_MS) };
  };
  try {
    return await Promise.race([play(), lost.promise, performance.broken]);
  } finally {
    await children.close();
    await Promise.all(gateways.map(gateway => gateway.close(DRAIN_MS)));
  }
};
