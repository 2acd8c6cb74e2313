import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { Breaker, BreakerOptions } from '../../src/resilience/breaker.ts';
import { Bulkhead } from '../../src/resilience/bulkhead.ts';
import { aCall, codeOf, fakeTime, handPlayed, OK, realTime } from '../../test/kit/hand-played.ts';
import { ThrottleOptions, throttle } from './throttle.ts';
import { throttledUpstream } from './throttled-upstream.ts';

afterEach(realTime);

test('a burst passes at once, and the call after it is refused before it reaches the upstream', async () => {
  fakeTime();
  const { handler, calls } = handPlayed();
  const layer = throttle({ perSecond: 10, burst: 2 })(handler);
  const passed = [layer(aCall()), layer(aCall())];
  const refused = codeOf(layer(aCall()));
  assert.equal(calls.length, 2);
  assert.equal(await refused, 'overload');
  for (const played of calls) played.answer();
  assert.deepEqual(await Promise.all(passed), [OK, OK]);
});

test('a token comes back after 1/perSecond, and not sooner', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const layer = throttle({ perSecond: 10, burst: 1 })(handler);
  void layer(aCall());
  await time.tick(99);
  const tooSoon = codeOf(layer(aCall()));
  assert.equal(calls.length, 1);
  assert.equal(await tooSoon, 'overload');
  await time.tick(1);
  void layer(aCall());
  assert.equal(calls.length, 2);
});

test('a quiet minute saves up one burst, not a minute of calls', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const layer = throttle({ perSecond: 10, burst: 3 })(handler);
  await time.tick(60_000);
  const codes = Array.from({ length: 4 }, () => codeOf(layer(aCall())));
  assert.equal(calls.length, 3);
  assert.equal(await codes[3], 'overload');
});

test('an error of the upstream comes up as it is', async () => {
  const { handler, calls } = handPlayed();
  const code = codeOf(throttle(ThrottleOptions.parse({}))(handler)(aCall()));
  calls[0]?.fail('reset');
  assert.equal(await code, 'reset');
});

test('a call that the throttle refuses takes no place in the bulkhead and is not held against the upstream', async t => {
  const { handler: client, calls } = handPlayed();
  const scope = { app: 'EchoApp', upstream: 'http://127.0.0.1:8081', emit: () => {} };
  const bulkhead = new Bulkhead({ max: 1, queue: 5 });
  const breaker = new Breaker(BreakerOptions.parse({ minCalls: 1 }), scope);
  t.after(() => breaker.close());
  const upstream = throttledUpstream({ options: { perSecond: 1, burst: 1 }, bulkhead, breaker, client });
  const [first, ...refused] = Array.from({ length: 20 }, () => codeOf(upstream(aCall())));
  assert.deepEqual([bulkhead.inflight, bulkhead.queued], [1, 0]);
  assert.deepEqual(new Set(await Promise.all(refused)), new Set(['overload']));
  assert.equal(breaker.state, 'closed');
  calls[0]?.answer();
  assert.equal(await first, 'answered');
});

test('no stretch of time sees more calls than one burst and what its length earns', async () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 5 }),
      pauses,
      async (perSecond, burst, script) => {
        const time = fakeTime();
        const { handler, calls } = handPlayed();
        const layer = throttle({ perSecond, burst })(handler);
        let atMs = 0;
        const passedAtMs: number[] = [];
        for (const pauseMs of script) {
          await time.tick(pauseMs);
          atMs += pauseMs;
          layer(aCall()).catch(() => {});
          if (calls.length > passedAtMs.length) passedAtMs.push(atMs);
        }
        for (const [from, start] of passedAtMs.entries()) {
          for (const [count, end] of passedAtMs.slice(from).entries()) {
            assert.ok(count + 1 <= burst + ((end - start) * perSecond) / 1000 + 1e-9);
          }
        }
      },
    ),
    { numRuns: 30 },
  );
});
