import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { testAnswer, testCall } from '../../test/kit/hand-played.ts';
import { compact, requests } from '../../test/samples.ts';
import { CODES, ERRORS, GatewayError } from '../core/errors.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createBodies } from './bodies.ts';
import { parseJson, parseObject } from './json.ts';
import { type LastGoodOptions, lastGood } from './last-good.ts';
import { bodyRung, cachedRung, echoRung, fileRung, patchedEchoRung, refuseRung, unavailableRung } from './rungs.ts';
import { VERDICTS, type Verdict } from './verdicts.ts';

mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });

const JSON_TYPE = ['Content-Type', 'application/json;charset=UTF-8'];
const LIMIT = new GatewayError('limit');
const HOSTILE = ['', '[]', 'null', '"x"', '1.0', '{', '<html>', '['.repeat(100_000), `{"a":${'['.repeat(100_000)}`];

let store: Store<Verdict>;
let options: LastGoodOptions;
beforeEach(() => {
  store = memoryStore(VERDICTS, { entries: 100, bytes: 1 << 20 });
  const bodies = createBodies();
  options = { key: call => bodies(call).appKey as string | undefined, keepForMs: 60_000, store, bodies };
});

/** Lets the back-end give `answer` to `request`. */
const teach = async (request: string, status: number, answer: string): Promise<void> => {
  await lastGood(options)(async () => testAnswer(status, answer))(testCall(request).call);
  mock.timers.tick(1);
};

test('echo gives every sample back byte for byte', () => {
  for (const rung of [echoRung()]) {
    for (const { file } of requests()) {
      const body = compact(file);
      const answer = rung.answer(testCall(body).call, LIMIT);
      assert.deepEqual(answer, { status: 200, headers: JSON_TYPE, body, source: 'echo', reason: 'limit' }, file);
    }
  }
});

test('echo keeps white space, escapes and numbers', () => {
  const body = ' {"a" : "\\/\\u00e9", "n":12345678901234567890.0 ,"__proto__":{}}\r\n';
  assert.deepEqual(echoRung().answer(testCall(body).call, LIMIT), {
    ...testAnswer(200, body, { headers: JSON_TYPE, source: 'echo' }),
    reason: 'limit',
  });
});

test('what must echo or rebase a hostile body says not_json', async () => {
  await teach('{"appKey":"a"}', 200, '{}');
  const bodies = createBodies();
  for (const body of HOSTILE) {
    const { call } = testCall(body);
    const notJson = { code: 'not_json' };
    for (const rung of [echoRung(), patchedEchoRung({ a: 1 }, bodies)]) {
      assert.throws(() => rung.answer(call, LIMIT), notJson);
    }
    for (const key of [options.key, () => 'a', () => undefined]) {
      await assert.rejects(async () => cachedRung({ ...options, key }).answer(call, LIMIT), notJson);
    }
  }
});

test('what needs no body answers a hostile one like any other', () => {
  for (const body of HOSTILE) {
    for (const rung of [bodyRung({ a: 1 }), fileRung(Buffer.from('{}')), refuseRung(), unavailableRung()]) {
      assert.ok(rung.answer(testCall(body).call, LIMIT), rung.name);
    }
  }
});

test('a patched echo is the request with the patch applied, all other numbers as they came', () => {
  const { call } = testCall('{"a":1.0,"b":{"c":1,"d":2},"__proto__":{"x":1}}');
  const answer = patchedEchoRung({ b: { c: null }, status: 'FAILED' }, createBodies()).answer(call, LIMIT);
  const body = Buffer.from('{"a":1.0,"b":{"d":2},"__proto__":{"x":1},"status":"FAILED"}');
  assert.deepEqual(answer, { status: 200, headers: JSON_TYPE, body, source: 'default', reason: 'limit' });
});

test('a body and a file are given as they are', () => {
  const { call } = testCall('{}');
  const expected = { ...testAnswer(200, '{"a":[1]}', { headers: JSON_TYPE, source: 'default' }), reason: 'limit' };
  assert.deepEqual(bodyRung({ a: [1] }).answer(call, LIMIT), expected);
  assert.deepEqual(fileRung(Buffer.from('{"a":[1]}')).answer(call, LIMIT), expected);
});

test('refuse is a 403 and unavailable a 503, small JSON with the code, for every way to fail', () => {
  const { call } = testCall('{}');
  for (const [rung, status] of [
    [refuseRung(), 403],
    [unavailableRung(), 503],
  ] as const) {
    for (const code of CODES) {
      const answer = rung.answer(call, new GatewayError(code, 'http://10.0.0.1/ said so'));
      assert.ok(answer && !(answer instanceof Promise));
      assert.deepEqual([answer.status, answer.source, answer.reason], [status, rung.source, code]);
      assert.deepEqual(answer.headers, JSON_TYPE);
      const { error } = JSON.parse(answer.body.toString());
      assert.equal(error.code, code);
      assert.ok(error.message.endsWith(ERRORS[code].message), error.message);
    }
  }
});

