import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBlackhole } from '../blackhole.ts';
import type { Wire } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { APP } from '../start.ts';
import { client, serve, stage } from './stage.ts';

const HOST = 'Host: shop.example';
const PATH = `${APP.path}/x`;
const GET = [`GET ${PATH} HTTP/1.1`, HOST];
const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

const get = async (...more: readonly string[]) => {
  const wire = client();
  wire.head(...GET, ...more);
  return { wire, asked: await stage.backEnd.next() };
};

const put = async (length: number | 'chunks', first = 'a') => {
  const wire = client();
  const framing = length === 'chunks' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  wire.head(`PUT ${PATH} HTTP/1.1`, HOST, framing);
  wire.send(length === 'chunks' ? `${first.length.toString(16)}\r\n${first}\r\n` : first);
  return { wire, asked: await stage.backEnd.next() };
};

/** Everything that was counted has ended, and nothing is held any more. */
const settled = () =>
  until(
    () => {
      const { visits, inflight, queued } = stage.gateway.breakwater.held;
      return visits + inflight + queued === 0;
    },
    { what: 'nothing is held' },
  );

const lastAnswer = () => stage.events.findLast(event => event.type === 'answered')?.answer;
const lastAttempt = () => stage.events.findLast(event => event.type === 'attempt')?.attempt;
const defects = () => stage.events.filter(event => event.type === 'defect');

test('a client that leaves before the first byte ends the call of the back-end', async () => {
  await serve();
  const { wire, asked } = await get();
  wire.socket.destroy();
  await asked.end();
  await settled();
  assert.equal(lastAttempt()?.outcome, 'cancelled');
  assert.equal(stage.events.findLast(event => event.type === 'abandoned')?.code, 'gone');
});

test('a client that leaves in the middle of a download ends it', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await wire.comes(/ok/);
  wire.socket.destroy();
  await asked.end();
  await settled();
});

test('a client that does not read and leaves ends the download too', async () => {
  await serve();
  const { wire, asked } = await get();
  wire.socket.pause();
  const flood = Buffer.alloc(1024 * 1024, 'x');
  asked.send('HTTP/1.1 200 OK', `Content-Length: ${64 * flood.length}`, '', '');
  for (let i = 0; i < 16; i++) asked.socket.write(flood);
  await until(() => asked.socket.writableLength > 0, { what: 'the way to be full' });
  wire.reset();
  await asked.end();
  await settled();
});

test('a client that breaks off its upload breaks that of the back-end, which never takes it for whole', async () => {
  for (const length of ['chunks', 100] as const) {
    await serve();
    const { wire, asked } = await put(length);
    await asked.comes(/a(\r\n)?$/);
    wire.socket.destroy();
    await asked.end();
    assert.doesNotMatch(asked.body, /0\r\n\r\n$/);
    await settled();
    if (length === 'chunks') await stage.close();
  }
});

for (const [what, lines] of [
  ['with a length', ['Content-Length: 100', '', 'ok']],
  ['in chunks', ['Transfer-Encoding: chunked', '', '2', 'ok', '']],
] as const) {
  test(`an answer ${what} that breaks off is a broken connection to the client, and noted as such`, async () => {
    await serve();
    const { wire, asked } = await get();
    asked.send('HTTP/1.1 200 OK', ...lines);
    await wire.comes(/ok/);
    asked.socket.destroy();
    await wire.end();
    assert.doesNotMatch(wire.text, /\r\n0\r\n/);
    await settled();
    assert.deepEqual([lastAnswer()?.status, lastAnswer()?.reason], [200, 'reset']);
    assert.equal(lastAttempt()?.outcome, 'reset');
  });
}

test('for a client of HTTP/1.0, which takes any end for the end, a broken answer ends with a reset', async () => {
  await serve();
  const wire = client();
  wire.head(`GET ${PATH} HTTP/1.0`, HOST);
  const asked = await stage.backEnd.next();
  asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await wire.comes(/ok/);
  asked.reset();
  assert.equal(await wire.end(), 'reset');
});

