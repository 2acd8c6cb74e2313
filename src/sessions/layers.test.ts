import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fakeTime, handPlayed, realTime, settle, testAnswer } from '../../test/kit/hand-played.ts';
import { bodyOf, callOf, someSessions } from '../../test/kit/sessions.ts';
import type { Answer } from '../core/call.ts';
import { stack } from '../core/layer.ts';
import { CATALOGUE, findHook } from '../hooks/catalogue.ts';
import { sessionLayers } from './layers.ts';

afterEach(realTime);

const config = (hook: string) => `{"restClientConfig":{"${hook}":{"restOnError":"FAIL"}}}`;
const admits = (hook: string, changes: Partial<Answer> = {}) => testAnswer(200, config(hook), changes);

const aGateway = (options = {}) => {
  const some = someSessions(options);
  const { handler, calls } = handPlayed();
  const put = (hook: string, id: string, more = {}) =>
    stack(sessionLayers(findHook(hook), some.sessions), handler)(callOf(hook, id, more)).catch(() => undefined);
  /** Puts a call whose answer, or whose failure, is already known. */
  const play = async (hook: string, id: string, answer?: Answer, more = {}) => {
    const put_ = put(hook, id, more);
    await settle();
    if (answer) calls.at(-1)?.answer(answer);
    else calls.at(-1)?.fail('limit');
    return put_;
  };
  const known = async (id: string) => {
    const session = await some.register.find(callOf('call', id), 0);
    return session && `${session.state} ${[...session.deciding]}`.trim();
  };
  return { ...some, calls, put, play, known };
};

test('what the answer to connect says holds from then on, and the answer itself is not touched', async () => {
  const { play, known } = aGateway();
  const answer = admits('call');
  assert.equal(await play('connect', 's', answer), answer);
  assert.equal(await known('s'), 'open call');
});

test('the answer of a rung counts as one of the back-end does', async () => {
  const { play, known } = aGateway();
  await play('connect', 's', admits('call', { source: 'cached' }));
  assert.equal(await known('s'), 'open call');
  await play('connect', 't', testAnswer(200, bodyOf('t'), { source: 'echo' }));
  assert.equal(await known('t'), 'open');
});

test('each connect begins the session anew', async () => {
  const { play, known } = aGateway();
  await play('connect', 's', admits('call'));
  await play('connect', 's', admits('hold'));
  assert.equal(await known('s'), 'open hold');
  await play('connect', 's', testAnswer(200, '{}'));
  assert.equal(await known('s'), 'open');
});

test('any other status to connect, and a failure, leave nothing known of the session', async () => {
  for (const answer of [201, 204, 302, 403, 404, 500, 503].map(status => testAnswer(status, config('call')))) {
    const { play, known } = aGateway();
    await play('connect', 's', admits('call'));
    await play('connect', 's', answer);
    assert.equal(await known('s'), undefined, `${answer.status}`);
  }
  const { play, known } = aGateway();
  await play('connect', 's', admits('call'));
  assert.equal(await play('connect', 's'), undefined);
  assert.equal(await known('s'), undefined);
});

test('rules that cannot be understood leave nothing known, and are told once', async () => {
  const { play, known, events } = aGateway();
  await play('connect', 's', admits('call'));
  await play('connect', 's', testAnswer(200, '{"restClientConfig":"FAIL"}'));
  assert.equal(await known('s'), undefined);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['rules-doubted'],
  );
});

test('one session says nothing about another', async () => {
  const { play, known } = aGateway();
  await play('connect', 's', admits('call'));
  await play('connect', 't', admits('hold'));
  await play('connect', 's', testAnswer(403, ''));
  assert.deepEqual([await known('s'), await known('t')], [undefined, 'open hold']);
});

test('a late answer to an older connect of the same session does not count', async () => {
  const { put, calls, known } = aGateway();
  void put('connect', 's', { custom: 'old' });
  void put('connect', 's', { custom: 'new' });
  calls[1]?.answer(admits('call'));
  await settle();
  calls[0]?.answer(testAnswer(200, '{}'));
  await settle();
  assert.equal(await known('s'), 'open call');
  void put('connect', 's', { custom: 'old' });
  void put('connect', 's', { custom: 'new' });
  calls[2]?.answer(testAnswer(200, '{}'));
  await settle();
  assert.equal(await known('s'), 'open call');
  calls[3]?.answer(admits('hold'));
  await settle();
  assert.equal(await known('s'), 'open hold');
});

