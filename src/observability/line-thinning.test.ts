import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { IN_OUTAGES, LineThinning, ONE_A_MINUTE } from './line-thinning.ts';

afterEach(realTime);

test('ten lines of a kind, then each hundredth with how many were left out; anew after ten seconds', async () => {
  const time = fakeTime();
  const thinning = new LineThinning(IN_OUTAGES);
  const admitted = () =>
    Array.from({ length: 500 }, () => thinning.admit('a')).filter(skipped => skipped !== undefined);
  assert.deepEqual(admitted(), [...Array(10).fill(0), 89, 99, 99, 99, 99]);
  assert.equal(thinning.skipped, 485);
  assert.equal(thinning.admit('b'), 0);
  for (let at = 0; at < 50; at++) thinning.admit('a');
  await time.tick(10_000);
  assert.equal(thinning.admit('a'), 50);
});

test('what is written and what is left out come to all', () => {
  fakeTime();
  const thinning = new LineThinning(IN_OUTAGES);
  let told = 0;
  for (let at = 0; at < 1234; at++) told += 1 + (thinning.admit('a') ?? -1);
  const untold = 34;
  assert.equal(told + untold, 1234);
});

test('switched off it lets all through', () => {
  const thinning = new LineThinning(IN_OUTAGES, false);
  for (let at = 0; at < 1000; at++) assert.equal(thinning.admit('a'), 0);
  assert.equal(thinning.skipped, 0);
});

test('one a minute goes on for ever, and each tells how many were left out since the last', async () => {
  const time = fakeTime();
  const thinning = new LineThinning(ONE_A_MINUTE);
  const admitted = (count: number) =>
    Array.from({ length: count }, () => thinning.admit('a')).filter(skipped => skipped !== undefined);
  assert.deepEqual(admitted(250), [0]);
  await time.tick(60_000);
  assert.deepEqual(admitted(3), [249]);
  await time.tick(60_000);
  assert.deepEqual(admitted(1), [2]);
});

test('kinds that strangers make up take no more memory than their bound', () => {
  fakeTime();
  const thinning = new LineThinning({ ...ONE_A_MINUTE, mostKinds: 2 });
  assert.deepEqual(
    ['a', 'b', 'a', 'c', 'a'].map(kind => thinning.admit(kind)),
    [0, 0, undefined, 0, 0],
  );
});
