import type { Route } from '../../src/core/call.ts';
import { LearnedLimit } from '../../src/resilience/learned-limit.ts';

/** A back-end that serves so many calls at a time and lets the others queue, unseen from outside. */
export interface BackEnd {
  readonly capacity: number;
  /** Of each hook in turn, in milliseconds; a call takes between half and one and a half of it. */
  readonly serviceMs: readonly number[];
  /** A call that would have to wait behind more than so many is answered with an error at once. */
  readonly backlog?: number;
  /** By how much more durations vary: the deviation of their logarithm. */
  readonly erratic?: number;
  /** Share of calls that fail whatever the load. */
  readonly failing?: number;
}

export interface Course {
  readonly floor?: number;
  readonly ceiling?: number;
  /** Calls a second that come at random moments; those that find no room are turned away. */
  readonly perSecond: number;
  /** What stands there, and for how many seconds. */
  readonly stages: readonly (readonly [backEnd: BackEnd, seconds: number])[];
  readonly seed?: number;
}

/** What was seen in one second. */
export interface Second {
  readonly limit: number;
  readonly answered: number;
  readonly failed: number;
}

/** Runs something on a clock that it moves itself; a mock would note each of the million looks at it. */
export const onOwnTime = <T>(run: (clock: { at: number }) => T): T => {
  const real = performance.now;
  const clock = { at: 1000 };
  performance.now = () => clock.at;
  try {
    return run(clock);
  } finally {
    performance.now = real;
  }
};

/** A log-normal factor whose mean is 1. */
const vary = (roll: () => number, deviation: number): number =>
  Math.exp(deviation * Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll()) - deviation ** 2 / 2);

/** The same sequence for the same seed (mulberry32). */
const dice = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), 61 | bits);
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
};

/** Puts `item` where it belongs by `rank`; most belong near the end. */
const insert = <T>(sorted: T[], item: T, rank: (item: T) => number): void => {
  let place = sorted.length;
  while (place > 0 && rank(sorted[place - 1] as T) > rank(item)) place--;
  sorted.splice(place, 0, item);
};

interface Out {
  readonly route: Route;
  readonly begunAt: number;
  readonly endsAt: number;
  readonly isLost: boolean;
}

/** Plays a course. Nobody waits at the gateway: a queue there adds nothing to learn. */
export const play = (course: Course): Second[] => onOwnTime(clock => playOn(clock, course));

const playOn = (clock: { at: number }, { floor = 4, ceiling = 256, perSecond, stages, seed = 1 }: Course): Second[] => {
  const roll = dice(seed);
  const limit = new LearnedLimit({ floor, ceiling });
  const routes = stages[0]?.[0].serviceMs.map((_, i): Route => ({ app: 'a', hook: `h${i}` })) ?? [];
  const out: Out[] = [];
  /** When each call that is being served, or queues over there, will be done. */
  const doneAt: number[] = [];
  let tally = { answered: 0, failed: 0 };
  const seconds: Second[] = [];

  const end = (call: Out): void => {
    clock.at = call.endsAt;
    if (call.isLost) limit.lost(call.begunAt);
    else limit.answered(call.begunAt, call.route, clock.at - call.begunAt);
    tally[call.isLost ? 'failed' : 'answered']++;
  };

  const begin = ({
    capacity,
    serviceMs,
    backlog = Number.POSITIVE_INFINITY,
    failing = 0,
    erratic = 0,
  }: BackEnd): void => {
    const kind = Math.floor(roll() * routes.length);
    while ((doneAt[0] ?? clock.at + 1) <= clock.at) doneAt.shift();
    const startsAt = doneAt.length < capacity ? clock.at : (doneAt.at(-capacity) ?? clock.at);
    const isLost = doneAt.length >= capacity + backlog || roll() < failing;
    const endsAt = isLost ? clock.at + 1 : startsAt + (serviceMs[kind] ?? 0) * (0.5 + roll()) * vary(roll, erratic);
    if (!isLost) insert(doneAt, endsAt, each => each);
    insert(out, { route: routes[kind] as Route, begunAt: clock.at, endsAt, isLost }, each => each.endsAt);
    limit.entered(out.length);
  };

  for (const [backEnd, length] of stages) {
    const stageEnds = clock.at + length * 1000;
    let nextAt = clock.at;
    let secondEnds = clock.at + 1000;
    while (secondEnds <= stageEnds) {
      nextAt += (-Math.log(1 - roll()) * 1000) / perSecond;
      while (out[0] && out[0].endsAt <= nextAt) end(out.shift() as Out);
      clock.at = nextAt;
      if (out.length < limit.now) begin(backEnd);
      if (clock.at < secondEnds) continue;
      seconds.push({ limit: limit.value, ...tally });
      tally = { answered: 0, failed: 0 };
      secondEnds += 1000;
    }
  }
  return seconds;
};