test('a back-end that breaks off before its answer is a 502 in JSON, and is not asked again', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.reset();
  await wire.comes(
    /^HTTP\/1\.1 502 [\s\S]*Breakwater-Answer: unavailable; reason=reset\r\n[\s\S]*\{"error":\{"code":"reset"/,
  );
  await settled();
  assert.equal(stage.backEnd.wires.length, 1);
});

test('what is no HTTP is a 502', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.send('SSH-2.0-OpenSSH_9.2\r\n');
  await wire.comes(/^HTTP\/1\.1 502 [\s\S]*"code":"body"/);
});

test('a head that cannot be passed on is a 502 too: no status, or a coding that nobody asked for', async () => {
  await serve();
  for (const [head, message] of [
    [
      ['HTTP/1.1 099 Odd', 'Content-Length: 2', '', 'ok'],
      /"code":"body","message":"[^"]*a head that cannot be passed on"/,
    ],
    [
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', '', '2', 'ok', '0', '', ''],
      /"message":"[^"]*a transfer coding/,
    ],
  ] as const) {
    const { wire, asked } = await get();
    asked.send(...head);
    assert.match(await wire.comes(/\}$/), /^HTTP\/1\.1 502 /);
    assert.match(wire.text, message);
    await asked.end();
  }
  await settled();
});

test('a change of protocol that nobody asked for is a 502', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');
  await wire.comes(/^HTTP\/1\.1 502 /);
  await settled();
});

test('a 5xx passes as it is, and counts as a failure of the back-end', async () => {
  await serve(true, { breaker: { minCalls: 2, openFor: '1m' } });
  for (let i = 0; i < 2; i++) {
    const { wire, asked } = await get();
    asked.send('HTTP/1.1 500 Oh No', 'Content-Type: text/html', 'Connection: close', 'Content-Length: 4', '', 'oops');
    await wire.comes(/^HTTP\/1\.1 500 Oh No\r\n[\s\S]*Breakwater-Answer: upstream; reason=status\r\n[\s\S]*oops$/);
  }
  const wire = client();
  wire.head(...GET);
  await wire.comes(/^HTTP\/1\.1 503 [\s\S]*"code":"breaker"/);
  assert.equal(lastAttempt()?.outcome, 'status');
});

test('without room a call is refused, and one that waits for it is let in', async () => {
  await serve(true, { concurrency: { max: 1, queue: 1 } });
  const first = await get();
  const second = client();
  second.head(...GET);
  await until(() => stage.gateway.breakwater.held.queued === 1, { what: 'one waits' });
  const third = client();
  third.head(...GET);
  await third.comes(/^HTTP\/1\.1 503 [\s\S]*"code":"overload"/);
  first.asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await first.wire.comes(/ok/);
  // Room is taken up to the last byte.
  assert.equal(stage.gateway.breakwater.held.queued, 1);
  first.asked.send('0', '', '');
  await first.asked.comes(/\r\n\r\nGET /);
  first.asked.send(...OK);
  await second.comes(/ok$/);
  await settled();
});

test('who waits for room longer than for a first byte is told that there is none', async () => {
  await serve({ firstByte: '200ms', idle: '5s' }, { concurrency: { max: 1, queue: 1 } });
  const first = await get();
  first.asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await first.wire.comes(/ok/);
  const second = client();
  second.head(...GET);
  await second.comes(/^HTTP\/1\.1 503 [\s\S]*"code":"overload"/);
});

test('a back-end that takes too long to its first byte is a 504, and its call ends', async () => {
  await serve({ firstByte: '100ms' });
  const { wire, asked } = await get();
  await wire.comes(/^HTTP\/1\.1 504 [\s\S]*passthrough\.firstByte/);
  await asked.end();
  assert.equal(lastAttempt()?.outcome, 'timeout');
});

test('an upload that goes on is no silence', async () => {
  await serve({ firstByte: '300ms' });
  const { wire, asked } = await put(20);
  for (let i = 1; i < 10; i++) {
    wire.send('b');
    await asked.comes(new RegExp(`ab{${i}}$`));
    await new Promise(resolve => setTimeout(resolve, 60));
  }
  assert.doesNotMatch(wire.text, /HTTP/);
  wire.send('b'.repeat(10));
  await asked.comes(/b{19}$/);
  asked.send(...OK);
  await wire.comes(/ok$/);
});

