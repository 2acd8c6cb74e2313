import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { aCall, handPlayed, OK } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Handler } from '../core/layer.ts';
import type { Passage } from '../core/passage.ts';
import { Names } from '../upstream/names.ts';
import { asBegun, createPassthrough, patience } from './passthrough.ts';
import { Upgrades } from './upgrades.ts';

const { hold, layer, close } = createPassthrough({
  upstream: 'http://127.0.0.1:9/base',
  connectLimitMs: 100,
  names: new Names(() => {}),
  most: 1,
  options: { firstByte: 100, idle: 100, limit: 0, upgrades: 1, routes: {} },
  upgrades: new Upgrades(),
});
test.after(close);

const passing = (over?: Promise<void>, hasBegun = true): Call =>
  aCall({ passage: { over, hasBegun } as unknown as Passage });

const failing =
  (error: GatewayError): Handler =>
  () =>
    Promise.reject(error);

test('an answer that passes through is held until its last byte', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  const held = hold(async () => OK)(passing(promise)).then(answer => {
    isDone = true;
    return answer;
  });
  await new Promise(setImmediate);
  assert.equal(isDone, false);
  resolve();
  assert.equal(await held, OK);
});

test('what breaks it on its way counts more than that it had begun well', async () => {
  const cut = new GatewayError('reset', undefined, { answer: OK });
  await assert.rejects(async () => hold(async () => OK)(passing(Promise.reject(cut))), cut);
});

test('a call that never got as far as an exchange is held by nothing', async () => {
  const error = new GatewayError('breaker');
  await assert.rejects(async () => hold(failing(error))(passing()), error);
});

test('hooks go their own way', async () => {
  const call = aCall();
  assert.equal(await hold(async () => OK)(call), OK);
  assert.equal(await layer(async () => OK)(call), OK);
});

test('what has begun to leave is the answer, with what became of it; what has not, and who has gone, is an error', async () => {
  const cut = new GatewayError('reset', undefined, { answer: { ...OK, status: 206 } });
  assert.deepEqual(await asBegun(failing(cut))(passing()), { ...OK, status: 206, reason: 'reset' });
  await assert.rejects(async () => asBegun(failing(cut))(passing(undefined, false)), cut);
  const gone = new GatewayError('gone', undefined, { answer: OK });
  await assert.rejects(async () => asBegun(failing(gone))(passing()), gone);
});

test('whoever has waited for room for too long is refused; whoever is being served is not', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { handler, calls } = handPlayed();
  const waiting = patience(100)(handler)(passing());
  const call = passing();
  const served = patience(100)(handler)(call);
  call.attempts.push({ upstream: 'http://a', sent: true });
  mock.timers.tick(101);
  await assert.rejects(waiting, { code: 'overload' });
  calls[1]?.answer();
  assert.equal(await served, OK);
  mock.timers.reset();
});
