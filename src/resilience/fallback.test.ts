import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, codeOf, collectEvents, fakeTime, handPlayed, OK, realTime } from '../../test/kit/hand-played.ts';
import { type Answer, type Call, lookupMs } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { FallbackRung } from '../core/rung.ts';
import { fallback } from './fallback.ts';

afterEach(realTime);

const ECHO: Answer = { ...OK, source: 'echo', reason: 'limit' };
const rung = (name: string, answer: FallbackRung['answer']): FallbackRung => ({ name, source: 'echo', answer });
const without = rung('cached', () => undefined);
const echo = rung('echo', () => ECHO);

const fail =
  (error: unknown): Parameters<ReturnType<typeof fallback>>[0] =>
  () =>
    Promise.reject(error);

test('an answer of the back-end is not touched', async () => {
  const { handler, calls } = handPlayed();
  const answer = fallback(() => [echo])(handler)(aCall());
  calls[0]?.answer();
  assert.equal(await answer, OK);
});

test('rungs are tried in order until one has an answer', async () => {
  const never = rung('never', () => assert.fail('must not be asked'));
  const answer = await fallback(() => [without, echo, never])(fail(new GatewayError('limit')))(aCall());
  assert.equal(answer, ECHO);
});

test('a rung that fails is told and the next one answers', async () => {
  const { emit, events } = collectEvents();
  const broken = rung('broken', () => {
    throw new TypeError('boom');
  });
  assert.equal(await fallback(() => [broken, echo])(fail(new GatewayError('reset')))(aCall({ emit })), ECHO);
  assert.deepEqual(
    events.map(event => event.type),
    ['rung-failed'],
  );
});

test('a body that no rung can use is the client’s fault and ends the ladder', async () => {
  const picky = rung('echo', () => {
    throw new GatewayError('not_json');
  });
  assert.equal(await codeOf(fallback(() => [picky, echo])(fail(new GatewayError('limit')))(aCall())), 'not_json');
});

test('with no rung left, what the back-end really sent is passed on with the reason', async () => {
  const page: Answer = { ...OK, status: 500, body: Buffer.from('oops') };
  const answer = await fallback(() => [without])(fail(new GatewayError('status', undefined, { answer: page })))(
    aCall(),
  );
  assert.equal(answer.status, 500);
  assert.equal(answer.body.toString(), 'oops');
  assert.equal(answer.reason, 'status');
});

test('with no rung left and nothing sent, the failure goes up', async () => {
  assert.equal(await codeOf(fallback(() => [without])(fail(new GatewayError('refused')))(aCall())), 'refused');
});

test('a client that has gone is answered by no rung', async () => {
  const never = rung('never', () => assert.fail('must not be asked'));
  assert.equal(await codeOf(fallback(() => [never])(fail(new GatewayError('gone')))(aCall())), 'gone');
});

test('a defect below is told and answered like any failure', async () => {
  const { emit, events } = collectEvents();
  assert.equal(await fallback(() => [echo])(fail(new TypeError('boom')))(aCall({ emit })), ECHO);
  assert.equal(events[0]?.type, 'defect');
});

test('all look-ups for an answer together have the time that was set for them, whatever is left of the limit', async () => {
  fakeTime();
  const seen: number[] = [];
  const slow = rung('cached', call => {
    seen.push(lookupMs(call));
    return undefined;
  });
  const choose = (call: Call) => {
    seen.push(lookupMs(call));
    return [slow, echo];
  };
  await fallback(choose, 20)(fail(new GatewayError('refused')))(aCall());
  await fallback(choose, 20)(fail(new GatewayError('refused')))(aCall({ deadline: now() + 15 }));
  assert.deepEqual(seen, [20, 20, 10, 10]);
});
