import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { APP } from '../start.ts';
import { client, serve, stage } from './stage.ts';

const HOST = 'Host: shop.example';
const PATH = `${APP.path}/x`;
const HINTS = ['HTTP/1.1 103 Early Hints', 'Link: </a.css>; rel=preload', 'Link: </b.js>; rel=preload'];
const PROCESSING = 'HTTP/1.1 102 Processing';
const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

const get = async (version = '1.1', ...more: readonly string[]) => {
  const wire = client();
  wire.head(`GET ${PATH} HTTP/${version}`, HOST, ...more);
  return { wire, asked: await stage.backEnd.next() };
};

/** The heads of what came, without those fields that the gateway and node:http add. */
const headsOf = (text: string): string[][] =>
  text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .map(part => part.slice(0, part.indexOf('\r\n\r\n')).split('\r\n'))
    .map(lines => lines.filter(line => !/^(?:Breakwater-|Date|Connection|Keep-Alive)/.test(line)));

test('hints reach the client while the back-end still thinks, one by one, and the answer after them', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.head(...HINTS);
  await wire.comes(/^HTTP\/1\.1 103 Early Hints\r\n(?:.+\r\n){2}\r\n$/);
  asked.head(PROCESSING);
  await wire.comes(/\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\n$/);
  // As one: two of them, and what they are hints of.
  asked.send(PROCESSING, '', ...HINTS, 'X-Last: \xc3\xa0', '', ...OK);
  const text = await wire.comes(/ok$/);
  const [answer, ...rest] = [['HTTP/1.1 200 OK', 'Content-Length: 2'], [PROCESSING], [...HINTS, 'X-Last: \xc3\xa0']];
  assert.deepEqual(headsOf(text), [HINTS, [PROCESSING], ...rest, answer]);
});

test('of the fields of a hint go on the end-to-end ones, and none that tells of a body', async () => {
  await serve();
  const { wire, asked } = await get();
  const hops = ['Connection: X-Theirs', 'X-Theirs: 1', 'Keep-Alive: timeout=1', 'Breakwater-Answer: cached'];
  asked.send(...HINTS, ...hops, 'Content-Length: 5', 'x-odd-CASE: 1', '', ...OK);
  assert.deepEqual(headsOf(await wire.comes(/ok$/))[0], [...HINTS, 'x-odd-CASE: 1']);
});

test('a client of HTTP/1.0 gets the answer alone', async () => {
  await serve();
  const { wire, asked } = await get('1.0');
  asked.send(...HINTS, '', ...OK);
  assert.match(await wire.comes(/ok$/), /^HTTP\/1\.1 200 OK\r\n/);
  assert.doesNotMatch(wire.text, /103|Link/);
});

test('the 100 is of the gateway alone: it comes once, and none of the back-end', async () => {
  await serve();
  for (const [nth, expect] of [[], ['Expect: 100-continue']].entries()) {
    const wire = client();
    wire.head(`PUT ${PATH} HTTP/1.1`, HOST, 'Content-Length: 2', ...expect);
    const asked = await stage.backEnd.next();
    asked.head('HTTP/1.1 100 Continue');
    asked.head(...HINTS);
    await wire.comes(/103 Early Hints\r\n/);
    wire.send('hi');
    await asked.comes(/hi$/);
    asked.send('HTTP/1.1 200 OK', 'Connection: close', ...OK.slice(1));
    const text = await wire.comes(/ok$/);
    assert.equal(text.split('100 Continue').length - 1, nth);
  }
});

test('hints come before the word on another protocol too', async () => {
  await serve();
  const { wire, asked } = await get('1.1', 'Connection: Upgrade', 'Upgrade: websocket');
  asked.head(...HINTS);
  await wire.comes(/^HTTP\/1\.1 103 [\s\S]*\r\n\r\n$/);
  asked.head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');
  await wire.comes(/\r\n\r\nHTTP\/1\.1 101 [\s\S]*\r\n\r\n$/);
  wire.send('ping');
  await asked.comes(/ping$/);
});

/** Sends requests of these lines in a row on one connection, and gives them as they come to the back-end. */
const row = async (...requests: readonly (readonly string[])[]): Promise<{ wire: Wire; asked: Wire[] }> => {
  const wire = client();
  wire.send(...requests.flatMap((lines, i) => [`${lines[0]} ${PATH}/${i} HTTP/1.1`, HOST, ...lines.slice(1), '', '']));
  const wires: Wire[] = [];
  for (const _ of requests) wires.push(await stage.backEnd.next());
  const asked = requests.map((_, i) => wires.find(({ text }) => text.includes(`${PATH}/${i} `)) as Wire);
  return { wire, asked };
};

const heads = (text: string): readonly string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

for (const [what, framing, body] of [
  ['with a length', ['Content-Length: 2'], ['ok']],
  ['in chunks', ['Transfer-Encoding: chunked'], ['2', 'ok', '0', '', '']],
] as const)
  test(`hints of a request behind another one wait with its answer ${what}, and stand before it`, async () => {
    await serve();
    const { wire, asked } = await row(['GET'], ['GET']);
    asked[1]?.send(...HINTS, '', 'HTTP/1.1 203 Fine', ...framing, '', ...body);
    await until(() => stage.events.filter(({ type }) => type === 'attempt').length === 1, {
      what: 'the second answer',
    });
    assert.equal(wire.text, '');
    asked[0]?.send(...HINTS, '', ...OK);
    await wire.comes(/203 Fine[\s\S]*ok/);
    assert.deepEqual(heads(wire.text), ['HTTP/1.1 103', 'HTTP/1.1 200', 'HTTP/1.1 103', 'HTTP/1.1 203']);
    assert.deepEqual(headsOf(wire.text)[2], HINTS);
  });

