import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, codeOf, collectEvents, fakeTime, handPlayed, realTime, settle } from '../../test/kit/hand-played.ts';
import { Breaker, BreakerOptions } from './breaker.ts';

afterEach(realTime);

const scene = () => {
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const breaker = new Breaker(BreakerOptions.parse({ minCalls: 1 }), { app: 'a', upstream: 'u', emit });
  const { handler, calls } = handPlayed();
  const layer = breaker.layer(handler);
  const call = () => codeOf(layer(aCall()));
  const trip = async () => {
    const code = call();
    calls.pop()?.fail('reset');
    await code;
    await settle();
  };
  const told = () => events.map(event => (event.type === 'breaker' ? [event.to, event.isReplaced ?? false] : []));
  return { time, breaker, calls, call, trip, told };
};

test('one that is not closed when another takes its place is told to be so, once', async () => {
  const { breaker, trip, told } = scene();
  await trip();
  breaker.replace();
  breaker.replace();
  assert.deepEqual(told(), [
    ['open', false],
    ['closed', true],
  ]);
});

test('one that is closed has nothing to tell, nor what becomes of its calls later', async () => {
  const { breaker, time, trip, told } = scene();
  breaker.replace();
  await trip();
  assert.equal(breaker.state, 'open');
  await time.tick(5000);
  assert.equal(breaker.state, 'half-open');
  assert.deepEqual(told(), []);
});
