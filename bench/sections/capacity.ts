import { percent, print } from '../figures.ts';
import { freePort, sleep } from '../lab.ts';
import { type Result, SESSION } from '../load.ts';
import { atLeast, type Bench, type Outcome, type Section, shown, type Verdict } from '../section.ts';
import { gateway } from '../targets.ts';

const BORNE = 40;
const SERVICE_MS = 50;
const LIMIT_MS = 1000;
const PER_SECOND = (BORNE * 1000) / SERVICE_MS;
const TIMES = [1, 2, 5] as const;
/** For each time of what is borne; a call that finds none counts from when it was due. */
const CONNECTIONS = 500;
const QUEUE = 256;
const SETTLE_MS = 700;
const LOOK_MS = 50;
const NOTIFICATIONS = /Event$/;

interface Way {
  readonly name: string;
  readonly concurrency: unknown;
}

const AUTO = 'concurrency: auto';
const RIGHT = `a fixed limit of ${BORNE}`;
const NONE = 'none';
const WAYS: readonly Way[] = [
  { name: AUTO, concurrency: { max: 'auto', queue: QUEUE } },
  { name: RIGHT, concurrency: { max: BORNE, queue: QUEUE } },
  { name: 'a fixed limit of 400', concurrency: { max: 400, queue: QUEUE } },
  { name: NONE, concurrency: { max: 10 * CONNECTIONS, queue: 0 } },
];

/** What of `/status` is looked at. */
interface Seen {
  readonly apps: readonly {
    readonly upstreams: readonly { readonly limit: number; readonly attempts?: Readonly<Record<string, number>> }[];
    readonly hooks: readonly { readonly hook: string; readonly answers?: Readonly<Record<string, number>> }[];
  }[];
}

