import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Breaker, BreakerOptions } from '../../src/resilience/breaker.ts';
import { aCall, codeOf, fakeTime, handPlayed, realTime, settle } from '../kit/hand-played.ts';

afterEach(realTime);

// Opossum counts a call before it looks whether it is open, so 1000 refused calls made 992 failures necessary to re-open.
test('a breaker that rejected 2000 calls re-opens after at most minCalls failures once it has recovered', async () => {
  const time = fakeTime();
  const breaker = new Breaker(BreakerOptions.parse({}), { app: 'a', upstream: 'u', emit: () => {} });
  const { handler, calls } = handPlayed();
  const layer = breaker.layer(handler);
  const end = async (how: 'good' | 'bad') => {
    const code = codeOf(layer(aCall()));
    const played = calls.pop();
    if (how === 'good') played?.answer();
    else played?.fail('reset');
    await code;
    await settle();
  };
  for (let i = 0; i < 10; i++) await end('bad');
  assert.equal(breaker.state, 'open');
  for (let i = 0; i < 2000; i++) assert.equal(await codeOf(layer(aCall())), 'breaker');
  await time.tick(5000);
  for (let i = 0; i < 3; i++) await end('good');
  assert.equal(breaker.state, 'closed');
  await time.tick(5000);
  let failures = 0;
  while (breaker.state === 'closed' && failures < 100) {
    await end('bad');
    failures++;
  }
  assert.ok(failures <= 10, `${failures} failures`);
});
