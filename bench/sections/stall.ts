import { readFileSync } from 'node:fs';
import { median, print, shuffle } from '../figures.ts';
import { behave, CONNECTS, type Result, seen } from '../load.ts';
import { warm } from '../rounds.ts';
import { type Bench, type Outcome, type Section, shown, type Verdict } from '../section.ts';
import { gateway, httpProxy, nginx, type Target } from '../targets.ts';
import { cpuUs, peakMb, resetPeak, rssMb } from '../usage.ts';

const LIMIT_MS = 3000;
/** How long a target may be late before its calls count as not answered. */
const LATE_MS = 8000;
/** Two descriptors for each call, and some for the rest. */
const FILES_PER_CALL = 2.2;

interface Rival {
  readonly name: string;
  readonly target: Target;
  readonly app?: Readonly<Record<string, unknown>>;
}

interface Burst extends Result {
  readonly beforeMb: number;
  readonly peakMb: number;
  readonly cpuUs: number;
  readonly opened: number;
}

const OURS = 'breakwater, as delivered';

const rivals = (calls: number): Rival[] => [
  { name: OURS, target: gateway('stalled') },
  { name: `breakwater, concurrency.max ${calls}`, target: gateway('wide'), app: { concurrency: { max: calls } } },
  { name: 'nginx', target: nginx },
  { name: 'http-proxy', target: httpProxy },
];

const requireFiles = (calls: number): void => {
  const limit = /Max open files\s+\S+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const wanted = Math.ceil(calls * FILES_PER_CALL);
  if (Number(limit) < wanted) throw new Error(`needs ${wanted} open files, ${limit} are allowed: raise \`ulimit -Hn\``);
};

/** A fresh target each time: memory that an earlier burst made it take would hide what this one needs. */
const burst = async (bench: Bench, calls: number, { name, target, app }: Rival): Promise<Burst> => {
  const { lab, load } = bench;
  const upstream = await load.upstream();
  const running = await target.start(lab, { upstreams: [upstream.port], limitMs: LIMIT_MS, ...(app ? { app } : {}) });
  await warm(bench, { name, running, script: CONNECTS });
  await behave(upstream, 'stall');
  resetPeak(running.pid);
  const before = { mb: rssMb(running.pid), cpuUs: cpuUs(running.pid), opened: (await seen(upstream)).opened };
  const result = await load.burst(running.port, CONNECTS, calls, (LIMIT_MS + LATE_MS) / 1000);
  const peak = peakMb(running.pid);
  const cpu = (cpuUs(running.pid) - before.cpuUs) / calls;
  const opened = (await seen(upstream)).opened - before.opened - 1; // that question came on a connection of its own
  await Promise.all([running.stop(), upstream.stop()]);
  return { ...result, beforeMb: before.mb, peakMb: peak, cpuUs: cpu, opened };
};

const HEAD = [
  'target',
  'answered with 200',
  'p50 ms',
  'p99 past the limit, ms',
  'last past the limit, ms',
  'RSS before, MB',
  'RSS peak, MB',
  'KB/call',
  'CPU µs/call',
  'upstream connections opened',
];

const middle = (bursts: readonly Burst[], figure: (burst: Burst) => number): number => median(bursts.map(figure));

const row = (name: string, bursts: readonly Burst[], calls: number): string[] => [
  name,
  print(Math.min(...bursts.map(({ ok }) => ok))),
  ...[
    (each: Burst) => each.p50,
    (each: Burst) => each.p99 - LIMIT_MS,
    (each: Burst) => each.max - LIMIT_MS,
    (each: Burst) => each.beforeMb,
    (each: Burst) => each.peakMb,
    (each: Burst) => ((each.peakMb - each.beforeMb) * 1024) / calls,
    (each: Burst) => each.cpuUs,
    (each: Burst) => each.opened,
  ].map(figure => print(middle(bursts, figure))),
];

const judge = (bursts: readonly Burst[], calls: number): Verdict[] => {
  const ok = Math.min(...bursts.map(each => each.ok));
  const what = `${print(calls)} calls at once, back-end stalled`;
  const late = print(middle(bursts, ({ p99 }) => p99 - LIMIT_MS));
  const kb = print(middle(bursts, each => ((each.peakMb - each.beforeMb) * 1024) / calls));
  return [
    { what: `${what}: answered with 200`, measured: print(ok), target: 'all', met: ok === calls },
    shown(`${what}: p99 past the limit, ms; memory, KB/call`, `${late}; ${kb}`),
  ];
};

/** Thousands of calls in flight before a back-end that accepts them and stays silent. */
export const stall: Section = {
  name: 'stall',
  title: 'Stalled back-end',
  run: async (bench): Promise<Outcome> => {
    const [calls, rounds] = bench.quick ? [1000, 1] : [5000, 3];
    requireFiles(calls);
    const there = rivals(calls).filter(({ target }) => target.missing === undefined);
    const bursts = new Map<string, Burst[]>(there.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const rival of shuffle(there)) {
        bench.say(`round ${round} of ${rounds}, ${rival.name}`);
        bursts.get(rival.name)?.push(await burst(bench, calls, rival));
      }
    }
    const notes = [
      ...rivals(calls).flatMap(({ name, target: { missing } }) =>
        missing ? [`${name} was left out: ${missing}.`] : [],
      ),
      `${print(calls)} connections send a connect hook at once, the limit is ${LIMIT_MS} ms. Medians of ${rounds} bursts, each at a freshly started and warmed target; answered is the least of all bursts.`,
      'As delivered, the gateway lets 64 calls to a back-end through and 256 wait for their turn; whoever comes then gets the next rung at once. The second row has room for all. The others answer a fixed body, the gateway the last good answer of each user.',
      'Warming left 50 connections to the back-end, which are used as well. Memory is what the process took beyond what it had after warming up.',
    ];
    const rows = [...bursts].map(([name, each]) => row(name, each, calls));
    return { tables: [{ title: '', head: HEAD, rows, notes }], verdicts: judge(bursts.get(OURS) ?? [], calls) };
  },
};
