import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { callOf, someSessions } from '../../test/kit/sessions.ts';
import { sessionName } from './ids.ts';
import { Register } from './register.ts';

afterEach(realTime);

const FAIL = '{"restClientConfig":{"call":{"restOnError":"FAIL"}}}';
const nameOf = (id: string): string => sessionName('app', callOf('connect', id).body) ?? '';
const admitted = (id: string, body: string) =>
  ({ name: nameOf(id), app: 'app', body: Buffer.from(body), state: 'open' }) as const;

test('a session is found by the calls of its app, node and id, and by no other', async () => {
  const { register } = someSessions();
  register.learn(admitted('s', FAIL));
  assert.deepEqual((await register.find(callOf('call', 's'), 0))?.deciding, new Set(['call']));
  const strangers = [
    callOf('call', 't'),
    callOf('call', 's', { nodeId: 'other' }),
    callOf('call', 's', { nodeId: null }),
  ];
  strangers.push({ ...callOf('call', 's'), route: { app: 'other', hook: 'call' } });
  strangers.push({ ...callOf('call', 's'), body: Buffer.from('no JSON') });
  for (const call of strangers) assert.equal(await register.find(call, 0), undefined);
});

test('sessions with equal rules share one object', async () => {
  const { register } = someSessions({ entries: 10_000 });
  for (let i = 0; i < 10_000; i++) register.learn(admitted(`s${i}`, `{"n":${i},${FAIL.slice(1)}`));
  const found = await Promise.all(Array.from({ length: 10_000 }, (_, i) => register.find(callOf('call', `s${i}`), 0)));
  assert.equal(new Set(found).size, 1);
  assert.notEqual(found[0], undefined);
});

test('what is learnt replaces what was known', async () => {
  const { register } = someSessions();
  const deciding = async () => [...((await register.find(callOf('call', 's'), 0))?.deciding ?? ['unknown'])];
  register.learn(admitted('s', FAIL));
  assert.deepEqual(await deciding(), ['call']);
  register.learn(admitted('s', '{}'));
  assert.deepEqual(await deciding(), []);
  register.learn(admitted('s', '{"restClientConfig":[]}'));
  assert.deepEqual(await deciding(), ['unknown']);
});

test('rules that cannot be read leave what is to hold otherwise', async () => {
  const { register } = someSessions();
  register.learn({ ...admitted('s', 'no JSON'), state: 'verified' }, ['hold']);
  const session = await register.find(callOf('call', 's'), 0);
  assert.deepEqual(session, { state: 'verified', deciding: new Set(['hold']) });
});

test('a configuration that is not understood is told once, with its app', () => {
  const { register, events } = someSessions();
  register.learn(admitted('s', '{"restClientConfig":[]}'));
  assert.deepEqual(events, [{ type: 'rules-doubted', app: 'app', doubts: ['restClientConfig is no object'] }]);
  register.learn(admitted('s', FAIL));
  assert.equal(events.length, 1);
});

test('a session is forgotten after its time, and when more come than may be known', async () => {
  const time = fakeTime();
  const { register, store } = someSessions({ keepForMs: 1000, entries: 3 });
  register.learn(admitted('s', FAIL));
  await time.tick(999);
  assert.ok(store.peek(nameOf('s')));
  await time.tick(2);
  assert.equal(await register.find(callOf('call', 's'), 0), undefined);
  for (const id of ['a', 'b', 'c', 'd']) register.learn(admitted(id, FAIL));
  assert.equal(store.size, 3);
  assert.equal(await register.find(callOf('call', 'a'), 0), undefined);
  assert.ok(await register.find(callOf('call', 'd'), 0));
});

test('a session that is asked for is not forgotten for its age', async () => {
  const time = fakeTime();
  const { register } = someSessions({ keepForMs: 1000 });
  register.learn(admitted('s', FAIL));
  for (let i = 0; i < 10; i++) {
    await time.tick(500);
    assert.ok(await register.find(callOf('call', 's'), 0));
  }
  await time.tick(1001);
  assert.equal(await register.find(callOf('call', 's'), 0), undefined);
});

test('it is kept anew only once a tenth of its time has passed', async () => {
  const time = fakeTime();
  const { register, store } = someSessions({ keepForMs: 1000 });
  register.learn(admitted('s', FAIL));
  const { mock: kept } = mock.method(store, 'set');
  await time.tick(99);
  await register.find(callOf('call', 's'), 0);
  assert.equal(kept.callCount(), 0);
  await time.tick(2);
  await register.find(callOf('call', 's'), 0);
  assert.deepEqual(kept.calls[0]?.arguments[2], 1000);
});

test('that sessions of an app are held is known at once here, and within a minute where another instance holds them', async () => {
  const time = fakeTime();
  const { register, store, kind } = someSessions();
  const other = new Register({ store, kind, keepForMs: 86_400_000, emit: () => {} });
  assert.equal(await other.mayHold('app'), false);
  register.enter('s', 'app', 'open', []);
  register.enter('s', 'app', 'verified', []);
  assert.equal(await register.mayHold('app'), false);
  register.enter('s', 'app', 'unverified', []);
  assert.equal(await register.mayHold('app'), true);
  assert.equal(await register.mayHold('another'), false);
  assert.equal(await other.mayHold('app'), false);
  await time.tick(60_000);
  assert.equal(await other.mayHold('app'), true);
});

test('only the connect that began last ends as the last, and only if the session was not forgotten meanwhile', () => {
  const { register } = someSessions();
  const first = register.begin('s');
  const second = register.begin('s');
  const other = register.begin('t');
  assert.equal(first(), false);
  assert.equal(second(), true);
  assert.equal(second(), false);
  register.forget('t');
  assert.equal(other(), false);
});
