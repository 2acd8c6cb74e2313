import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { type FakeTime, fakeTime, realTime } from '../../test/kit/hand-played.ts';
import type { Route } from '../core/call.ts';
import { UsualDurations } from './usual-durations.ts';

const CHEAP: Route = { app: 'a', hook: 'cheap' };
const DEAR: Route = { app: 'a', hook: 'dear' };

let time: FakeTime;
beforeEach(() => {
  time = fakeTime();
});
afterEach(realTime);

const recordSome = async (usual: UsualDurations, ms: number, seconds: number): Promise<void> => {
  for (let i = 0; i < seconds * 10; i++) {
    usual.record(CHEAP, ms);
    await time.tick(100);
  }
};

test('of a hook that nobody has called nothing is usual', () => {
  assert.equal(new UsualDurations().of(CHEAP), 0);
});

test('each hook has a usual duration of its own, and is told what it was before', () => {
  const usual = new UsualDurations();
  for (let i = 0; i < 10; i++) usual.record(DEAR, 500);
  for (let i = 0; i < 10; i++) usual.record(CHEAP, i < 5 ? 4 : 6);
  assert.equal(usual.of(DEAR), 500);
  assert.equal(usual.of(CHEAP), 5);
  assert.equal(usual.record(CHEAP, 5), 5);
});

test('what became slower is usual after a while, and not at once', async () => {
  const usual = new UsualDurations();
  await recordSome(usual, 10, 10);
  await recordSome(usual, 40, 2);
  assert.ok(usual.of(CHEAP) < 15, `${usual.of(CHEAP)}`);
  await recordSome(usual, 40, 60);
  assert.ok(usual.of(CHEAP) > 35, `${usual.of(CHEAP)}`);
});

test('one stalled call hardly counts, even after a long pause', async () => {
  const usual = new UsualDurations();
  await recordSome(usual, 10, 10);
  await time.tick(100_000);
  usual.record(CHEAP, 10_000);
  assert.ok(usual.of(CHEAP) < 12, `${usual.of(CHEAP)}`);
});

test('what is usual lies between the shortest and the longest', () => {
  const durations = fc.array(fc.double({ min: 0.1, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(durations, all => {
      const usual = new UsualDurations();
      for (const ms of all) usual.record(CHEAP, ms);
      const slack = 1e-6;
      assert.ok(usual.of(CHEAP) >= Math.min(...all) * (1 - slack));
      assert.ok(usual.of(CHEAP) <= Math.max(...all) * (1 + slack));
    }),
  );
});
