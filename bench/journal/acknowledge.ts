import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { JournalError } from '../../src/delivery/journal.ts';
import { print } from '../figures.ts';
import { sleep } from '../lab.ts';
import type { Bench, Table } from '../section.ts';
import { anEvent, inFolder, openJournal, quantile } from './scene.ts';

const RATE = 500;
const LANES = 200;
const AT_ONCE = 512;
const RATES = [5000, 10_000, 20_000, 30_000, 40_000];
/** A rate is held if this many are acknowledged in the time in which they come, and none waits for longer than this. */
const HELD_SHARE = 0.97;
const HELD_MS = 250;

/** Makes one event durable. */
type Store = () => Promise<unknown>;

interface Run {
  readonly name: string;
  readonly perSecond: number;
  readonly times: readonly number[];
  readonly loopMs: number;
}

/** Somebody looks at how `work` ends, later. */
const started = (work: Promise<void>): Promise<void> => {
  work.catch(() => {});
  return work;
};

/** Stores at a steady pace, whether or not the last ones are done, and measures each. */
const atPace = async (name: string, store: Store, rate: number, ms: number): Promise<Run> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const times: number[] = [];
  const all: Promise<void>[] = [];
  const timed = async (): Promise<void> => {
    const at = performance.now();
    await store();
    times.push(performance.now() - at);
  };
  delay.enable();
  const begin = performance.now();
  for (let now = begin; now < begin + ms; now = performance.now()) {
    while (all.length < ((now - begin) * rate) / 1000) all.push(started(timed()));
    await sleep(1);
  }
  const inTime = times.length;
  delay.disable();
  // All of them have ended before one that was refused is told: the journal is closed next.
  await Promise.allSettled(all);
  await Promise.all(all);
  return { name, perSecond: (inTime * 1000) / ms, times, loopMs: delay.percentile(99) / 1e6 };
};

/** Stores as fast as answers come, with so many under way. */
const atMost = async (name: string, store: Store, ms: number): Promise<Run> => {
  const times: number[] = [];
  const end = performance.now() + ms;
  const work = async (): Promise<void> => {
    for (let at = performance.now(); at < end; at = performance.now()) {
      await store();
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { name, perSecond: (times.length * 1000) / ms, times, loopMs: Number.NaN };
};

const withJournal = <T>(run: (store: Store) => Promise<T>, keys: readonly Buffer[] = []): Promise<T> =>
  inFolder(async dir => {
    const journal = await openJournal(dir, keys);
    let count = 0;
    try {
      return await run(() => journal.append(anEvent(`lane-${count++ % LANES}`), 0));
    } finally {
      await journal.close();
    }
  });

/** What one would do without a journal: each event is written and waited for by itself, one after another. */
const withFsync = <T>(run: (store: Store) => Promise<T>): Promise<T> =>
  inFolder(async dir => {
    const file = await open(join(dir, 'plain'), 'a');
    let last: Promise<unknown> = Promise.resolve();
    const write = async (): Promise<void> => {
      await file.appendFile(JSON.stringify(anEvent('lane')));
      await file.datasync();
    };
    const result = await run(() => {
      last = last.then(write);
      return last;
    });
    await last;
    await file.close();
    return result;
  });

/** A pace is not held either where the journal refuses what its disk cannot take in time. */
const isHeld = async (rate: number, ms: number): Promise<boolean> => {
  try {
    const { perSecond, times } = await withJournal(store => atPace('', store, rate, ms));
    return perSecond >= rate * HELD_SHARE && Math.max(...times.slice(-1000)) <= HELD_MS;
  } catch (error) {
    if (error instanceof JournalError) return false;
    throw error;
  }
};

const highest = async (ms: number): Promise<number> => {
  let held = 0;
  for (const rate of RATES) {
    if (!(await isHeld(rate, ms))) break;
    held = rate;
  }
  return held;
};

const row = ({ name, perSecond, times, loopMs }: Run): string[] => [
  name,
  ...[perSecond, quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1 - 1e-9), loopMs].map(print),
];

/** How soon an event is durable, and how many a second can be. */
export const measureAcknowledgement = async ({ quick, say }: Bench) => {
  const ms = quick ? 1500 : 10_000;
  const key = Buffer.alloc(32, 1);
  const idle = await atPace('nothing stored', async () => {}, RATE, ms);
  say(`${RATE} events/s`);
  const paced = await withJournal(store => atPace('journal', store, RATE, ms));
  const sealed = await withJournal(store => atPace('journal, encrypted', store, RATE, ms), [key]);
  const plain = await withFsync(store => atPace('a plain fsync per event', store, RATE, ms));
  say('as many as possible');
  const fast = await withJournal(store => atMost(`journal, ${AT_ONCE} under way`, store, ms));
  const fastSealed = await withJournal(store => atMost(`journal, encrypted, ${AT_ONCE} under way`, store, ms), [key]);
  const slow = await withFsync(store => atMost(`a plain fsync per event, ${AT_ONCE} under way`, store, ms));
  const held = await highest(ms / 2);
  const table: Table = {
    title: 'Acknowledgement',
    head: ['way', 'events/s', 'p50 ms', 'p99 ms', 'worst ms', 'event loop p99 ms'],
    rows: [idle, paced, sealed, plain, fast, fastSealed, slow].map(row),
    notes: [
      `Events of 1 kB in ${LANES} lanes, on the disk of temporary files. The first rows come at ${RATE}/s, whatever the disk does; in the others a new one comes for each that is done. Event loop: how late a timer of 1 ms is, in the process that stores.`,
      `Highest pace of ${RATES.map(print).join(', ')}/s that was held: ${print(held)}/s (${HELD_SHARE * 100} % acknowledged meanwhile, the last 1,000 within ${HELD_MS} ms).`,
    ],
  };
  return {
    table,
    p99: quantile(paced.times, 0.99),
    held,
    perSecond: fast.perSecond,
    loopMs: paced.loopMs - idle.loopMs,
  };
};
