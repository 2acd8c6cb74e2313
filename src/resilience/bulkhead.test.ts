import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { aCall, codeOf, fakeTime, handPlayed, OK, realTime, settle } from '../../test/kit/hand-played.ts';
import type { Call, Outcome } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { Bulkhead } from './bulkhead.ts';

afterEach(realTime);

const GONE = new GatewayError('gone');

test('no more than max calls are inside; the next waits for the first to leave', async () => {
  const { handler, calls } = handPlayed();
  const bulkhead = new Bulkhead({ max: 1, queue: 1 });
  const layer = bulkhead.layer(handler);
  const [first, second] = [layer(aCall()), layer(aCall())];
  assert.deepEqual([calls.length, bulkhead.inflight, bulkhead.queued], [1, 1, 1]);
  calls[0]?.answer();
  assert.equal(await first, OK);
  await settle();
  calls[1]?.answer();
  assert.equal(await second, OK);
  assert.deepEqual([bulkhead.inflight, bulkhead.queued], [0, 0]);
});

test('a full house refuses at once', async () => {
  const { handler, calls } = handPlayed();
  const layer = new Bulkhead({ max: 1, queue: 0 }).layer(handler);
  void layer(aCall());
  assert.equal(await codeOf(layer(aCall())), 'overload');
  assert.equal(calls.length, 1);
});

test('who waits is served in order of arrival', async () => {
  const { handler, calls } = handPlayed();
  const layer = new Bulkhead({ max: 1, queue: 9 }).layer(handler);
  const hooks = ['a', 'b', 'c', 'd'];
  const all = hooks.map(hook => layer(aCall({ hook })));
  for (let i = 0; i < hooks.length; i++) {
    calls[i]?.answer();
    await settle();
  }
  await Promise.all(all);
  assert.deepEqual(
    calls.map(({ call }) => call.hook),
    hooks,
  );
});

test('a cancelled waiter leaves the queue with its reason and takes no permit', async () => {
  const { handler, calls } = handPlayed();
  const bulkhead = new Bulkhead({ max: 1, queue: 9 });
  const layer = bulkhead.layer(handler);
  void layer(aCall());
  const leaver = aCall();
  const left = codeOf(layer(leaver));
  leaver.cancel.cancel(GONE);
  assert.equal(await left, 'gone');
  assert.equal(bulkhead.queued, 0);
  assert.equal(leaver.cancel.size, 0);
  calls[0]?.answer();
  await settle();
  assert.deepEqual([calls.length, bulkhead.inflight], [1, 0]);
});

test('a call that is cancelled already does not queue', async () => {
  const { handler } = handPlayed();
  const bulkhead = new Bulkhead({ max: 1, queue: 9 });
  const layer = bulkhead.layer(handler);
  void layer(aCall());
  const gone = aCall();
  gone.cancel.cancel(GONE);
  assert.equal(await codeOf(layer(gone)), 'gone');
  assert.equal(bulkhead.queued, 0);
});

test('a permit is held until the inner call has settled, even if its caller stopped waiting', async () => {
  const bulkhead = new Bulkhead({ max: 1, queue: 0 });
  let settleInner: (error: GatewayError) => void = () => {};
  const deaf = () => new Promise<never>((_, reject) => (settleInner = reject));
  const layer = bulkhead.layer(deaf);
  const call = aCall();
  const first = codeOf(layer(call));
  call.cancel.cancel(GONE);
  await settle();
  assert.equal(bulkhead.inflight, 1);
  assert.equal(await codeOf(layer(aCall())), 'overload');
  settleInner(GONE);
  assert.equal(await first, 'gone');
  assert.equal(bulkhead.inflight, 0);
});

test('limit and queue are never exceeded, nobody is forgotten, and all is free at the end', async () => {
  const steps = fc.array(fc.constantFrom('call', 'answer', 'fail', 'cancel'), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.nat(3), steps, async (max, queue, script) => {
      const { handler, calls } = handPlayed();
      const bulkhead = new Bulkhead({ max, queue });
      const layer = bulkhead.layer(handler);
      const asked: { call: Call; code: Promise<unknown> }[] = [];
      for (const step of script) {
        if (step === 'call') {
          const call = aCall();
          asked.push({ call, code: codeOf(layer(call)) });
        } else if (step === 'cancel') asked.at(-1)?.call.cancel.cancel(GONE);
        else if (step === 'answer') calls.find(({ call }) => !call.cancel.reason)?.answer();
        else calls.find(({ call }) => !call.cancel.reason)?.fail('reset');
        await settle();
        assert.ok(bulkhead.inflight <= max && bulkhead.queued <= queue);
        assert.ok(bulkhead.queued === 0 || bulkhead.inflight === max, 'nobody waits while there is room');
      }
      for (let turn = 0; turn <= asked.length; turn++) {
        for (const played of calls) played.answer();
        await settle();
      }
      await Promise.all(asked.map(({ code }) => code));
      assert.deepEqual([bulkhead.inflight, bulkhead.queued], [0, 0]);
    }),
    { numRuns: 100 },
  );
});

test('a second attempt beside a first never waits: who has none yet goes before it', async () => {
  const { handler, calls } = handPlayed();
  const bulkhead = new Bulkhead({ max: 1, queue: 9 });
  const layer = bulkhead.layer(handler);
  void layer(aCall());
  assert.equal(bulkhead.hasRoom, false);
  assert.equal(await codeOf(layer(aCall({ isHedge: true }))), 'overload');
  assert.deepEqual([calls.length, bulkhead.queued], [1, 0]);
});