test('the end of a session makes it forgotten before the event goes to the back-end, one that is being connected too', async () => {
  for (const status of ['DISCONNECTED', 'FAILED']) {
    const { put, play, calls, known } = aGateway();
    await play('connect', 's', admits('call'));
    void put('ConnectionStatusEvent', 's', { status });
    assert.equal(await known('s'), undefined, status);
    const connected = put('connect', 's');
    await play('ConnectionStatusEvent', 's', testAnswer(200, '{}'), { status });
    calls[2]?.answer(admits('call'));
    await connected;
    assert.equal(await known('s'), undefined, status);
  }
});

test('no other event ends a session, nor does one of another session', async () => {
  const { play, known } = aGateway();
  await play('connect', 's', admits('call'));
  const none = testAnswer(200, '{}');
  for (const status of ['ESTABLISHED', 'disconnected', '', 5, null]) {
    await play('ConnectionStatusEvent', 's', none, { status });
  }
  for (const hook of ['StreamStatusEvent', 'CallStatusEvent', 'RegistrationStatusEvent']) {
    await play(hook, 's', none, { status: 'FAILED' });
  }
  await play('ConnectionStatusEvent', 't', none, { status: 'FAILED' });
  await play('ConnectionStatusEvent', 's', none, { status: 'FAILED', nodeId: 'other' });
  assert.equal(await known('s'), 'open call');
});

test('sessions of WCS 4, without a nodeId, are known and forgotten alike', async () => {
  const { play, register } = aGateway();
  const none = { nodeId: undefined };
  await play('connect', 's', admits('call'), none);
  assert.ok(await register.find(callOf('call', 's', none), 0));
  await play('ConnectionStatusEvent', 's', testAnswer(200, '{}'), { ...none, status: 'DISCONNECTED' });
  assert.equal(await register.find(callOf('call', 's', none), 0), undefined);
});

test('a body that tells no session changes nothing', async () => {
  const { play, known, store } = aGateway();
  await play('connect', 's', admits('call'));
  for (const sessionId of [5, null, '', {}, 'x'.repeat(2000)]) {
    await play('connect', 's', admits('hold'), { sessionId });
    await play('ConnectionStatusEvent', 's', testAnswer(200, '{}'), { sessionId, status: 'FAILED' });
  }
  assert.deepEqual([await known('s'), store.size], ['open call', 1]);
});

test('a provisional answer leaves the session unverified and waiting; the next connect, or its end, lets go of it', async () => {
  fakeTime();
  const provisional = admits('call', { source: 'default', isProvisional: true });
  const { play, known, admissions } = aGateway();
  admissions.askThrough(() => new Promise(() => {}));
  await play('connect', 's', provisional);
  assert.deepEqual([await known('s'), admissions.size], ['unverified call', 1]);
  await play('connect', 's', admits('hold'));
  assert.deepEqual([await known('s'), admissions.size], ['open hold', 0]);
  for (const end of ['DISCONNECTED', 'FAILED']) {
    await play('connect', 's', provisional);
    assert.equal(admissions.size, 1);
    await play('ConnectionStatusEvent', 's', testAnswer(200, '{}'), { status: end });
    assert.deepEqual([await known('s'), admissions.size], [undefined, 0]);
  }
  await play('connect', 's', provisional);
  await play('connect', 's', testAnswer(503, ''));
  assert.deepEqual([await known('s'), admissions.size], [undefined, 0]);
});

test('hooks that need no verifying have no layer', () => {
  const { sessions } = someSessions();
  const free = CATALOGUE.filter(hook => sessionLayers(hook, sessions).length === 0).map(({ name }) => name);
  const expected = CATALOGUE.filter(
    ({ name, kind }) =>
      (kind === 'notification' && name !== 'ConnectionStatusEvent' && name !== 'StreamKeepAliveEvent') ||
      ['pauseStream', 'stopStream', 'unPublishStream', 'playHLS', 'playRTSP', 'hangup'].includes(name) ||
      ['submitBugReport', 'sendBugReport', 'pushLogs', 'sessionDebug'].includes(name),
  ).map(({ name }) => name);
  assert.deepEqual(free, expected);
  assert.equal(sessionLayers(findHook('unheardOf'), sessions).length, 1);
});

test('of ten thousand sessions at once nothing is left in the end', async () => {
  const { put, calls, store, register } = aGateway({ entries: 10_000 });
  const ids = Array.from({ length: 10_000 }, (_, i) => `s${i}`);
  const connected = ids.map(id => put('connect', id));
  assert.equal(register.connecting, 10_000);
  for (const { answer } of calls) answer(admits('call'));
  await Promise.all(connected);
  assert.deepEqual([store.size, register.connecting], [10_000, 0]);
  for (const id of ids) void put('ConnectionStatusEvent', id, { status: 'DISCONNECTED' });
  assert.equal(store.size, 0);
});