/** Counts since the gateway began. */
interface Counts {
  readonly decisions: readonly [own: number, all: number];
  readonly notifications: readonly [own: number, all: number];
  readonly failed: number;
  readonly limit: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

const countAt = async (admin: number): Promise<Counts> => {
  const { apps } = (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as Seen;
  const [upstream] = apps[0]?.upstreams ?? [];
  const ofKind = (isNotification: boolean) => {
    const hooks = (apps[0]?.hooks ?? []).filter(({ hook }) => NOTIFICATIONS.test(hook) === isNotification);
    const own = sum(hooks.map(({ answers = {} }) => (answers.upstream ?? 0) + (answers.hedge ?? 0)));
    return [own, sum(hooks.flatMap(({ answers = {} }) => Object.values(answers)))] as const;
  };
  const { timeout = 0, status = 0, reset = 0, refused = 0 } = upstream?.attempts ?? {};
  return {
    decisions: ofKind(false),
    notifications: ofKind(true),
    failed: timeout + status + reset + refused,
    limit: upstream?.limit ?? 0,
  };
};

interface Cell extends Result {
  readonly way: string;
  readonly times: number;
  readonly goodput: number;
  readonly decisions: number;
  readonly notifications: number;
  readonly failedPerSecond: number;
  readonly limit: number;
}

/** The client opens thousands of connections first. */
const begun = async (admin: number): Promise<void> => {
  const answersAt = async () =>
    sum((({ decisions, notifications }) => [decisions[1], notifications[1]])(await countAt(admin)));
  const before = await answersAt();
  while ((await answersAt()) === before) await sleep(LOOK_MS);
};

const measure = async ({ load, quick }: Bench, way: string, times: number, port: number, admin: number) => {
  const played = load.open(port, SESSION, CONNECTIONS * times, quick ? 1.5 : 2.8, PER_SECOND * times);
  await begun(admin);
  await sleep(SETTLE_MS);
  const [begin, before] = [performance.now(), await countAt(admin)];
  await sleep(quick ? 500 : 2000);
  const [end, after] = [performance.now(), await countAt(admin)];
  const grown = (kind: 'decisions' | 'notifications') =>
    [after[kind][0] - before[kind][0], Math.max(1, after[kind][1] - before[kind][1])] as const;
  const [decided, decisions] = grown('decisions');
  const [told, notifications] = grown('notifications');
  const seconds = (end - begin) / 1000;
  return {
    ...(await played),
    way,
    times,
    goodput: (decided + told) / seconds,
    decisions: decided / decisions,
    notifications: told / notifications,
    failedPerSecond: (after.failed - before.failed) / seconds,
    limit: after.limit,
  };
};

const playWay = async (bench: Bench, { name, concurrency }: Way): Promise<Cell[]> => {
  const { lab, load, say } = bench;
  const upstream = await load.upstream(`bears,${BORNE},${SERVICE_MS}`);
  const admin = await freePort();
  const app = { concurrency, idempotent: false, breaker: false, fallback: ['echo'] };
  const running = await gateway('capacity').start(lab, { upstreams: [upstream.port], limitMs: LIMIT_MS, admin, app });
  await load.open(running.port, SESSION, CONNECTIONS, bench.quick ? 1 : 3, PER_SECOND);
  const cells: Cell[] = [];
  for (const times of TIMES) {
    say(`${name}, ${times} times what is borne`);
    cells.push(await measure(bench, name, times, running.port, admin));
  }
  await Promise.all([running.stop(), upstream.stop()]);
  return cells;
};

const HEAD = [
  'limit',
  'offered',
  "back-end's own answers/s",
  'decisions answered by it',
  'notifications',
  'failed attempts/s',
  'p50 ms',
  'p99 ms',
  'limit at the end',
];

const row = (cell: Cell): string[] => [
  cell.way,
  `${cell.times}x`,
  print(Math.round(cell.goodput)),
  percent(cell.decisions),
  percent(cell.notifications),
  print(Math.round(cell.failedPerSecond)),
  print(cell.p50),
  print(cell.p99),
  print(cell.limit),
];

const judge = (cells: readonly Cell[]): Verdict[] => {
  const find = (way: string, times: number) => cells.find(cell => cell.way === way && cell.times === times) as Cell;
  const [auto, right, none] = [find(AUTO, 5), find(RIGHT, 5), find(NONE, 5)];
  return [
    atLeast(
      '5x what a back-end bears: goodput with auto, the right fixed limit = 1',
      auto.goodput / right.goodput,
      0.85,
    ),
    atLeast('2x: share of decisions that the back-end answered, with auto', find(AUTO, 2).decisions, 0.95),
    shown(
      '5x: goodput/s with auto, the right limit, none; p99 ms',
      `${[auto, right, none].map(({ goodput }) => print(Math.round(goodput))).join(', ')}; ${[auto, right, none].map(({ p99 }) => print(p99)).join(', ')}`,
    ),
  ];
};

/** More than a back-end bears, with limits that are learned, right, wrong or not there. */
export const capacity: Section = {
  name: 'capacity',
  title: `A back-end that bears ${BORNE} calls at once`,
  run: async (bench): Promise<Outcome> => {
    const cells: Cell[] = [];
    for (const way of WAYS) cells.push(...(await playWay(bench, way)));
    const notes = [
      `It takes ${SERVICE_MS} ms for a call while at most ${BORNE} are there, with n there (n/${BORNE})² times as long, and beyond ${2 * BORNE} some get a 503 at once: ${PER_SECOND}/s is the most. Three of seven hooks decide, four notify. The limit is ${LIMIT_MS} ms, up to ${QUEUE} wait, whoever is not answered by the back-end gets an echo; breaker, hedges and repeats are off, to see the limits alone.`,
      'Each gateway got the three loads one after the other, each for a moment before it was counted; p50 and p99 are of all. Before that it had three seconds of what is borne, in which the learned limit came from 20.',
    ];
    return { tables: [{ title: '', head: HEAD, rows: cells.map(row), notes }], verdicts: judge(cells) };
  },
};
