import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, readConfig } from '../start.ts';
import { client, serve, stage } from './stage.ts';

const HOST = 'Host: shop.example';
const PUT = [`PUT ${APP.path}/x HTTP/1.1`, HOST];
const CHUNKS = 'Transfer-Encoding: chunked';
const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

const put = async (...more: readonly string[]) => {
  const wire = client();
  wire.head(...PUT, ...more);
  return { wire, asked: await stage.backEnd.next() };
};

for (const [what, announced] of [
  ['announced', ['Trailer: X-Sum, X-More']],
  ['not announced', []],
] as const)
  test(`trailers of a request that were ${what} reach the back-end behind the body`, async () => {
    await serve();
    const { wire, asked } = await put(CHUNKS, ...announced);
    wire.send('2', 'hi', '');
    await asked.comes(/2\r\nhi\r\n$/);
    wire.send('0', 'X-Sum: a', 'x-sum: \xc3\xa0', 'X-More:', '', '');
    await asked.comes(/2\r\nhi\r\n0\r\nX-Sum: a\r\nx-sum: \xc3\xa0\r\nX-More: \r\n\r\n$/);
    assert.equal(/^Trailer: (.*)\r$/m.exec(asked.text)?.[1], announced.length > 0 ? 'X-Sum, X-More' : undefined);
    asked.send(...OK);
    await wire.comes(/ok$/);
  });

test('trailers that a server could obey as if they were in the head stay behind, both ways', async () => {
  await serve();
  const { wire, asked } = await put(CHUNKS, 'Connection: X-Mine');
  const obeyed = ['Host: b', 'Cookie: s=1', 'Authorization: Basic eA==', 'X-Forwarded-For: 9.9.9.9', 'If-Match: *'];
  wire.send('2', 'hi', '0', ...obeyed, 'X-Mine: 1', 'X-Sum: 9', '', '');
  await asked.comes(/2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n$/);
  const back = ['Set-Cookie: s=1', 'Connection: close', 'Breakwater-Answer: cached', 'Cache-Control: public'];
  asked.send('HTTP/1.1 200 OK', CHUNKS, '', '2', 'ok', '0', ...back, 'X-Sum: 9', '', '');
  await wire.comes(/2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n$/);
});

test('a framing that comes behind the body is no HTTP: 400, and nothing whole for the back-end', async () => {
  for (const framing of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    await serve();
    const { wire, asked } = await put(CHUNKS);
    wire.send('2', 'hi', '0', framing, '', '');
    await wire.comes(/^HTTP\/1\.1 400 /);
    await asked.end();
    assert.doesNotMatch(asked.body, /\r\n0\r\n/);
    if (framing.startsWith('C')) await stage.close();
  }
});

test('an announcement of trailers without chunks, or without a body, goes no further and does no harm', async () => {
  await serve();
  for (const [framing, body] of [
    [['Content-Length: 2'], 'hi'],
    [[], ''],
  ] as const) {
    const { wire, asked } = await put(...framing, 'Trailer: X-Sum');
    wire.send(body);
    await asked.comes(new RegExp(`\r\n\r\n${body}$`));
    assert.doesNotMatch(asked.text, /Trailer/);
    asked.send('HTTP/1.1 200 OK', 'Connection: close', ...OK.slice(1));
    await wire.comes(/ok$/);
  }
});

test('trailers behind a body that was answered early go nowhere, and the connection serves the next request', async () => {
  await serve();
  const { wire, asked } = await put(CHUNKS);
  wire.send('2', 'hi', '');
  await asked.comes(/hi\r\n$/);
  asked.send(...OK);
  await wire.comes(/ok$/);
  wire.send('0', 'X-Sum: 9', '', '');
  await asked.end();
  assert.doesNotMatch(asked.body, /X-Sum/);
  wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  (await stage.backEnd.next()).send('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'again');
  await wire.comes(/again$/);
});

test('to another upstream, where the first takes no connection, the trailers go with the body', async () => {
  await serve();
  const upstreams = [stage.backEnd.url, 'http://127.0.0.1:9'];
  const apps = [{ ...APP, upstreams, passthrough: true, breaker: false, ejection: false }];
  assert.ok(stage.gateway.breakwater.reload(readConfig({ apps })));
  const answers: string[] = [];
  // Of two in a row at least one turns to the dead upstream first.
  for (let nth = 0; nth < 2; nth++) {
    const wire = client();
    wire.head(...PUT, CHUNKS, 'Trailer: X-Sum');
    wire.send('2', 'hi', '0', 'X-Sum: 9', '', '');
    const asked = await stage.backEnd.next();
    await asked.comes(/\r\nTrailer: X-Sum\r\n[\s\S]*\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n$/);
    asked.send('HTTP/1.1 200 OK', 'Connection: close', ...OK.slice(1));
    answers.push(await wire.comes(/ok$/));
  }
  assert.ok(answers.some(text => text.includes('attempts=2')));
});
