import { areGone, MODES, type Mode, slowCommand } from '../../test/kit/slowhttptest.ts';
import { findTool } from '../../test/tools.ts';
import { median, print } from '../figures.ts';
import { freePort, type Running, sleep } from '../lab.ts';
import { CONNECTS, type Result } from '../load.ts';
import { warm } from '../rounds.ts';
import { atMost, type Bench, type Outcome, type Section, shown, type Verdict } from '../section.ts';
import { APP, gateway } from '../targets.ts';
import { missingTool } from '../tools.ts';
import { cpuUs, peakMb, resetPeak, rssMb } from '../usage.ts';

const SLOW = 500;
const CONNECTIONS = 50;
const PER_SECOND = 500;
const LIMIT_MS = 12_000;
const MOST_RATIO = 1.2;
/** For so long it is measured without slow clients before and after each mode. */
const ALONE_SECONDS = 4;
const QUICK_ALONE_SECONDS = 1;
/** How long each mode goes on at most: as long as its clients are there, where they are cut. */
const SECONDS: Readonly<Record<Mode, number>> = {
  'slow headers': 12,
  'slow body': 9,
  'slow read': 9,
  ranges: 3,
};

interface Alone {
  readonly p99: number;
  readonly usPerCall: number;
}

interface Played {
  readonly mode: Mode;
  readonly without: number;
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

const attack = async ({ lab }: Bench, mode: Mode, url: string): Promise<number | undefined> => {
  const begin = performance.now();
  const options = { url, connections: SLOW, mostSeconds: SECONDS[mode] };
  const printed = await lab.run(['nice', '-n', '19', ...slowCommand(findTool('slowhttptest') ?? '', mode, options)]);
  return areGone(printed) ? performance.now() - begin : undefined;
};

/** Ordinary calls for some time, and what one of them cost. */
const loadAlone = async ({ load, quick }: Bench, { port, pid }: Running): Promise<Alone> => {
  const begin = cpuUs(pid);
  const { p99, answered } = await load.open(
    port,
    CONNECTS,
    CONNECTIONS,
    quick ? QUICK_ALONE_SECONDS : ALONE_SECONDS,
    PER_SECOND,
  );
  return { p99, usPerCall: (cpuUs(pid) - begin) / answered };
};

const play = async (bench: Bench, running: Running, admin: number, mode: Mode): Promise<Played> => {
  const { port, pid } = running;
  bench.say(mode);
  const alone = [await loadAlone(bench, running)];
  resetPeak(pid);
  const [beforeMb, before, cpuBefore] = [rssMb(pid), await rejectedAt(admin), cpuUs(pid)];
  const [during, goneMs] = await Promise.all([
    bench.load.open(port, CONNECTS, CONNECTIONS, SECONDS[mode], PER_SECOND),
    attack(bench, mode, `http://127.0.0.1:${port}${APP}/connect`),
  ]);
  const [used, peak, rejected] = [cpuUs(pid) - cpuBefore, peakMb(pid), since(before, await rejectedAt(admin))];
  await sleep(500);
  alone.push(await loadAlone(bench, running));
  const usAlone = during.answered * median(alone.map(({ usPerCall }) => usPerCall));
  return {
    mode,
    without: median(alone.map(({ p99 }) => p99)),
    during,
    goneMs,
    usPerSlow: (used - usAlone) / SLOW,
    beforeMb,
    peakMb: peak,
    rejected,
  };
};

const HEAD = [
  'slow clients',
  'p99 ms without',
  'p99 ms with',
  'with / without',
  'worst ms with',
  'calls answered with 2xx',
  'gone after s',
  'CPU µs/slow client',
  'RSS before, MB',
  'RSS peak, MB',
  'rejected',
];

const row = ({ mode, without, during, goneMs, usPerSlow, beforeMb, peakMb: peak, rejected }: Played): string[] => [
  mode,
  ...[without, during.p99, during.p99 / without, during.max].map(print),
  `${print(during.ok)} of ${print(during.sent)}`,
  goneMs === undefined ? 'stayed' : print(goneMs / 1000),
  print(usPerSlow),
  print(beforeMb),
  print(peak),
  rejected,
];

const judge = (all: readonly Played[]): Verdict[] => [
  ...all.map(({ mode, without, during }) =>
    atMost(`${SLOW} clients, ${mode}: p99 of others, with / without`, during.p99 / without, MOST_RATIO),
  ),
  shown(
    `${SLOW} slow clients: gone after, s`,
    all.map(({ mode, goneMs }) => `${mode} ${goneMs === undefined ? 'not' : print(goneMs / 1000)}`).join('; '),
  ),
];

/** What ordinary calls notice of clients that are slow on purpose. */
export const slowClients: Section = {
  name: 'slow-clients',
  title: `${SLOW} slow clients beside ordinary calls`,
  run: async (bench): Promise<Outcome> => {
    const missing = missingTool(['slowhttptest']);
    if (missing) throw new Error(missing);
    const admin = await freePort();
    const upstream = await bench.load.upstream();
    const target = gateway('slow-clients');
    const running = await target.start(bench.lab, { upstreams: [upstream.port], limitMs: LIMIT_MS, admin });
    await warm(bench, { name: target.name, running, script: CONNECTS });
    const all: Played[] = [];
    for (const mode of Object.keys(MODES) as Mode[]) all.push(await play(bench, running, admin, mode));
    const notes = [
      `${PER_SECOND} connect hooks a second at random moments, while slowhttptest opens ${SLOW} connections within a second and keeps them busy in each of its modes. Without is the mean of ${ALONE_SECONDS} s before and ${ALONE_SECONDS} s after. Limits are as delivered: headersWithin 10 s, bodyRate 1 KiB/s.`,
      'Slow readers ask for what is refused in few bytes, all of which the operating system takes at once; their connections then stay like those of any client that may ask again, up to 91 s.',
      'The slow ones run at the lowest priority, lest they take the core from the clients that are measured.',
    ];
    return { tables: [{ title: '', head: HEAD, rows: all.map(row), notes }], verdicts: judge(all) };
  },
};