test('the rungs name themselves and the source of what they answer', () => {
  const bodies = createBodies();
  const rungs = [cachedRung(options), echoRung(), patchedEchoRung({}, bodies)];
  rungs.push(bodyRung({}), fileRung(Buffer.from('{}')), refuseRung(), unavailableRung());
  assert.deepEqual(
    rungs.map(rung => `${rung.name} ${rung.source}`),
    [
      'cached cached',
      'echo echo',
      'patched-echo default',
      'body default',
      'file default',
      'refuse refused',
      'unavailable unavailable',
    ],
  );
});

test('a kept admission is rebased: the policy of the old answer, the session of the new request', async () => {
  await teach(
    '{"appKey":"a","sessionId":"s1","x":1}',
    200,
    '{"appKey":"a","sessionId":"s1","rest":{"call":{}},"n":1e400}',
  );
  mock.timers.tick(2500);
  const { call } = testCall('{"appKey":"a","sessionId":"s2","x":1,"y":12345678901234567890}');
  const answer = await cachedRung(options).answer(call, LIMIT);
  const body = '{"appKey":"a","sessionId":"s2","y":12345678901234567890,"rest":{"call":{}},"n":1e400}';
  assert.deepEqual(answer, {
    ...testAnswer(200, body, { headers: JSON_TYPE, source: 'cached' }),
    reason: 'limit',
    ageSeconds: 2,
  });
});

test('a kept refusal is given again as it was', async () => {
  await teach('{"appKey":"a"}', 200, '{}');
  await teach('{"appKey":"a"}', 403, 'no entry');
  const answer = await cachedRung(options).answer(testCall('{"appKey":"a","sessionId":"s2"}').call, LIMIT);
  const expected = { source: 'cached', reason: 'limit', ageSeconds: 0 } as const;
  assert.deepEqual(answer, { ...testAnswer(403, 'no entry', { source: 'cached' }), ...expected });
});

test('another caller has no kept verdict', async () => {
  await teach('{"appKey":"a"}', 200, '{}');
  const { call } = testCall('{"appKey":"b"}');
  assert.equal(await cachedRung(options).answer(call, LIMIT), undefined);
});

test('a caller that cannot be told is not looked for', async () => {
  const { call, events } = testCall('{}');
  assert.equal(await cachedRung(options).answer(call, LIMIT), undefined);
  assert.deepEqual(events, []);
});

test('a verdict is used up to its age and not beyond, whatever the store still has', async () => {
  const verdict = { version: 1, storedAt: Date.now(), status: 403, body: Buffer.alloc(0) } as const;
  const rung = cachedRung({ ...options, store: { ...store, get: async () => verdict } });
  const { call } = testCall('{"appKey":"a"}');
  mock.timers.tick(60_000);
  assert.equal((await rung.answer(call, LIMIT))?.ageSeconds, 60);
  mock.timers.tick(1);
  assert.equal(await rung.answer(call, LIMIT), undefined);
});

test('a verdict from a clock that is ahead has the age 0', async () => {
  store.set('app/a', { version: 1, storedAt: Date.now() + 5000, status: 200, patch: '{}' }, 60_000);
  assert.equal((await cachedRung(options).answer(testCall('{"appKey":"a"}').call, LIMIT))?.ageSeconds, 0);
});

test('the documented answer to connect admits the next session with its restClientConfig', async () => {
  const request = compact('derived/connect.request.custom-token.json').toString();
  await teach(request, 200, compact('derived/connect.response.restClientConfig.json').toString());
  const next = request.replaceAll('192.168.1.102:4388', '192.168.1.102:9999');
  const rebased = await cachedRung(options).answer(testCall(next).call, LIMIT);
  const body = parseObject(rebased?.body ?? '');
  assert.deepEqual(body.sessionId, parseObject(next).sessionId);
  const given = parseObject(compact('derived/connect.response.restClientConfig.json'));
  assert.deepEqual(body.restClientConfig, given.restClientConfig);
});

test('a body is parsed once, however many ask for it', () => {
  const bodies = createBodies();
  const { call } = testCall('{"a":1}');
  assert.equal(bodies(call), bodies({ ...call, id: 'copy' }));
  assert.deepEqual(bodies(testCall('{"a":2}').call), parseJson('{"a":2}'));
});
