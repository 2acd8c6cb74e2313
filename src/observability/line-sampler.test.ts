import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { Sampler } from './line-sampler.ts';

afterEach(realTime);

test('ten lines of a kind, then each hundredth with how many were left out; anew after ten seconds', async () => {
  const time = fakeTime();
  const sampler = new Sampler(true);
  const admitted = () => Array.from({ length: 500 }, () => sampler.admit('a')).filter(skipped => skipped !== undefined);
  assert.deepEqual(admitted(), [...Array(10).fill(0), 89, 99, 99, 99, 99]);
  assert.equal(sampler.skipped, 485);
  assert.equal(sampler.admit('b'), 0);
  for (let at = 0; at < 50; at++) sampler.admit('a');
  await time.tick(10_000);
  assert.equal(sampler.admit('a'), 50);
});

test('what is written and what is left out come to all', () => {
  fakeTime();
  const sampler = new Sampler(true);
  let told = 0;
  for (let at = 0; at < 1234; at++) told += 1 + (sampler.admit('a') ?? -1);
  const untold = 34;
  assert.equal(told + untold, 1234);
});

test('switched off it lets all through', () => {
  const sampler = new Sampler(false);
  for (let at = 0; at < 1000; at++) assert.equal(sampler.admit('a'), 0);
  assert.equal(sampler.skipped, 0);
});
