import { Caller } from '../call.ts';
import { freePort, sleep } from '../lab.ts';
import { seen } from '../load.ts';
import { atMost, type Bench, type Outcome, type Section, type Verdict } from '../section.ts';
import { APP, gateway } from '../targets.ts';

const LIMIT_MS = 2000;
const OPEN_FOR_MS = 3000;
const MIN_CALLS = 10;
const PROBES = 3;
const REJECTS = 2000;
const CROWD = 200;
const MOST_CALLS = 2000;
const NOTICE_MS = 200;

interface Course {
  /** Calls until it opened for the first time. */
  readonly toOpen: number;
  readonly rejects: number;
  /** Calls that the back-end answered until it was closed again. */
  readonly toClose: number;
  /** Calls after its recovery until it was open again. */
  readonly toReopen: number;
  /** Of a crowd that came while it was half-open: those that a probe was made of, and those that waited although they were none. */
  readonly probes: number;
  readonly waiting: number;
}

/** Calls one after the other until one is rejected; gives how many were not. */
const countToOpen = async (caller: Caller): Promise<number> => {
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    if ((await caller.call()).reason === 'breaker') return calls;
  }
  return MOST_CALLS;
};

const countRejects = async (caller: Caller): Promise<number> => {
  let rejects = 0;
  while (rejects < REJECTS) {
    const heard = await caller.calls(100, 50);
    rejects += heard.filter(({ reason }) => reason === 'breaker').length;
  }
  return rejects;
};

/** Calls now and then until the back-end has answered as many probes as it takes. */
const countToClose = async (caller: Caller): Promise<number> => {
  const until = performance.now() + 2 * OPEN_FOR_MS + LIMIT_MS;
  for (let answered = 0; performance.now() < until; await sleep(20)) {
    if ((await caller.call()).source === 'upstream' && ++answered === PROBES) return answered;
  }
  throw new Error('the breaker did not close although the back-end was back');
};

/** Sends a crowd to a back-end that makes its probes hang: who waits beside them waits for nothing. */
const meetHalfOpen = async (
  { load }: Bench,
  caller: Caller,
  port: number,
): Promise<Pick<Course, 'probes' | 'waiting'>> => {
  const upstream = await load.upstream('stall', port);
  await sleep(OPEN_FOR_MS + NOTICE_MS);
  const heard = await caller.calls(CROWD, CROWD);
  const { requests: probes } = await seen(upstream);
  const late = heard.filter(({ ms }) => ms > LIMIT_MS / 2).length;
  return { probes, waiting: Math.max(0, late - probes) };
};

const play = async (bench: Bench, port: number, caller: Caller): Promise<Course> => {
  const first = await bench.load.upstream('0', port);
  await caller.calls(100, 10);
  await first.stop();
  await sleep(NOTICE_MS);
  bench.say('the back-end is down');
  const toOpen = await countToOpen(caller);
  const rejects = await countRejects(caller);
  bench.say('the back-end is back');
  const second = await bench.load.upstream('0', port);
  const toClose = await countToClose(caller);
  await second.stop();
  await sleep(NOTICE_MS);
  bench.say('the back-end is down again');
  const toReopen = await countToOpen(caller);
  return { toOpen, rejects, toClose, toReopen, ...(await meetHalfOpen(bench, caller, port)) };
};

const HEAD = ['what', 'calls'];

const rowsOf = (course: Course): string[][] =>
  [
    ['until it opened, back-end down', course.toOpen],
    ['rejected while open', course.rejects],
    ['answered by the back-end until it closed', course.toClose],
    ['until it opened again, back-end down again', course.toReopen],
    [`probes, of ${CROWD} at once while half-open`, course.probes],
    [`waiting although no probe, of ${CROWD} at once while half-open`, course.waiting],
  ].map(cells => cells.map(String));

/** How soon a breaker opens again after a recovery, and who waits while it finds out. */
export const recovery: Section = {
  name: 'recovery',
  title: 'Breaker: opening, recovery, opening again',
  run: async (bench): Promise<Outcome> => {
    const port = await freePort();
    const breaker = {
      openFor: `${OPEN_FOR_MS}ms`,
      maxOpenFor: `${OPEN_FOR_MS}ms`,
      minCalls: MIN_CALLS,
      probes: PROBES,
    };
    const options = { upstreams: [port], limitMs: LIMIT_MS, app: { breaker, fallback: ['echo'] } };
    const running = await gateway('recovery').start(bench.lab, options);
    const caller = new Caller(running.port, `${APP}/connect`);
    const course = await play(bench, port, caller).finally(() => caller.close());
    const notes = [
      `The breaker has minCalls ${MIN_CALLS}, probes ${PROBES}, openFor and maxOpenFor ${OPEN_FOR_MS} ms. Down: the port is closed; half-open: the back-end is there and silent. Where an answer came from is read from its Breakwater-Answer header.`,
    ];
    const verdicts: Verdict[] = [
      atMost(`calls until the breaker opens again after a recovery and ${REJECTS} rejects`, course.toReopen, MIN_CALLS),
      atMost('callers waiting while it is half-open', course.waiting, 0),
    ];
    return { tables: [{ title: '', head: HEAD, rows: rowsOf(course), notes }], verdicts };
  },
};
