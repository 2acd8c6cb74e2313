import { areGone, MODES, type Mode, slowCommand } from '../../test/kit/slowhttptest.ts';
import { findTool } from '../../test/tools.ts';
import { median, print } from '../figures.ts';
import { canGoFirst, freePort, type Running, sleep } from '../lab.ts';
import { CONNECTS, Load, type Result } from '../load.ts';
import { warm } from '../rounds.ts';
import { atMost, type Bench, type Outcome, type Section, shown, type Verdict } from '../section.ts';
import { APP, gateway } from '../targets.ts';
import { missingTool } from '../tools.ts';
import { cpuUs, peakMb, resetPeak, rssMb } from '../usage.ts';

const SLOW = 500;
const CONNECTIONS = 50;
const PER_SECOND = 500;
const LIMIT_MS = 12_000;
/** Between two modes. */
const SETTLE_MS = 500;
const MOST_RATIO = 1.2;
/** The first one is told by itself: much of what slow clients need runs for the first time in it. */
const ROUNDS = 4;
const QUICK_ROUNDS = 2;
/** For so long it is measured without slow clients in each round. */
const ALONE_SECONDS = 12;
const QUICK_ALONE_SECONDS = 2;
/** How long each mode goes on at most: as long as its clients are there, where they are cut; slow readers stay. */
const SECONDS: Readonly<Record<Mode, number>> = {
  'slow headers': 12,
  'slow body': 9,
  'slow read': 20,
  ranges: 3,
};

interface Alone {
  readonly p99: number;
  readonly usPerCall: number;
}

interface Played {
  readonly alone: Alone;
  readonly during: Result;
  /** When the last one was gone; absent if they were still there at the end. */
  readonly goneMs: number | undefined;
  /** CPU time beyond that of the ordinary calls. */
  readonly usPerSlow: number;
  readonly beforeMb: number;
  readonly peakMb: number;
  readonly rejected: string;
}