test('a call that has waited for so long that it cannot make it any more is not sent', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const layer = new Bulkhead({ max: 1, queue: 9 }).layer(handler);
  const ended = (i: number) => Object.assign(calls[i]?.call.attempt ?? {}, { outcome: 'ok', ms: 1000 });
  const all = Array.from({ length: 3 }, () => codeOf(layer(attempt())));
  for (let i = 0; i < 3; i++) {
    await time.tick(800);
    ended(i);
    calls[i]?.answer();
    await settle();
  }
  assert.deepEqual(await Promise.all(all), ['answered', 'answered', 'answered']);
  void layer(attempt());
  const late = codeOf(layer(attempt()));
  await time.tick(2600);
  calls[3]?.answer();
  assert.equal(await late, 'overload');
  assert.equal(calls.length, 4);
});

/** A call as it is below the choice of an upstream. */
const attempt = (changes: Partial<Call> = {}): Call => aCall({ attempt: { upstream: 'u', sent: true }, ...changes });

/** A bulkhead that learns, so many calls that are out at once, and windows of them that end in some way. */
const learning = (bounds: { floor?: number; ceiling?: number } = {}) => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const bulkhead = new Bulkhead({ max: 'auto', queue: 1000, floor: 4, ceiling: 256, ...bounds });
  const layer = bulkhead.layer(handler);
  const ask = (count: number): void => {
    for (let i = 0; i < count; i++) void codeOf(layer(attempt({ deadline: now() + 1e6 })));
  };
  /** Keeps the house full for `ms`, each call ending after 50 ms with `outcome`. */
  const serve = async (ms: number, outcome: Outcome): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      ask(Math.max(0, bulkhead.limit + 10 - bulkhead.inflight - bulkhead.queued));
      assert.ok(
        bulkhead.inflight <= bulkhead.most && bulkhead.queued > 0 && !bulkhead.hasRoom,
        'nobody waits beside room',
      );
      const out = calls.splice(0);
      await time.tick(50);
      for (const { call, answer, fail } of out) {
        Object.assign(call.attempt ?? {}, { outcome, ms: 50 });
        if (outcome === 'ok' || outcome === 'verdict') answer();
        else fail(outcome === 'cancelled' ? 'cancelled' : 'reset');
      }
      await settle();
    }
  };
  return { bulkhead, serve };
};

test('a learned limit grows while calls take no longer for it, as far as its ceiling, and who waits gets the room', async () => {
  const { bulkhead, serve } = learning({ ceiling: 60 });
  assert.deepEqual([bulkhead.limit, bulkhead.most], [20, 60]);
  await serve(20_000, 'ok');
  assert.equal(bulkhead.limit, 60);
});

for (const outcome of ['timeout', 'refused', 'reset', 'status'] as const)
  test(`a learned limit falls to its floor while attempts end with ${outcome}`, async () => {
    const { bulkhead, serve } = learning();
    await serve(5000, outcome);
    assert.equal(bulkhead.limit, 4);
  });

for (const outcome of ['cancelled', 'body'] as const)
  test(`a learned limit stays as it is while attempts end with ${outcome}`, async () => {
    const { bulkhead, serve } = learning();
    await serve(5000, outcome);
    assert.equal(bulkhead.limit, 20);
  });

test('calls that a breaker keeps from the back-end teach nothing', async () => {
  const time = fakeTime();
  const bulkhead = new Bulkhead({ max: 'auto', queue: 9, floor: 4, ceiling: 256 });
  const layer = bulkhead.layer(() => Promise.reject(new GatewayError('breaker')));
  for (let i = 0; i < 100; i++) {
    await Promise.all(Array.from({ length: 20 }, () => codeOf(layer(attempt()))));
    await time.tick(10);
  }
  assert.deepEqual([bulkhead.limit, bulkhead.inflight], [20, 0]);
});

const aDownload = (): Call => {
  const call = aCall();
  return { ...call, route: { ...call.route, priority: 'low' } };
};

test('calls of low priority hold three quarters of the room at most, so that others need not wait for them to end', async () => {
  const { handler, calls } = handPlayed();
  const bulkhead = new Bulkhead({ max: 4, queue: 9 });
  const layer = bulkhead.layer(handler);
  const downloads = Array.from({ length: 6 }, () => layer(aDownload()));
  assert.deepEqual([calls.length, bulkhead.queued], [3, 3]);
  const hook = layer(aCall());
  assert.deepEqual([calls.length, bulkhead.queued], [4, 3]);
  calls[3]?.answer();
  await hook;
  assert.deepEqual([bulkhead.inflight, bulkhead.queued], [3, 3]);
  for (let at = 0; at < 7; at++) {
    if (at !== 3) calls[at]?.answer();
    await settle();
  }
  await Promise.all(downloads);
  assert.deepEqual([bulkhead.inflight, bulkhead.queued], [0, 0]);
});

test('where nothing else comes they have all of it', () => {
  const { handler, calls } = handPlayed();
  const layer = new Bulkhead({ max: 4, queue: 9 }, false).layer(handler);
  for (let i = 0; i < 6; i++) void layer(aDownload());
  assert.equal(calls.length, 4);
});
