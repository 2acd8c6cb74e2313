import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { handPlayed, settle, testAnswer } from '../../test/kit/hand-played.ts';
import { callOf, someSessions } from '../../test/kit/sessions.ts';
import { findHook } from '../hooks/catalogue.ts';
import { Admissions } from './admissions.ts';
import { heeding, holding } from './hold.ts';
import { sessionName } from './ids.ts';
import { Register } from './register.ts';
import type { SessionState } from './sessions.ts';

const FORBIDDEN = testAnswer(403, 'no');

/** An app with the session `s` in that state, in which only `call` decides. */
const anApp = (state?: SessionState, admitsProvisionally = true) => {
  const some = someSessions({ admitsProvisionally });
  const { handler, calls } = handPlayed();
  if (state) some.register.enter(sessionName('app', callOf('connect', 's').body) ?? '', 'app', state, ['call']);
  const put = async (hook: string, answer = testAnswer(200, '{}')) => {
    const call = callOf(hook, 's');
    const answered = holding(findHook(hook), some.sessions)(handler)(call);
    await settle();
    calls.pop()?.answer(answer);
    const { status, source, body } = await answered;
    return `${status} ${source}${body.equals(call.body) ? ' of the request' : ''}`;
  };
  return { ...some, calls, put };
};

test('a session that the back-end has admitted goes through, with whatever is answered', async () => {
  const { put } = anApp('open');
  assert.equal(await put('call'), '200 upstream');
  for (const hook of ['call', 'playStream', 'unheardOf']) assert.equal(await put(hook, FORBIDDEN), '403 upstream');
});

test('an unverified session gets 503 and a refused one 403; the back-end is not asked', async () => {
  for (const hook of ['call', 'playStream', 'unheardOf']) {
    for (const [state, expected] of [
      ['unverified', '503 unavailable'],
      ['refused', '403 refused'],
    ] as const) {
      const { put, calls } = anApp(state);
      assert.equal(await put(hook), expected);
      assert.equal(calls.length, 0);
    }
  }
});

test('a session that is not known could be one of those: 503', async () => {
  assert.equal(await anApp().put('call'), '503 unavailable');
});

test('of a session that was verified late, only the answers that decide may say no', async () => {
  const { put } = anApp('verified');
  assert.equal(await put('call', FORBIDDEN), '403 upstream');
  assert.equal(await put('playStream', FORBIDDEN), '200 echo of the request');
  assert.equal(await put('playStream', testAnswer(503, '')), '200 echo of the request');
  assert.equal(await put('playStream', testAnswer(200, '{"name":"x"}')), '200 upstream');
});

test('the answer to a hook that nobody knows is never replaced: WCS was told nothing of it', async () => {
  assert.equal(await anApp('verified').put('unheardOf', FORBIDDEN), '403 upstream');
});

test('an app of which no session is held lets everything through, without a look at the session', async () => {
  for (const state of [undefined, 'open', 'verified'] as const) {
    const { put, store } = anApp(state, false);
    const { mock: looked } = mock.method(store, 'get');
    for (let i = 0; i < 3; i++) assert.equal(await put('call', FORBIDDEN), '403 upstream');
    assert.deepEqual(
      looked.calls.map(call => call.arguments[0]),
      ['held/app'],
    );
  }
});

test('sessions from before a restart, or of another instance, are held where none is let in; others are not', async () => {
  const before = anApp('unverified', false);
  const { store, kind } = before;
  const register = new Register({ store, kind, keepForMs: 86_400_000, emit: () => {} });
  const sessions = { register, admissions: new Admissions(register), admitsProvisionally: false };
  const { handler, calls } = handPlayed();
  const layer = holding(findHook('call'), sessions)(handler);
  const held = await layer(callOf('call', 's'));
  assert.deepEqual([held.status, calls.length], [503, 0]);
  register.enter(sessionName('app', callOf('connect', 's').body) ?? '', 'app', 'refused', []);
  assert.equal((await layer(callOf('call', 's'))).status, 403);
  const unknown = layer(callOf('call', 'other'));
  await settle();
  calls[0]?.answer(FORBIDDEN);
  assert.equal(await unknown, FORBIDDEN);
});

/** What WCS gets to a keep-alive that the back-end answers with 403, by what is known of the session. */
const keptAlive = async (state: SessionState | undefined, deciding: readonly string[]) => {
  const { register, sessions } = someSessions();
  if (state) register.enter(sessionName('app', callOf('connect', 's').body) ?? '', 'app', state, deciding);
  const { handler, calls } = handPlayed();
  const answered = heeding(findHook('StreamKeepAliveEvent'), sessions)(handler)(callOf('StreamKeepAliveEvent', 's'));
  await settle();
  calls[0]?.answer(FORBIDDEN);
  const { status, source } = await answered;
  return `${status} ${source}, ${calls.length} asked`;
};

test('a keep-alive is told no by the back-end where the true rules of its session say that this counts', async () => {
  assert.equal(await keptAlive('verified', ['StreamKeepAliveEvent']), '403 upstream, 1 asked');
  assert.equal(await keptAlive('verified', []), '200 echo, 1 asked');
});

test('a keep-alive of a refused session is told 403; those of any other go to the back-end and are not touched', async () => {
  assert.equal(await keptAlive('refused', []), '403 refused, 0 asked');
  for (const state of [undefined, 'open', 'unverified'] as const) {
    assert.equal(await keptAlive(state, []), '403 upstream, 1 asked', state);
  }
});

test('sessions that were let in before a reload stay held where none is let in any more', async () => {
  const put = async (state?: SessionState) => {
    const app = anApp(state, false);
    app.admissions.isUsed = true;
    return app.put('call', FORBIDDEN);
  };
  assert.equal(await put('unverified'), '503 unavailable');
  assert.equal(await put('refused'), '403 refused');
  assert.equal(await put('open'), '403 upstream');
  assert.equal(await put(), '403 upstream');
});

test('what is found out while a call waits for the back-end does not change its answer', async () => {
  const { register, sessions } = anApp('open');
  const { handler, calls } = handPlayed();
  const call = callOf('playStream', 's');
  const answered = holding(findHook('playStream'), sessions)(handler)(call);
  await settle();
  register.forget(sessionName('app', call.body) ?? '');
  calls[0]?.answer(FORBIDDEN);
  assert.equal(await answered, FORBIDDEN);
});
