import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { testAnswer, testCall } from '../../test/kit/hand-played.ts';
import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { GatewayError } from '../core/errors.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createBodies } from './bodies.ts';
import { type KeyOf, lastGood, storeKey } from './last-good.ts';
import { VERDICTS, type Verdict } from './verdicts.ts';

mock.timers.enable({ apis: ['setTimeout'] });

const KEEP_MS = 60_000;
const REQUEST = '{"appKey":"a","sessionId":"s1"}';
const byAppKey =
  (bodies = createBodies()): KeyOf =>
  call =>
    bodies(call).appKey as string | undefined;

let store: Store<Verdict>;
beforeEach(() => {
  store = memoryStore(VERDICTS, { entries: 100, bytes: 1 << 20 });
});

const layer = (key: KeyOf = byAppKey()) => lastGood({ key, keepForMs: KEEP_MS, store, bodies: createBodies() });

/** Lets one answer pass through the layer and then be kept. */
const pass = async (answer: Answer, call: Call = testCall(REQUEST).call, key?: KeyOf): Promise<Answer> => {
  const passed = await layer(key)(async () => answer)(call);
  mock.timers.tick(1);
  return passed;
};

/** What is kept for the app key of REQUEST, without the time. */
const kept = async (): Promise<unknown> => {
  const { storedAt, ...verdict } = (await store.get('app/a', 0)) ?? {};
  return storedAt === undefined ? undefined : verdict;
};

test('a 200 is kept as the difference between request and answer', async () => {
  const answer = testAnswer(200, '{"appKey":"a","sessionId":"s1","restClientConfig":{"call":{}},"n":1.0}');
  assert.equal(await pass(answer), answer);
  assert.deepEqual(await kept(), { version: 1, status: 200, patch: '{"restClientConfig":{"call":{}},"n":1.0}' });
});

test('an echo is kept as an empty difference', async () => {
  await pass(testAnswer(200, REQUEST));
  assert.deepEqual(await kept(), { version: 1, status: 200, patch: '{}' });
});

test('an echo is kept without anyone reading it', async () => {
  const bodies = mock.fn(createBodies());
  const options = { key: () => 'a', keepForMs: KEEP_MS, store, bodies };
  await lastGood(options)(async () => testAnswer(200, REQUEST))(testCall(REQUEST).call);
  mock.timers.tick(1);
  assert.ok(await kept());
  assert.equal(bodies.mock.callCount(), 0);
});

test('a 403 is kept with its page and its type', async () => {
  await pass(testAnswer(403, '<p>no', { headers: ['x', 'content-type', 'content-TYPE', 'text/html'] }));
  assert.deepEqual(await kept(), { version: 1, status: 403, contentType: 'text/html', body: Buffer.from('<p>no') });
});

test('the page that is kept does not hang on the buffer that it came in', async () => {
  const answer = testAnswer(403, 'no');
  await pass(answer);
  answer.body.fill('x');
  assert.deepEqual(await kept(), { version: 1, status: 403, contentType: 'application/json', body: Buffer.from('no') });
});

test('of a 403 whose page is large or encoded only the status is kept', async () => {
  const bare = { version: 1, status: 403, body: Buffer.alloc(0) };
  await pass(testAnswer(403, 'x'.repeat(16 * 1024 + 1)));
  assert.deepEqual(await kept(), bare);
  await pass(testAnswer(403, 'x', { headers: ['Content-Type', 'text/html', 'Content-Encoding', 'gzip'] }));
  assert.deepEqual(await kept(), bare);
  await pass(testAnswer(403, '', { headers: [] }));
  assert.deepEqual(await kept(), bare);
});

test('a verdict that contradicts an older one replaces it, either way', async () => {
  for (const status of [200, 403, 200]) {
    await pass(testAnswer(status, REQUEST));
    assert.equal((await store.get('app/a', 0))?.status, status);
  }
});

test('an answer that is no verdict leaves the store alone', async () => {
  await pass(testAnswer(403, 'no'));
  const before = await kept();
  const others = [408, 425, 429, 500, 503, 204, 302].map(status => testAnswer(status, REQUEST));
  for (const body of ['', '[]', 'null', '<html>', '1.0', '['.repeat(100_000)]) others.push(testAnswer(200, body));
  for (const answer of others) assert.equal(await pass(answer), answer);
  assert.deepEqual(await kept(), before);
});

test('a verdict is dropped when the back-end contradicts it', async () => {
  for (const status of [404, 405, 400, 401, 410]) {
    await pass(testAnswer(200, REQUEST));
    assert.ok(await kept());
    await pass(testAnswer(status, 'no'));
    assert.equal(await kept(), undefined, `${status}`);
  }
});

test('only the back-end itself is believed, a hedged attempt as well', async () => {
  for (const source of ['cached', 'echo', 'default', 'stored', 'refused', 'unavailable'] as const) {
    await pass(testAnswer(200, REQUEST, { source }));
    assert.equal(await kept(), undefined, source);
  }
  await pass(testAnswer(200, REQUEST, { source: 'hedge' }));
  assert.ok(await kept());
});

test('a failure passes through and leaves the store alone', async () => {
  await pass(testAnswer(200, REQUEST));
  const failure = new GatewayError('reset');
  await assert.rejects(layer()(() => Promise.reject(failure))(testCall(REQUEST).call), failure);
  assert.ok(await kept());
});

test('a request that is no JSON object keeps nothing and is no defect', async () => {
  for (const body of ['', '[]', '{', '['.repeat(100_000)]) {
    const { call, events } = testCall(body);
    await pass(testAnswer(403, ''), call);
    assert.deepEqual(events, []);
  }
  assert.equal(await kept(), undefined);
});

