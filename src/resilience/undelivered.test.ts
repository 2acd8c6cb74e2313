import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { aCall, type FakeTime, fakeTime, OK, realTime } from '../../test/kit/hand-played.ts';
import type { Answer } from '../core/call.ts';
import { Undelivered } from './undelivered.ts';

let time: FakeTime;
beforeEach(() => {
  time = fakeTime();
});
afterEach(realTime);

const other: Answer = { ...OK, status: 403 };

test('each answer is for one repeat, in the order in which they could not be delivered', () => {
  const undelivered = new Undelivered();
  undelivered.put(aCall(), OK);
  undelivered.put(aCall(), other);
  assert.equal(undelivered.take(aCall()), OK);
  assert.equal(undelivered.take(aCall()), other);
  assert.equal(undelivered.take(aCall()), undefined);
});

test('an answer is for an equal call alone', () => {
  const undelivered = new Undelivered();
  undelivered.put(aCall(), OK);
  for (const change of [{ hook: 'x' }, { query: '?a' }, { authorization: 'WCS 0' }, { body: Buffer.from('{}') }])
    assert.equal(undelivered.take(aCall(change)), undefined);
  assert.equal(undelivered.take(aCall()), OK);
});

test('it is kept for three seconds and no longer', async () => {
  const undelivered = new Undelivered();
  undelivered.put(aCall(), OK);
  await time.tick(2999);
  undelivered.put(aCall({ hook: 'later' }), OK);
  await time.tick(1);
  assert.equal(undelivered.take(aCall()), undefined);
  assert.equal(undelivered.take(aCall({ hook: 'later' })), OK);
});

test('the time of one that was taken does not end that of another', async () => {
  const undelivered = new Undelivered();
  undelivered.put(aCall(), OK);
  assert.equal(undelivered.take(aCall()), OK);
  await time.tick(1500);
  undelivered.put(aCall(), other);
  await time.tick(1500);
  assert.equal(undelivered.take(aCall()), other);
});

test('large answers are not kept: a request and its answer may have 16 KiB together', () => {
  const undelivered = new Undelivered();
  const call = aCall({ body: Buffer.alloc(1024) });
  const sized = (bytes: number): Answer => ({ ...OK, body: Buffer.alloc(bytes) });
  undelivered.put(call, sized(15 * 1024 + 1));
  assert.equal(undelivered.take(call), undefined);
  undelivered.put(call, sized(15 * 1024));
  assert.ok(undelivered.take(call));
});
