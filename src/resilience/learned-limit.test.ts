import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BackEnd, type Course, onOwnTime, play, type Second } from '../../test/kit/simulated-back-end.ts';
import type { Route } from '../core/call.ts';
import { LearnedLimit } from './learned-limit.ts';

const bears = (capacity: number, serviceMs: readonly number[] = [50], more: Partial<BackEnd> = {}): BackEnd => ({
  capacity,
  serviceMs,
  ...more,
});

/** The mean limit of the last seconds. */
const settledAt = (seconds: readonly Second[], last = 10): number =>
  seconds.slice(-last).reduce((sum, { limit }) => sum + limit, 0) / last;

const answeredASecond = (seconds: readonly Second[]): number =>
  seconds.reduce((sum, { answered }) => sum + answered, 0) / seconds.length;

const assertWithin = (value: number, least: number, most: number, what: string): void =>
  assert.ok(value >= least && value <= most, `${what} is ${value}, not from ${least} to ${most}`);

/** So much more comes than can be borne. */
const CROWD: Pick<Course, 'perSecond'> = { perSecond: 2000 };

const ROUTES: readonly Route[] = ['a', 'b', 'c'].map(hook => ({ app: 'a', hook }));

/** Moves of a world that makes no sense: calls that enter, and end in any way after any time. */
const moves = fc.array(
  fc.record({
    kind: fc.constantFrom('enter', 'answer', 'lose'),
    inflight: fc.nat(600),
    ms: fc.double({ min: 0, max: 20_000, noNaN: true }),
    route: fc.nat(2),
    times: fc.integer({ min: 1, max: 400 }),
    pauseMs: fc.nat(300),
  }),
  { maxLength: 60 },
);

test('whatever happens, the limit is a whole number within floor and ceiling', () => {
  const bounds = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 500 }));
  fc.assert(
    fc.property(bounds, moves, ([floor, ceiling], script) =>
      onOwnTime(clock => {
        const limit = new LearnedLimit({ floor, ceiling });
        for (const { kind, inflight, ms, route, times, pauseMs } of script) {
          const begunAt = clock.at;
          clock.at += pauseMs;
          for (let i = 0; i < times; i++)
            if (kind === 'enter') limit.entered(inflight);
            else if (kind === 'lose') limit.lost(begunAt);
            else limit.answered(begunAt, ROUTES[route] as Route, ms);
          for (const value of [limit.value, limit.now]) {
            assert.ok(Number.isInteger(value));
            assertWithin(value, Math.min(floor, ceiling), ceiling, 'the limit');
          }
        }
      }),
    ),
  );
});

test('it never grows while not all of it is used, and so not while less than half of it is', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), moves, (share, script) =>
      onOwnTime(clock => {
        const limit = new LearnedLimit({ floor: 4, ceiling: 256 });
        for (const { kind, ms, route, times, pauseMs } of script) {
          const before = limit.value;
          const begunAt = clock.at;
          clock.at += pauseMs;
          for (let i = 0; i < times; i++) {
            limit.entered(Math.floor((limit.now - 1) * share));
            if (kind === 'lose') limit.lost(begunAt);
            else limit.answered(begunAt, ROUTES[route] as Route, ms);
          }
          assert.ok(limit.value <= before, `from ${before} to ${limit.value}`);
        }
      }),
    ),
  );
});

test('before a back-end that bears 40 it settles near 40, whatever the dice', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1200, 1600, 4000), (seed, perSecond) => {
      const seconds = play({ perSecond, seed, stages: [[bears(40), 25]] });
      assertWithin(settledAt(seconds), 36, 56, 'the limit');
      assert.ok(answeredASecond(seconds.slice(-10)) > 0.93 * 800, 'goodput');
    }),
    { numRuns: 20 },
  );
});

test('hooks of very different cost may be mixed', () => {
  const seconds = play({ ...CROWD, stages: [[bears(40, [5, 20, 100]), 60]] });
  assertWithin(settledAt(seconds, 20), 36, 56, 'the limit');
});

test('durations that vary by far do not push it down, nor up', () => {
  const seconds = play({ ...CROWD, stages: [[bears(40, [50], { erratic: 1 }), 60]] });
  assertWithin(settledAt(seconds, 40), 34, 56, 'the limit');
  const free = play({ perSecond: 1500, stages: [[bears(200, [50], { erratic: 1 }), 40]] });
  assertWithin(settledAt(free), 70, 140, 'the limit');
});

test('few calls are enough, if slowly', () => {
  const seconds = play({ perSecond: 100, stages: [[bears(10, [1000]), 120]] });
  assertWithin(settledAt(seconds, 40), 8, 16, 'the limit');
});

test('it follows a capacity that changes, down within ten seconds and up as well', () => {
  const stages: Course['stages'] = [
    [bears(40), 20],
    [bears(10), 25],
    [bears(80), 25],
  ];
  const seconds = play({ ...CROWD, stages });
  assertWithin(settledAt(seconds.slice(0, 20)), 36, 56, 'the first limit');
  assertWithin(settledAt(seconds.slice(30, 45)), 8, 18, 'the second limit');
  assertWithin(settledAt(seconds.slice(55, 70)), 70, 112, 'the third limit');
});

test('a back-end that became slower for another reason keeps its places', () => {
  const stages: Course['stages'] = [
    [bears(40, [50]), 20],
    [bears(40, [200]), 30],
  ];
  assertWithin(settledAt(play({ ...CROWD, stages })), 36, 70, 'the limit');
});

test('so does one that became slower by far than it ever was', () => {
  const stages: Course['stages'] = [
    [bears(40, [0.5, 2]), 10],
    [bears(40, [50, 80]), 40],
  ];
  assertWithin(settledAt(play({ ...CROWD, stages })), 36, 70, 'the limit');
});

test('in an outage it falls to the floor, and is back a few seconds after', () => {
  const stages: Course['stages'] = [
    [bears(40), 15],
    [bears(40, [50], { failing: 1 }), 10],
    [bears(40), 15],
  ];
  const seconds = play({ ...CROWD, stages });
  assert.equal(seconds[24]?.limit, 4);
  assertWithin(settledAt(seconds.slice(-8), 8), 36, 60, 'the limit');
});

test('a few failures that have nothing to do with the load cost nearly nothing', () => {
  const seconds = play({ ...CROWD, stages: [[bears(40, [50], { failing: 0.05 }), 40]] });
  assertWithin(settledAt(seconds, 20), 34, 62, 'the limit');
});

test('errors that come of the load keep it small, although they come quickly', () => {
  const seconds = play({ perSecond: 4000, stages: [[bears(40, [50], { backlog: 4 }), 40]] });
  const last = seconds.slice(-20);
  assert.ok(answeredASecond(last) > 0.8 * 800, `${answeredASecond(last)} answered a second`);
});

test('where less comes than is borne, it grows until all find room and no further', () => {
  const seconds = play({ perSecond: 400, stages: [[bears(200), 40]] });
  assertWithin(settledAt(seconds), 25, 60, 'the limit');
  assert.ok(answeredASecond(seconds.slice(-10)) > 0.97 * 400);
});

test('a call that began in an earlier window says nothing of this one', () =>
  onOwnTime(clock => {
    const limit = new LearnedLimit({ floor: 4, ceiling: 256 });
    clock.at = 2000;
    for (let i = 0; i < 1000; i++) limit.lost(999);
    assert.equal(limit.value, 20);
    for (let i = 0; i < 1000; i++) limit.lost(1500);
    assert.equal(limit.value, 10);
  }));