test('a client that stalls in its upload is told so with a 408', async () => {
  await serve({ firstByte: '100ms' });
  const { wire, asked } = await put(20);
  await wire.comes(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
  await asked.end();
});

test('an answer that falls silent is cut', async () => {
  await serve({ idle: '100ms' });
  const { wire, asked } = await get();
  asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await wire.comes(/ok/);
  await wire.end();
  await asked.end();
  await settled();
  assert.deepEqual([lastAnswer()?.status, lastAnswer()?.reason], [200, 'timeout']);
});

test('all of it has a limit where one is written: 504 before the answer, cut within it', async () => {
  await serve({ limit: '150ms' });
  const { wire } = await get();
  await wire.comes(/^HTTP\/1\.1 504 [\s\S]*"code":"limit"/);
  const other = await get();
  other.asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await other.wire.comes(/ok/);
  await other.wire.end();
  await settled();
  assert.deepEqual([lastAnswer()?.status, lastAnswer()?.reason], [200, 'limit']);
});

test('a back-end that does not connect is a 504 within connectLimit', async () => {
  await serve(true, { connectLimit: '100ms' });
  const { port } = stage.backEnd;
  stage.backEnd.close();
  const open = await openBlackhole(port);
  const wire = client();
  wire.head(...GET);
  await wire.comes(/^HTTP\/1\.1 504 [\s\S]*"code":"connect"/);
  await open();
});

test('the answer to a large upload that comes early reaches the client, and the upload ends', async () => {
  await serve();
  const { wire, asked } = await put(1_000_000_000);
  asked.send('HTTP/1.1 413 Too Large', 'Content-Length: 4', '', 'stop');
  await wire.comes(/^HTTP\/1\.1 413 [\s\S]*stop$/);
  await asked.end();
  const piece = Buffer.alloc(256 * 1024, 'x');
  const pump = () => {
    while (!wire.socket.destroyed && wire.socket.write(piece));
    if (!wire.socket.destroyed) wire.socket.once('drain', pump);
  };
  pump();
  await wire.end();
  await settled();
  assert.deepEqual([lastAnswer()?.status, lastAnswer()?.reason], [413, undefined]);
});

test('after an early answer to a small upload the connection serves the next request', async () => {
  await serve();
  const { wire, asked } = await put(20);
  asked.send(...OK);
  await wire.comes(/ok$/);
  wire.send('b'.repeat(19));
  wire.head(...GET);
  const next = await stage.backEnd.next();
  assert.match(next.text, /^GET /);
  next.send('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'again');
  await wire.comes(/again$/);
});

test('a back-end that breaks off an upload is told at once, and the connection serves the next request', async () => {
  for (const expect of [[], ['Expect: 100-continue']]) {
    await serve();
    const wire = client();
    wire.head(`PUT ${PATH} HTTP/1.1`, HOST, 'Content-Length: 2000000', ...expect);
    const asked = await stage.backEnd.next();
    if (expect.length > 0) await wire.comes(/100 Continue\r\n\r\n$/);
    wire.send('a'.repeat(1_000_000));
    await asked.comes(/a$/);
    asked.reset();
    const endedAt = performance.now();
    await until(() => lastAttempt()?.outcome === 'reset', { what: 'the end of the attempt' });
    wire.send('a'.repeat(1_000_000));
    await wire.comes(/HTTP\/1\.1 502 [\s\S]*"code":"reset"/);
    assert.ok(performance.now() - endedAt < 190, `${performance.now() - endedAt} ms`);
    wire.head(...GET);
    (await stage.backEnd.next()).send(...OK);
    await wire.comes(/ok$/);
    if (expect.length === 0) await stage.close();
  }
});

test('an event of a stream arrives while the stream goes on', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.head('HTTP/1.1 200 OK', 'Content-Type: text/event-stream');
  await wire.comes(/text\/event-stream[\s\S]*\r\n\r\n$/);
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    asked.send(event);
    await wire.comes(new RegExp(event));
  }
  asked.socket.end();
  await wire.comes(/\r\n0\r\n\r\n$/);
});