test('a caller that cannot be told has no verdict kept', async () => {
  await pass(testAnswer(200, REQUEST), testCall(REQUEST).call, () => undefined);
  assert.equal(await kept(), undefined);
});

test('an answer is handed up before it is kept', async () => {
  const answer = testAnswer(200, REQUEST);
  assert.equal(await layer()(async () => answer)(testCall(REQUEST).call), answer);
  assert.equal(await kept(), undefined);
  mock.timers.tick(1);
  assert.ok(await kept());
});

test('many answers of one moment do not pile up: past a thousand they are kept at once', async () => {
  store = memoryStore(VERDICTS, { entries: 10_000, bytes: 64 << 20 });
  const handler = layer(call => call.id)(async () => testAnswer(200, REQUEST));
  const calls = Array.from({ length: 2500 }, (_, i) => testCall(REQUEST, { id: `${i}` }).call);
  await Promise.all(calls.map(handler));
  const isKept = async (i: number) => (await store.get(`app/${i}`, 0)) !== undefined;
  assert.deepEqual([await isKept(0), await isKept(2001), await isKept(2002)], [true, true, false]);
  mock.timers.tick(1);
  assert.deepEqual([await isKept(2002), await isKept(2499)], [true, true]);
});

test('a failing store or key never fails the call, and is seen', async () => {
  const broken = new Error('broken');
  const fail = () => {
    throw broken;
  };
  const options = { keepForMs: KEEP_MS, bodies: createBodies() };
  for (const layer of [
    lastGood({ ...options, key: byAppKey(), store: { ...store, set: fail } }),
    lastGood({ ...options, key: fail, store }),
  ]) {
    const { call, events } = testCall(REQUEST);
    assert.equal((await layer(async () => testAnswer(200, REQUEST))(call)).status, 200);
    mock.timers.tick(1);
    assert.deepEqual(events, [{ type: 'defect', error: broken }]);
  }
});

test('apps and queries do not share verdicts', () => {
  const name = (app: string, query: string) =>
    storeKey(() => 'k', testCall('', { route: { app, hook: 'x' }, query }).call);
  const names = [name('a', ''), name('b', ''), name('a', '?x=1'), name('a', '?x=2')];
  assert.equal(new Set(names).size, 4);
  assert.equal(
    storeKey(() => undefined, testCall('').call),
    undefined,
  );
});

interface Flight {
  readonly call: Call;
  readonly inner: Cancel;
  readonly answered: Promise<Answer>;
  readonly land: (answer: Answer) => void;
}

/** A call that is under way below the layer. */
const depart = (body: string = REQUEST, key?: KeyOf): Flight => {
  const { call } = testCall(body, { cancel: new Cancel() });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let inner = new Cancel();
  const answered = layer(key)(below => {
    inner = below.cancel;
    inner.onCancel(reject);
    return promise;
  })(call);
  return { call, inner, answered, land: resolve };
};

const settle = () => new Promise<void>(resolve => setImmediate(resolve));

test('every reason but a client that has gone reaches the attempt at once', async () => {
  for (const code of ['limit', 'closing', 'cancelled'] as const) {
    const { call, inner, answered } = depart();
    const reason = new GatewayError(code);
    call.cancel.cancel(reason);
    assert.equal(inner.reason, reason);
    await assert.rejects(answered, reason);
  }
});

test('when the client has gone the caller is told at once, and the answer that comes later is kept', async () => {
  const { call, inner, answered, land } = depart();
  const gone = new GatewayError('gone');
  call.cancel.cancel(gone);
  await assert.rejects(answered, gone);
  assert.equal(inner.reason, undefined);
  land(testAnswer(403, 'no'));
  await settle();
  mock.timers.tick(1);
  assert.equal((await store.get('app/a', 0))?.status, 403);
  mock.timers.tick(10_000);
  assert.equal(inner.reason, undefined);
});

test('an attempt that outlives its client ends at the deadline of the call', async () => {
  const { call, inner, answered } = depart();
  const reasons: string[] = [];
  inner.onCancel(reason => reasons.push(reason.code));
  call.cancel.cancel(new GatewayError('gone'));
  await assert.rejects(answered);
  mock.timers.tick(900);
  assert.deepEqual(reasons, []);
  mock.timers.tick(101);
  assert.deepEqual(reasons, ['limit']);
});

test('an answer that is not worth keeping does not outlive its client', async () => {
  const flights = [depart(REQUEST, () => undefined), depart('{}'), depart('not json')];
  for (const { call, inner, answered } of flights) {
    call.cancel.cancel(new GatewayError('gone'));
    assert.equal(inner.reason?.code, 'gone');
    await assert.rejects(answered);
  }
});

test('a call that is cancelled already starts no attempt', async () => {
  const { call } = testCall(REQUEST);
  const gone = new GatewayError('gone');
  call.cancel.cancel(gone);
  const next = mock.fn(async () => testAnswer(200, REQUEST));
  await assert.rejects(layer()(next)(call), gone);
  assert.equal(next.mock.callCount(), 0);
});

test('no listener is left on a call that is over', async () => {
  const { call, answered, land } = depart();
  land(testAnswer(200, REQUEST));
  await answered;
  assert.equal(call.cancel.size, 0);
  const failed = testCall(REQUEST).call;
  await assert.rejects(layer()(() => Promise.reject(new GatewayError('reset')))(failed));
  assert.equal(failed.cancel.size, 0);
});