const rejectedAt = async (admin: number): Promise<Readonly<Record<string, number>>> =>
  ((await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as { rejected: Record<string, number> }).rejected;

/** By code, what was rejected since `before`; the tool asks once every few seconds for itself. */
const since = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string =>
  Object.entries(after)
    .map(([code, count]) => [code, count - (before[code] ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');

const roundsOf = ({ quick }: Bench): number => (quick ? QUICK_ROUNDS : ROUNDS);
const aloneSecondsOf = ({ quick }: Bench): number => (quick ? QUICK_ALONE_SECONDS : ALONE_SECONDS);

/** Resolves when the last one is gone, with the milliseconds until then; with nothing if they stayed to the end. */
const attack = async ({ lab }: Bench, mode: Mode, url: string): Promise<number | undefined> => {
  const begin = performance.now();
  const options = { url, connections: SLOW, mostSeconds: SECONDS[mode] };
  const printed = await lab.run(slowCommand(findTool('slowhttptest') ?? '', mode, options));
  return areGone(printed) ? performance.now() - begin : undefined;
};

/** Ordinary calls for some time, and what one of them cost. */
const loadAlone = async (bench: Bench, { port, pid }: Running): Promise<Alone> => {
  const begin = cpuUs(pid);
  const { p99, answered } = await bench.load.open(port, CONNECTS, CONNECTIONS, aloneSecondsOf(bench), PER_SECOND);
  return { p99, usPerCall: (cpuUs(pid) - begin) / answered };
};

const play = async (bench: Bench, { port, pid }: Running, admin: number, mode: Mode, alone: Alone): Promise<Played> => {
  resetPeak(pid);
  const [beforeMb, before, cpuBefore] = [rssMb(pid), await rejectedAt(admin), cpuUs(pid)];
  const [during, goneMs] = await Promise.all([
    bench.load.open(port, CONNECTS, CONNECTIONS, SECONDS[mode], PER_SECOND),
    attack(bench, mode, `http://127.0.0.1:${port}${APP}/connect`),
  ]);
  const usPerSlow = (cpuUs(pid) - cpuBefore - during.answered * alone.usPerCall) / SLOW;
  const rejected = since(before, await rejectedAt(admin));
  return { alone, during, goneMs, usPerSlow, beforeMb, peakMb: peakMb(pid), rejected };
};

type ByMode = ReadonlyMap<Mode, readonly Played[]>;

const playAll = async (bench: Bench, running: Running, admin: number): Promise<ByMode> => {
  const all = new Map<Mode, Played[]>((Object.keys(MODES) as Mode[]).map(mode => [mode, []]));
  const rounds = roundsOf(bench);
  for (let round = 1; round <= rounds; round++) {
    bench.say(`round ${round} of ${rounds}`);
    const alone = await loadAlone(bench, running);
    for (const [mode, played] of all) {
      played.push(await play(bench, running, admin, mode, alone));
      await sleep(SETTLE_MS);
    }
  }
  return all;
};

const ratioOf = ({ during, alone }: Played): number => during.p99 / alone.p99;
const medianOf = (played: readonly Played[], figure: (one: Played) => number): number => median(played.map(figure));

const HEAD = [
  'slow clients',
  'p99 ms without',
  'p99 ms with',
  'with / without',
  'p99 ms the first time',
  'worst ms, the first time too',
  'calls answered with 2xx',
  'gone after s',
  'CPU µs/slow client',
  'RSS before, MB',
  'RSS peak, MB',
  'rejected in the last round',
];

const goneAfter = (played: readonly Played[]): string => {
  const times = played.flatMap(({ goneMs }) => goneMs ?? []);
  return times.length < played.length ? 'stayed' : print(median(times) / 1000);
};

const row = (mode: Mode, [first, ...played]: readonly Played[]): string[] => {
  const all = [...(first ? [first] : []), ...played];
  const total = (figure: (result: Result) => number) => all.reduce((sum, { during }) => sum + figure(during), 0);
  const figures = [
    medianOf(played, ({ alone }) => alone.p99),
    medianOf(played, ({ during }) => during.p99),
    medianOf(played, ratioOf),
    first?.during.p99 ?? Number.NaN,
    Math.max(...all.map(({ during }) => during.max)),
  ];
  return [
    mode,
    ...figures.map(print),
    `${print(total(({ ok }) => ok))} of ${print(total(({ sent }) => sent))}`,
    goneAfter(all),
    print(medianOf(played, ({ usPerSlow }) => usPerSlow)),
    print(Math.min(...all.map(({ beforeMb }) => beforeMb))),
    print(Math.max(...all.map(each => each.peakMb))),
    all.at(-1)?.rejected ?? '',
  ];
};

const judge = (all: ByMode): Verdict[] => [
  ...[...all].map(([mode, [, ...played]]) =>
    atMost(`${SLOW} clients, ${mode}: p99 of others, with / without`, medianOf(played, ratioOf), MOST_RATIO),
  ),
  shown(
    `${SLOW} clients: p99 of others, with / without, the first time`,
    [...all].map(([mode, [first]]) => `${mode} ${first ? print(ratioOf(first)) : 'not'}`).join('; '),
  ),
  shown(
    `${SLOW} slow clients: gone after, s`,
    [...all].map(([mode, played]) => `${mode} ${goneAfter(played)}`).join('; '),
  ),
];

/** What ordinary calls notice of clients that are slow on purpose. */
export const slowClients: Section = {
  name: 'slow-clients',
  title: `${SLOW} slow clients beside ordinary calls`,
  run: async (bench): Promise<Outcome> => {
    const missing = missingTool(['slowhttptest']);
    if (missing) throw new Error(missing);
    if (!canGoFirst()) throw new Error('two cores are needed, and root or CAP_SYS_NICE for `chrt --fifo`');
    // Another client and back-end than the other sections have: the slow ones are on their core.
    const ahead = { ...bench, load: new Load(bench.lab, 'first') };
    const admin = await freePort();
    const upstream = await ahead.load.upstream();
    const target = gateway('slow-clients');
    const running = await target.start(bench.lab, { upstreams: [upstream.port], limitMs: LIMIT_MS, admin });
    await warm(ahead, { name: target.name, running, script: CONNECTS });
    const all = await playAll(ahead, running, admin);
    const notes = [
      `${PER_SECOND} connect hooks a second at random moments, while slowhttptest opens ${SLOW} connections within a second and keeps them busy in each of its modes. Medians of ${roundsOf(bench) - 1} rounds, each beside ${aloneSecondsOf(bench)} s without slow clients; a round before them is told by itself, since much of the code that slow clients need runs for the first time in it. Limits are as delivered: headersWithin 10 s, bodyRate 1 KiB/s.`,
      'Slow readers ask for what is refused in few bytes, all of which the operating system takes at once; their connections then stay like those of any client that may ask again, up to 91 s.',
      'The clients that are measured and their back-end run before slowhttptest on their core (SCHED_FIFO) and sleep in between: otherwise it is the client that waits for the core.',
    ];
    return {
      tables: [{ title: '', head: HEAD, rows: [...all].map(([mode, played]) => row(mode, played)), notes }],
      verdicts: judge(all),
    };
  },
};
