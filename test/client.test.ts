import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Answer, Call } from '../src/core/call.ts';
import { GatewayError } from '../src/core/errors.ts';
import { type Client, type ClientOptions, createClient } from '../src/upstream/client.ts';
import { createFaultServer, FAULTS, type FaultServer } from './fault-server.ts';
import { aCall, codeOf, collectEvents } from './kit/hand-played.ts';
import { until } from './poll.ts';

let backEnd: FaultServer;
let client: Client;

const connectTo = (changes: Partial<ClientOptions> = {}): Client => {
  client?.close();
  client = createClient({
    upstream: `${backEnd.url}/rest`,
    connectLimitMs: 300,
    maxConnections: 8,
    maxAnswerBytes: 100_000,
    ...changes,
  });
  return client;
};

const send = (changes: Partial<Call> = {}): Promise<Answer> => {
  const attempt = { upstream: backEnd.url, sent: false };
  return client.handler(aCall({ attempt, attempts: [attempt], ...changes }));
};

before(async () => {
  backEnd = await createFaultServer();
});

beforeEach(async () => {
  await backEnd.setFault({ kind: 'healthy' });
  backEnd.reset();
  connectTo();
});

after(async () => {
  client.close();
  await backEnd.close();
});

test('the body arrives byte for byte, with target, length and the call’s own headers', async () => {
  const body = Buffer.from('{"name":"Ünïcödé \\/ \u{1F6A2}","n":12345678901234567890.0}');
  const answer = await send({ body, hook: 'publishStream', query: '?a=b', head: 'Authorization: WCS abc\r\n' });
  const [seen] = backEnd.requests;
  assert.equal(seen?.target, '/rest/publishStream?a=b');
  assert.ok(seen?.body.equals(body));
  assert.ok(answer.body.equals(body));
  const raw = seen?.headers.join('|') ?? '';
  assert.match(raw, /Authorization\|WCS abc/);
  assert.match(raw, new RegExp(`Content-Length\\|${body.length}`));
  assert.match(raw, /Breakwater-Attempt\|1/);
  assert.match(raw, /Breakwater-Deadline-Ms\|(2\d{3}|3000)\b/);
});

test('a large body arrives whole', async () => {
  const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(90_000) }));
  const answer = await send({ body });
  assert.ok(answer.body.equals(body));
});

test('one connection serves calls in turn', async () => {
  const before = backEnd.connections;
  for (let i = 0; i < 5; i++) await send();
  assert.equal(backEnd.connections - before, 1);
});

for (const framing of ['length', 'chunked', 'close'] as const) {
  test(`an answer framed by ${framing} is read whole`, async () => {
    await backEnd.setFault({ kind: 'healthy', framing });
    assert.equal((await send()).body.toString(), aCall().body.toString());
  });
}

test('headers that name themselves hop-by-hop do not pass, others do', async () => {
  const headers = ['Connection', 'X-Secret-Hop', 'X-Secret-Hop', '1', 'X-Kept', '2'];
  await backEnd.setFault({ kind: 'healthy', headers });
  const names = (await send()).headers.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase());
  assert.ok(names.includes('x-kept'));
  assert.ok(!names.includes('x-secret-hop') && !names.includes('connection') && !names.includes('content-length'));
});

const EXPECTED = {
  refused: 'refused',
  blackholed: 'connect',
  resets: 'reset',
  cut: 'reset',
  garbage: 'body',
  notJson: 'body',
  status500: 'status',
  status503: 'status',
} as const;

for (const [fault, code] of Object.entries(EXPECTED)) {
  test(`a back-end that is ${fault} fails with ${code}`, async () => {
    await backEnd.setFault(FAULTS[fault as keyof typeof EXPECTED]);
    connectTo();
    assert.equal(await codeOf(send()), code);
  });
}

for (const fault of ['silent', 'stalls', 'drips'] as const) {
  test(`a call to one that is ${fault} ends when it is cancelled, and the back-end sees it within 100 ms`, async () => {
    await backEnd.setFault(FAULTS[fault]);
    const { emit, events } = collectEvents();
    const call = aCall({ emit, body: Buffer.from(JSON.stringify({ text: 'x'.repeat(500) })) });
    const code = codeOf(client.handler(call));
    await until(() => backEnd.requests.length === 1, { what: 'the request to arrive' });
    const cancelledAt = performance.now();
    call.cancel.cancel(new GatewayError('timeout'));
    assert.equal(await code, 'timeout');
    await until(() => backEnd.requests[0]?.abandonedAt !== undefined, { what: 'the connection to end' });
    assert.ok((backEnd.requests[0]?.abandonedAt ?? 0) - cancelledAt < 100);
    assert.equal(call.cancel.size, 0);
    const [event] = events;
    assert.equal(event?.type === 'attempt' && event.attempt.outcome, 'timeout');
  });
}

test('a call that is cancelled before it begins sends nothing', async () => {
  const call = aCall();
  call.cancel.cancel(new GatewayError('limit'));
  assert.equal(await codeOf(client.handler(call)), 'limit');
  assert.equal(backEnd.count, 0);
});

test('a kept connection that closes as the call goes out is stale, not a reset', async () => {
  await backEnd.setFault({ kind: 'healthy', requestsPerConnection: 1 });
  await send();
  assert.equal(await codeOf(send()), 'stale');
});

test('an answer over the limit is a body failure and its connection is not used again', async () => {
  connectTo({ maxAnswerBytes: 1000 });
  await backEnd.setFault({ kind: 'healthy', body: JSON.stringify({ text: 'x'.repeat(500_000) }) });
  assert.equal(await codeOf(send()), 'body');
  await backEnd.setFault({ kind: 'healthy' });
  const before = backEnd.connections;
  assert.equal((await send()).status, 200);
  assert.equal(backEnd.connections - before, 1);
});

test('an informational answer before the real one is passed over', async () => {
  const body = '{"ok":true}';
  const bytes = `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await backEnd.setFault({ kind: 'raw', bytes, ending: 'keep' });
  const answer = await send();
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), body);
});

test('an upgrade that nobody asked for fails the call and harms nothing', async () => {
  const bytes = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
  await backEnd.setFault({ kind: 'raw', bytes, ending: 'keep' });
  assert.notEqual(await codeOf(send()), 'answered');
  await backEnd.setFault({ kind: 'healthy' });
  assert.equal((await send()).status, 200);
});

test('two answers to one request: the first counts, and the rest spoils no other call', async () => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
  await backEnd.setFault({ kind: 'raw', bytes: one + one.replace('{}', '[]'), ending: 'keep' });
  assert.equal((await send()).body.toString(), '{}');
  await backEnd.setFault({ kind: 'healthy' });
  const next = await send({ body: Buffer.from('{"mine":1}') }).catch(() => undefined);
  if (next) assert.equal(next.body.toString(), '{"mine":1}');
});

test('no more connections are opened than allowed', async () => {
  connectTo({ maxConnections: 2 });
  const before = backEnd.connections;
  await backEnd.setFault({ kind: 'healthy', delay: 20 });
  await Promise.all(Array.from({ length: 10 }, () => send()));
  assert.ok(backEnd.connections - before <= 2);
});

test('an upstream that does not resolve is refused: nothing was sent', async () => {
  connectTo({ upstream: 'http://no-such-host.invalid/rest', connectLimitMs: 5000 });
  const code = await codeOf(send({ deadline: performance.now() + 10_000 }));
  assert.ok(code === 'refused' || code === 'connect', code);
});
