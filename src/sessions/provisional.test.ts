import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, fakeTime, realTime, testCall } from '../../test/kit/hand-played.ts';
import { callOf, someSessions } from '../../test/kit/sessions.ts';
import { compact, requests } from '../../test/samples.ts';
import { createBodies } from '../answers/bodies.ts';
import type { Answer, Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { findHook, needsVerifying } from '../hooks/catalogue.ts';
import { HELD_HOOKS, provisionalRung } from './provisional.ts';
import { readRules } from './rules.ts';

afterEach(realTime);

const HELD =
  'publishStream playStream snapshot call answer hold unhold transfer sendDtmf sendDTMF sendMessage sendIMDN subscribe sendXcapRequest OnDataEvent OnCallEvent OnMessageEvent OnTransferEvent';

const aRung = () => {
  fakeTime();
  const { admissions } = someSessions();
  admissions.askThrough(() => new Promise(() => {}));
  const rung = provisionalRung(createBodies(), admissions);
  const answer = (call: Call) => rung.answer(call, new GatewayError('breaker')) as Answer | undefined;
  return { rung, admissions, answer };
};

test('held are the hooks by which a stranger could do something, and all that nobody knows', () => {
  assert.deepEqual(HELD_HOOKS, HELD.split(' '));
  assert.ok(needsVerifying(findHook('unheardOf')));
  for (const hook of ['connect', 'playHLS', 'playRTSP', 'StreamKeepAliveEvent', 'StreamStatusEvent', 'FutureEvent']) {
    assert.ok(!needsVerifying(findHook(hook)), hook);
  }
});

/** A keep-alive is not held, but its answer counts. */
const TOLD = [...HELD_HOOKS, 'StreamKeepAliveEvent'];

test('each sample connect is answered with its own fields and FAIL for every held hook and for keep-alives', () => {
  const { answer } = aRung();
  for (const { file } of requests().filter(({ hook }) => hook === 'connect')) {
    const made = answer(aCall({ body: compact(file) }));
    assert.deepEqual(
      [made?.status, made?.source, made?.reason, made?.isProvisional],
      [200, 'default', 'breaker', true],
    );
    const { restClientConfig, ...rest } = JSON.parse(String(made?.body));
    assert.deepEqual(rest, JSON.parse(compact(file).toString()));
    for (const hook of TOLD) assert.deepEqual(restClientConfig[hook], { restOnError: 'FAIL' });
    assert.deepEqual(readRules(made?.body ?? Buffer.alloc(0)).deciding, [...TOLD].sort());
  }
});

test('a configuration in the request, which only a stranger could have put there, has no say', () => {
  const { answer } = aRung();
  const evil = { publishStream: { restPolicy: 'DISABLE', restOnError: 'LOG' }, other: { restOnError: 'LOG' } };
  const made = answer(callOf('connect', 's', { restClientConfig: evil }));
  const { restClientConfig } = JSON.parse(String(made?.body));
  assert.deepEqual(Object.keys(restClientConfig), TOLD);
  assert.deepEqual(restClientConfig.publishStream, { restOnError: 'FAIL' });
  const twice = testCall(
    '{"sessionId":"s","restClientConfig":{},"rest\\u0043lientConfig":{"call":{"restPolicy":"DISABLE"}}}',
  );
  const text = String(answer(twice.call)?.body);
  assert.equal(text.split('restClientConfig').length, 2);
  assert.ok(!text.includes('DISABLE'));
});

test('numbers and __proto__ of the request come back as they were', () => {
  const { answer } = aRung();
  const { call } = testCall('{"sessionId":"s","__proto__":{"a":1},"n":12345678901234567890.0}');
  assert.match(String(answer(call)?.body), /^\{"sessionId":"s","__proto__":\{"a":1\},"n":12345678901234567890\.0,/);
});

test('a request that does not tell its session is not let in', () => {
  const { answer } = aRung();
  for (const body of [
    '{}',
    '{"sessionId":5}',
    '{"sessionId":"s","sessionId":"s"}',
    '{"sessionId":"s","nodeId":null}',
  ]) {
    assert.equal(answer(testCall(body).call), undefined, body);
  }
});

test('a request that is no JSON object is the fault of who sent it', () => {
  const { answer } = aRung();
  assert.throws(() => answer(testCall('[]').call), { code: 'not_json' });
});

test('where too many wait, and where there is nobody to ask, nobody is let in', () => {
  const { answer, admissions } = aRung();
  const { call } = testCall('{"sessionId":"s"}');
  for (let i = 0; i < 10_000; i++) admissions.add(`${i}`, call);
  assert.equal(answer(call), undefined);
  admissions.drop('0');
  assert.ok(answer(call));
  admissions.close();
  assert.equal(answer(call), undefined);
});
