import { percent, print } from '../figures.ts';
import type { Running } from '../lab.ts';
import { behave, CONNECTS, type Result, seen } from '../load.ts';
import { atMost, type Bench, type Outcome, type Section, type Table, type Verdict } from '../section.ts';
import { gateway } from '../targets.ts';

const REPLICAS = 3;
const PER_SECOND = 400;
const CONNECTIONS = 200;
const WARM_REQUESTS = 5000;
const SETTLE_SECONDS = 5;
const RETURN_SECONDS = 25;
/** Nearly a third: chance alone moves the share of a second by some per cent. */
const ITS_PART = 0.3;

/** All answers take 5 ms; those of the sick one 50 ms, or 30 % of them are a 500. */
const WELL = '5';
const SICKNESSES = { 'ten times slower': '50', 'fails 30 %': '5,0,0,0.3' } as const;
type Sickness = keyof typeof SICKNESSES;

const EJECTING = 'breakwater';
const PREFERRING = 'breakwater, ejection: false';
/** Hedges, repeats and rungs would hide from WCS what this is about. */
const BARE = { hedge: false, retry: false, fallback: ['unavailable'] } as const;
const ENTRANTS = { [EJECTING]: BARE, [PREFERRING]: { ...BARE, ejection: false } } as const;

interface Course {
  readonly name: string;
  readonly sickness: Sickness;
  readonly running: Running;
  readonly replicas: readonly Running[];
}

interface Figures extends Result {
  readonly name: string;
  readonly sickness: Sickness;
  /** Of the calls that reached a replica, from five seconds after it fell ill. */
  readonly share: number;
  /** Until it had its part of the calls again after it was well; nothing if that took too long. */
  readonly returnSeconds: number | undefined;
}

const play = ({ load }: Bench, { running }: Course, seconds: number): Promise<Result> =>
  load.open(running.port, CONNECTS, CONNECTIONS, seconds, PER_SECOND);

const enter = async (bench: Bench, name: keyof typeof ENTRANTS, sickness: Sickness): Promise<Course> => {
  const { lab, load } = bench;
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => load.upstream(WELL)));
  const upstreams = replicas.map(({ port }) => port);
  const target = gateway(`replicas-${name}-${sickness}`.replace(/\W+/g, '-'));
  const running = await target.start(lab, { upstreams, limitMs: 3000, app: ENTRANTS[name] });
  await load.closed(running.port, CONNECTS, 50, 60, WARM_REQUESTS);
  return { name, sickness, running, replicas };
};

const requestsOf = async ({ replicas }: Course): Promise<number[]> =>
  (await Promise.all(replicas.map(seen))).map(({ requests }) => requests);

/** What share of the requests between two looks the last replica got. */
const shareOf = (before: readonly number[], after: readonly number[]): number => {
  const grown = after.map((requests, at) => requests - (before[at] ?? 0));
  return (grown.at(-1) ?? 0) / grown.reduce((sum, requests) => sum + requests, 0);
};

const becomeSick = ({ replicas, sickness }: Course, isSick: boolean): Promise<void> =>
  behave(replicas.at(-1) as Running, isSick ? SICKNESSES[sickness] : WELL);

/** Calls go on until the sick one, which is well again, has its part of those of a second; gives how long that took. */
const awaitReturn = async (bench: Bench, course: Course): Promise<number | undefined> => {
  const begin = performance.now();
  await becomeSick(course, false);
  for (let second = 0; second < RETURN_SECONDS; second++) {
    const before = await requestsOf(course);
    await play(bench, course, 1);
    if (shareOf(before, await requestsOf(course)) >= ITS_PART) return (performance.now() - begin) / 1000;
  }
  return undefined;
};

const run = async (bench: Bench, course: Course): Promise<Figures> => {
  await becomeSick(course, true);
  await play(bench, course, SETTLE_SECONDS);
  const before = await requestsOf(course);
  const result = await play(bench, course, SETTLE_SECONDS);
  const share = shareOf(before, await requestsOf(course));
  const returnSeconds = await awaitReturn(bench, course);
  for (const each of [course.running, ...course.replicas]) await each.stop();
  return { ...result, name: course.name, sickness: course.sickness, share, returnSeconds };
};

const rowOf = ({ name, sickness, share, p50, p99, answered, ok, returnSeconds }: Figures): string[] => [
  sickness,
  name,
  percent(share),
  print(p50),
  print(p99),
  percent(1 - ok / answered),
  returnSeconds === undefined ? `over ${RETURN_SECONDS}` : print(returnSeconds),
];

const tableOf = (all: readonly Figures[]): Table => ({
  title: '',
  head: ['one of three', 'target', 'its share of calls', 'p50 ms', 'p99 ms', 'calls that failed', 'back after s'],
  rows: all.map(rowOf),
  notes: [
    `${PER_SECOND} calls a second at random moments before three replicas that answer in 5 ms. Share, times and failures are of the calls from ${SETTLE_SECONDS} to ${2 * SETTLE_SECONDS} s after one fell ill; then it is well, and the last column says how long it took until it got ${percent(ITS_PART)} of the calls of a second.`,
    'Hedges, repeats and rungs are off: they would mend most of it for WCS. Both choose the less busy of two; the second never leaves one out. An ejection is for 10 s, a slow start takes 10 s.',
  ],
});

const judge = (all: readonly Figures[]): Verdict[] =>
  all
    .filter(({ name }) => name === EJECTING)
    .map(({ sickness, share }) => atMost(`share of calls of a replica (${sickness}) 5 s later, %`, share * 100, 5));

/** What becomes of the calls of one replica that is sick among others, and how soon it is back when it is well. */
export const replicas: Section = {
  name: 'replicas',
  title: 'One sick replica of three',
  run: async (bench): Promise<Outcome> => {
    const all: Figures[] = [];
    for (const sickness of Object.keys(SICKNESSES) as Sickness[]) {
      const courses = [await enter(bench, EJECTING, sickness), await enter(bench, PREFERRING, sickness)];
      bench.say(`one of three: ${sickness}`);
      all.push(...(await Promise.all(courses.map(course => run(bench, course)))));
    }
    return { tables: [tableOf(all)], verdicts: judge(all) };
  },
};