test('a 100 for a request behind another one stands before its answer', async () => {
  await serve();
  const { wire, asked } = await row(['GET'], ['PUT', 'Expect: 100-continue', 'Content-Length: 2000000']);
  asked[1]?.send('HTTP/1.1 413 Too Large', 'Content-Length: 2', '', 'no');
  await until(() => stage.events.some(({ type }) => type === 'attempt'), { what: 'the second answer' });
  asked[0]?.send(...OK);
  await wire.comes(/413 [\s\S]*no$/);
  assert.deepEqual(heads(wire.text), ['HTTP/1.1 200', 'HTTP/1.1 100', 'HTTP/1.1 413']);
});

test('and so does the one for a hook, however long its answer is', async () => {
  await serve();
  const { wire, asked } = await row(['GET']);
  wire.send(`POST ${APP.path}/connect HTTP/1.1`, HOST, 'Expect: 100-continue', 'Content-Length: 2', '', '{}');
  const hook = await stage.backEnd.next();
  const body = JSON.stringify({ much: 'x'.repeat(10_000) });
  hook.send('HTTP/1.1 200 OK', `Content-Length: ${body.length}`, '', body);
  await until(() => stage.events.some(({ type }) => type === 'answered'), { what: 'the answer to the hook' });
  asked[0]?.send(...OK);
  await wire.comes(/x"\}$/);
  assert.deepEqual(heads(wire.text), ['HTTP/1.1 200', 'HTTP/1.1 100', 'HTTP/1.1 200']);
});

test('a hint is no first byte: what falls silent behind it is a 504, and so is what only sends more of them', async () => {
  await serve({ firstByte: '200ms' });
  const { wire, asked } = await get();
  const timer = setInterval(() => asked.head(PROCESSING), 20);
  await wire.comes(/\r\n\r\nHTTP\/1\.1 504 [\s\S]*passthrough\.firstByte/).finally(() => clearInterval(timer));
  await asked.end();
  const attempt = stage.events.findLast(event => event.type === 'attempt')?.attempt;
  assert.equal(attempt?.outcome, 'timeout');
});

test('what breaks behind a hint is told as if there had been none', async () => {
  await serve();
  const { wire, asked } = await get();
  asked.head(...HINTS);
  await wire.comes(/103/);
  asked.reset();
  await wire.comes(/\r\n\r\nHTTP\/1\.1 502 [\s\S]*"code":"reset"/);
});

test('a fallback takes the place of an answer whose hints have left, and keeps none of them', async () => {
  await serve({ routes: { [PATH]: { fallback: ['cached', { body: {} }] } } });
  const ask = async (...last: readonly string[]) => {
    const { wire, asked } = await get();
    asked.send(...HINTS, '', ...last);
    return { wire, asked };
  };
  const first = await ask('HTTP/1.1 200 OK', 'Cache-Control: max-age=60', 'Connection: close', ...OK.slice(1));
  await first.wire.comes(/ok$/);
  const { wire } = await ask('HTTP/1.1 500 Oh No', 'Connection: close', 'Content-Length: 4', '', 'oops');
  const text = await wire.comes(/Breakwater-Answer: cached[\s\S]*ok$/);
  assert.deepEqual(heads(text), ['HTTP/1.1 103', 'HTTP/1.1 200']);
  assert.equal(text.split('Link:').length - 1, 2);
});

test('hints for a client that has left, or behind the begin of an answer, do nothing', async () => {
  await serve();
  const left = await get();
  left.wire.reset();
  left.asked.head(...HINTS);
  await left.asked.end();
  const begun = await get();
  begun.asked.send('HTTP/1.1 200 OK', 'Content-Length: 100', '', 'ok');
  await begun.wire.comes(/ok$/);
  begun.asked.head(...HINTS);
  await begun.wire.comes(/ok[\s\S]*b\.js[\s\S]*\r\n$/);
  assert.deepEqual(heads(begun.wire.body), ['HTTP/1.1 103']);
  assert.equal(begun.wire.body.length, 2 + HINTS.join('\r\n').length + 4);
  assert.deepEqual(
    stage.events.filter(({ type }) => type === 'defect'),
    [],
  );
});

test('a client that does not read is not sent hints without end', async () => {
  await serve();
  const { wire, asked } = await get();
  wire.socket.pause();
  const hint = `${[...HINTS, `X-Much: ${'x'.repeat(8000)}`].join('\r\n')}\r\n\r\n`;
  const most = 64 * 1024 * 1024;
  for (let sent = 0; sent < most; sent += 32 * hint.length) {
    asked.socket.write(hint.repeat(32));
    await until(() => asked.socket.writableLength === 0, { what: 'hints to be taken' });
  }
  asked.send(...OK);
  wire.socket.resume();
  await wire.comes(/ok$/);
  assert.ok(wire.bytes < most / 2, `${wire.bytes} bytes`);
});
