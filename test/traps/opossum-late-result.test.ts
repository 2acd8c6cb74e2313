import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Breaker, BreakerOptions } from '../../src/resilience/breaker.ts';
import { aCall, codeOf, fakeTime, handPlayed, realTime, settle } from '../kit/hand-played.ts';

afterEach(realTime);

const openBreaker = async () => {
  const time = fakeTime();
  const breaker = new Breaker(BreakerOptions.parse({ probes: 1 }), { app: 'a', upstream: 'u', emit: () => {} });
  const { handler, calls } = handPlayed();
  const layer = breaker.layer(handler);
  const early = codeOf(layer(aCall()));
  const late = calls.pop();
  for (let i = 0; i < 10; i++) {
    const code = codeOf(layer(aCall()));
    calls.pop()?.fail('reset');
    await code;
    await settle();
  }
  return { time, breaker, layer, calls, late, early };
};

// Opossum lets a call that began before the break close a half-open breaker when it succeeds late.
test('a call that began before the break does not close a half-open breaker', async () => {
  const { time, breaker, late, early } = await openBreaker();
  assert.equal(breaker.state, 'open');
  await time.tick(5000);
  assert.equal(breaker.state, 'half-open');
  late?.answer();
  await early;
  await settle();
  assert.equal(breaker.state, 'half-open');
});

test('nor does its failure re-open one that has recovered meanwhile', async () => {
  const { time, breaker, layer, calls, late, early } = await openBreaker();
  await time.tick(5000);
  const probe = codeOf(layer(aCall()));
  calls.pop()?.answer();
  await probe;
  assert.equal(breaker.state, 'closed');
  late?.fail('reset');
  await early;
  await settle();
  assert.equal(breaker.state, 'closed');
});