test('what one side does not read the other does not get rid of', async () => {
  await serve();
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const most = 64 * piece.length;
  const fill = async (wire: Wire): Promise<number> => {
    let sent = 0;
    while (sent < most && wire.socket.writableLength < 4 * piece.length) {
      wire.socket.write(piece);
      sent += piece.length;
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    return sent;
  };
  const down = await get();
  down.wire.socket.pause();
  down.asked.send('HTTP/1.1 200 OK', `Content-Length: ${most}`, '', '');
  assert.ok((await fill(down.asked)) < most, 'a download that nobody reads');
  const up = await put(most);
  up.asked.socket.pause();
  assert.ok((await fill(up.wire)) < most, 'an upload that nobody reads');
});

test('errors that come when all is over harm nobody', async () => {
  await serve();
  for (const late of ['client', 'back-end'] as const) {
    const { wire, asked } = await get();
    asked.send(...OK);
    await wire.comes(/ok$/);
    if (late === 'client') wire.reset();
    else asked.reset();
    await settled();
    if (late === 'client') asked.reset();
  }
  const { wire, asked } = await put(10);
  asked.send(...OK);
  asked.reset();
  wire.reset();
  await settled();
  const { wire: last, asked: one } = await get();
  one.send(...OK);
  await last.comes(/ok$/);
  assert.deepEqual(defects(), []);
});

test('what a back-end sends unasked is not taken for the next answer', async () => {
  await serve();
  const wire = client();
  wire.head(`HEAD ${PATH} HTTP/1.1`, HOST);
  const asked = await stage.backEnd.next();
  asked.head('HTTP/1.1 200 OK', 'Content-Length: 44');
  await wire.comes(/\r\n\r\n$/);
  await settled();
  asked.send('HTTP/1.1 200 OK', 'Content-Length: 6', '', 'poison');
  await asked.end();
  wire.head(...GET);
  (await stage.backEnd.next()).send(...OK);
  assert.doesNotMatch(await wire.comes(/ok$/), /poison/);
});

test('a client that does not read the end of its answer is not waited for for ever', async () => {
  await serve({ idle: '200ms' });
  const { wire, asked } = await get();
  wire.socket.pause();
  const body = 'x'.repeat(8_000_000);
  asked.send('HTTP/1.1 200 OK', `Content-Length: ${body.length}`, '', body);
  await until(() => lastAnswer() ?? stage.events.find(({ type }) => type === 'abandoned'), {
    what: 'the end of the call',
  });
  await settled();
  wire.socket.resume();
  await wire.end();
  assert.ok(wire.bytes < body.length);
});

test('a body that is no HTTP half-way ends the call, and the client is told', async () => {
  await serve();
  const { wire, asked } = await put('chunks');
  wire.send('zzz\r\n');
  await asked.end();
  await wire.comes(/^HTTP\/1\.1 400 /);
  await settled();
});

test('requests in a row on one connection are answered in their order', async () => {
  await serve();
  const wire = client();
  wire.send(...[1, 2, 3].flatMap(i => [`GET ${PATH}/${i} HTTP/1.1`, HOST, '', '']));
  const asked = [await stage.backEnd.next(), await stage.backEnd.next(), await stage.backEnd.next()];
  for (const one of asked.reverse()) {
    const number = /x\/(\d)/.exec(one.text)?.[1];
    one.send('HTTP/1.1 200 OK', 'Content-Length: 2', '', `n${number}`);
  }
  await wire.comes(/n1[\s\S]*n2[\s\S]*n3$/);
});

test('of requests in a row the last answer ends the connection of a gateway that stops, not the first', async () => {
  await serve();
  const wire = client();
  wire.send(...[1, 2].flatMap(i => [`GET ${PATH}/${i} HTTP/1.1`, HOST, '', '']));
  const asked = [await stage.backEnd.next(), await stage.backEnd.next()];
  const closed = stage.gateway.breakwater.close(3000);
  for (const one of asked) one.send(...OK);
  await closed;
  assert.equal(await wire.end(), 'closed');
  assert.match(wire.text, /ok[\s\S]*Connection: close[\s\S]*ok$/);
});

test('a gateway that stops ends what is left: 503 before an answer, a cut within one', async () => {
  await serve();
  const waiting = await get();
  const streaming = await get();
  streaming.asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'ok', '');
  await streaming.wire.comes(/ok/);
  const closed = stage.gateway.breakwater.close(600);
  await waiting.wire.comes(/^HTTP\/1\.1 503 [\s\S]*Connection: close[\s\S]*"code":"closing"/);
  await streaming.wire.end();
  await streaming.asked.end();
  await closed;
});
