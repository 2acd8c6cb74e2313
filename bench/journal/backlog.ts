import type { Journal } from '../../src/delivery/journal.ts';
import { print } from '../figures.ts';
import type { Bench, Table } from '../section.ts';
import { APP, anEvent, inFolder, openJournal, quantile } from './scene.ts';

const LEASE_MS = 600_000;
const MOST = 10;

const fill = async (journal: Journal, events: number, lanes: number): Promise<void> => {
  for (let from = 0; from < events; from += 5000)
    await Promise.all(Array.from({ length: 5000 }, (_, i) => journal.append(anEvent(`lane-${(from + i) % lanes}`), 0)));
};

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const at = performance.now();
  await run();
  return performance.now() - at;
};

const median = async (turns: number, run: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) times.push(await timed(run));
  return quantile(times, 0.5);
};

/** Leases and delivers as a redelivery does. */
const deliverSome = async (journal: Journal): Promise<void> => {
  const leased = await journal.lease(APP, MOST, LEASE_MS);
  await Promise.all(leased.map(({ id }) => journal.settle(id, { type: 'delivered' })));
};

const measureOne = (events: number, lanes: number): Promise<number[]> =>
  inFolder(async dir => {
    const first = await openJournal(dir);
    await fill(first, events, lanes);
    await first.close();
    let journal = first;
    const reopenMs = await timed(async () => {
      journal = await openJournal(dir);
    });
    const lease = await median(100, () => journal.lease(APP, MOST, LEASE_MS));
    const backlog = await median(20, () => journal.backlog());
    await journal.close();
    journal = await openJournal(dir);
    const deliver = await median(100, () => deliverSome(journal));
    const hurry = await timed(() => journal.hurry(APP));
    const known = await timed(() => journal.lanes());
    await journal.close();
    return [events, lanes, reopenMs, lease, deliver, backlog, hurry, known];
  });

/** What a large backlog costs. */
export const measureBacklog = async ({ quick, say }: Bench) => {
  const events = quick ? 10_000 : 100_000;
  const rows: number[][] = [];
  for (const lanes of [1, 100, events / 10]) {
    say(`${events} events in ${lanes} lanes`);
    rows.push(await measureOne(events, lanes));
  }
  const table: Table = {
    title: 'Backlog',
    head: ['events', 'lanes', 'open ms', 'lease ms', 'lease and settle ms', 'backlog ms', 'hurry ms', 'lanes ms'],
    rows: rows.map(row => row.map(print)),
    notes: [
      `Open: with the look at the whole file. Lease: of at most ${MOST} events, the median of 100 that were not settled; in one lane only the first gives out one. Lease and settle: what it gives out is delivered at once. All as seen by the main thread.`,
    ],
  };
  return {
    table,
    openMs: Math.max(...rows.map(row => row[2] ?? 0)),
    leaseMs: Math.max(...rows.map(row => row[3] ?? 0)),
  };
};
