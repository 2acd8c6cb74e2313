import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aCall, codeOf, handPlayed, OK, settle } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { Bulkhead } from './bulkhead.ts';

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
