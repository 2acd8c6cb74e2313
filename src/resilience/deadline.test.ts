import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, codeOf, fakeTime, handPlayed, OK, realTime } from '../../test/kit/hand-played.ts';
import { GatewayError } from '../core/errors.ts';
import { attemptDeadline, deadline } from './deadline.ts';

afterEach(realTime);

test('an answer in time passes, and nothing is left behind', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const call = aCall();
  const answer = deadline()(handler)(call);
  calls[0]?.answer();
  assert.equal(await answer, OK);
  await time.tick(5000);
  assert.equal(call.cancel.reason, undefined);
});

test('the wait ends a little before the deadline, with the reason passed down', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const answer = codeOf(deadline()(handler)(aCall()));
  await time.tick(2985);
  assert.equal(calls[0]?.call.cancel.reason?.code, undefined);
  await time.tick(6);
  assert.equal(calls[0]?.call.cancel.reason?.code, 'limit');
  assert.equal(await answer, 'limit');
});

test('a handler that never settles is left behind all the same', async () => {
  const time = fakeTime();
  const answer = codeOf(deadline()(() => new Promise(() => {}))(aCall()));
  await time.tick(3000);
  assert.equal(await answer, 'limit');
});

test('a call whose limit is used up reaches nobody', async () => {
  fakeTime();
  const { handler, calls } = handPlayed();
  const late = aCall();
  assert.equal(await codeOf(deadline()(handler)({ ...late, deadline: late.arrivedAt })), 'limit');
  assert.equal(calls.length, 0);
});

test('a client that leaves ends the wait with its own reason', async () => {
  const { handler } = handPlayed();
  const call = aCall();
  const answer = codeOf(deadline()(handler)(call));
  call.cancel.cancel(new GatewayError('gone'));
  assert.equal(await answer, 'gone');
});

test('an attempt is cut at attemptLimit with timeout, and the call itself goes on', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const call = aCall({ attemptLimitMs: 500 });
  const answer = codeOf(attemptDeadline()(handler)(call));
  await time.tick(499);
  assert.equal(calls[0]?.call.cancel.reason, undefined);
  await time.tick(1);
  assert.equal(await answer, 'timeout');
  assert.equal(call.cancel.reason, undefined);
});

test('an attempt with less time left than attemptLimit sets no timer of its own', async () => {
  const time = fakeTime();
  const { handler, calls } = handPlayed();
  const call = aCall();
  void attemptDeadline()(handler)({ ...call, deadline: call.arrivedAt + 100 }).catch(() => {});
  assert.equal(calls[0]?.call.cancel, call.cancel);
  await time.tick(4000);
  assert.equal(call.cancel.reason, undefined);
});

for (const [limitMs, lookupMs, endsAtMs] of [
  [3000, 20, 2970],
  [110, 30, 70],
  [110, 50, 50],
  [110, 51, 50],
  [110, 1000, 50],
] as const)
  test(`of a limit of ${limitMs} ms, with ${lookupMs} ms for a look-up, the back-end gets ${endsAtMs} ms`, async () => {
    const time = fakeTime();
    const { handler, calls } = handPlayed();
    const call = aCall();
    const answer = codeOf(deadline(lookupMs)(handler)({ ...call, deadline: call.arrivedAt + limitMs }));
    await time.tick(endsAtMs - 1);
    assert.equal(calls[0]?.call.cancel.reason, undefined);
    await time.tick(1);
    assert.equal(await answer, 'limit');
  });
