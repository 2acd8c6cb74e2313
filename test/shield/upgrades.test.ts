import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { Wire } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { APP, configFor, startGateway } from '../start.ts';
import { client as connect, serve, stage } from './stage.ts';

const HOST = 'Host: shop.example';
const CHANGE = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: raw/1'];

const offer = (...lines: readonly string[]): Wire => {
  const wire = connect();
  wire.head(`GET ${APP.path}/socket HTTP/1.1`, HOST, 'Connection: Upgrade', ...lines);
  return wire;
};

/** A connection through the gateway that has changed to the protocol `raw/1`, seen from both ends. */
const join = async () => {
  const client = offer('Upgrade: raw/1');
  const backEnd = await stage.backEnd.next();
  backEnd.head(...CHANGE);
  await client.comes(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
  return { client, backEnd };
};

const metrics = async (): Promise<string> => await (await fetch(`${stage.gateway.breakwater.adminUrl}/metrics`)).text();
const open = async (): Promise<string | undefined> =>
  /^breakwater_upgrades\{app="EchoApp"\} (\d+)$/m.exec(await metrics())?.[1];

test('WebSockets speak through the gateway, texts and large binaries', async () => {
  await serve();
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', socket => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = await startGateway(configFor([`http://127.0.0.1:${port}`], { passthrough: true }));
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${APP.path}/chat`, ['one', 'two']);
  const heard: Buffer[] = [];
  socket.on('message', data => heard.push(data as Buffer));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  assert.equal(socket.protocol, 'one');
  const large = Buffer.alloc(3_000_000, 'x');
  socket.send('hello');
  socket.send(large);
  await until(() => heard.length === 2, { what: 'both echoes' });
  assert.equal(heard[0]?.toString(), 'hello');
  assert.ok(heard[1]?.equals(large));
  socket.close();
  await new Promise(resolve => socket.on('close', resolve));
  sockets.close();
  server.close();
  await gateway.close();
});

test('any other protocol passes too, with what comes before and right behind the 101', async () => {
  await serve();
  const client = offer('Upgrade: raw/1, h2c', 'X-Mine: 1');
  client.send('early');
  const backEnd = await stage.backEnd.next();
  assert.match(backEnd.text, /\r\nConnection: Upgrade\r\nUpgrade: raw\/1\r\n/);
  assert.match(backEnd.text, /\r\nX-Mine: 1\r\n/);
  assert.doesNotMatch(backEnd.text, /early/);
  backEnd.send(...CHANGE, 'Keep-Alive: timeout=5', 'X-Theirs: 1', '', 'at once');
  const text = await client.comes(/at once$/);
  assert.match(
    text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nX-Theirs: 1\r\nConnection: Upgrade\r\nUpgrade: raw\/1\r\n/,
  );
  assert.match(text, /\r\nBreakwater-Answer: upstream\r\nBreakwater-Call-Id: [0-9a-f-]{36}\r\n/);
  await backEnd.comes(/early$/);
  client.send(' and late');
  await backEnd.comes(/early and late$/);
});

test('an upgraded connection takes no room among the calls, and is counted', async () => {
  await serve(true, { concurrency: { max: 1, queue: 0 } });
  const one = await join();
  const two = await join();
  assert.equal(stage.gateway.breakwater.held.inflight, 0);
  assert.equal(await open(), '2');
  one.client.socket.destroy();
  two.client.socket.destroy();
  await until(async () => (await open()) === '0', { what: 'both to be gone' });
});

test('what the back-end answers in place of a change is passed on, and the connection ends', async () => {
  await serve();
  const client = offer('Upgrade: raw/1');
  const backEnd = await stage.backEnd.next();
  const body = 'x'.repeat(500_000);
  backEnd.send('HTTP/1.1 401 Unauthorized', 'WWW-Authenticate: Basic', `Content-Length: ${body.length}`, '', body);
  assert.equal(await client.end(), 'closed');
  assert.match(client.text, /^HTTP\/1\.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n[\s\S]*Connection: close\r\n/);
  assert.equal(client.body.length, body.length);
  await until(async () => (await open()) === '0', { what: 'its place to be free' });
});

test('a back-end that is not there is a 502 in JSON, one that is silent a 504', async () => {
  await serve({ firstByte: '100ms' });
  const client = offer('Upgrade: raw/1');
  const backEnd = await stage.backEnd.next();
  await client.comes(/^HTTP\/1\.1 504 [\s\S]*"code":"timeout"/);
  assert.equal(await client.end(), 'closed');
  await backEnd.end();
  stage.backEnd.close();
  const other = offer('Upgrade: raw/1');
  await other.comes(/^HTTP\/1\.1 502 [\s\S]*"code":"refused"/);
  assert.equal(await other.end(), 'closed');
});

test('a change to something that was not offered is a 502', async () => {
  await serve();
  const client = offer('Upgrade: raw/1');
  const backEnd = await stage.backEnd.next();
  backEnd.head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: other');
  await client.comes(/^HTTP\/1\.1 502 /);
  await backEnd.end();
});

test('offers of another HTTP, of TLS, with a body, or to a hook mean nothing', async () => {
  await serve();
  for (const upgrade of ['h2c', 'TLS/1.2', 'HTTP/2.0']) {
    const client = offer(`Upgrade: ${upgrade}`);
    const backEnd = await stage.backEnd.next();
    assert.doesNotMatch(backEnd.text, /Upgrade/i, upgrade);
    backEnd.send('HTTP/1.1 200 OK', 'Content-Length: 2', 'Connection: close', '', 'ok');
    await client.comes(/^HTTP\/1\.1 200 [\s\S]*Connection: keep-alive[\s\S]*ok$/);
    backEnd.socket.destroy();
  }
  const withBody = offer('Upgrade: raw/1', 'Content-Length: 5');
  withBody.send('hello');
  const backEnd = await stage.backEnd.next();
  await backEnd.comes(/hello$/);
  assert.doesNotMatch(backEnd.text, /Upgrade/i);
});

test('beyond passthrough.upgrades there is a 503, and a place that is free again is given away', async () => {
  await serve({ upgrades: 1 });
  const { client } = await join();
  const other = offer('Upgrade: raw/1');
  await other.comes(/^HTTP\/1\.1 503 [\s\S]*"code":"overload"[\s\S]*passthrough\.upgrades/);
  client.socket.destroy();
  await until(async () => (await open()) === '0', { what: 'the place to be free' });
  await join();
});

test('a client that leaves before the 101 ends the call of the back-end and frees its place', async () => {
  await serve();
  const client = offer('Upgrade: raw/1');
  const backEnd = await stage.backEnd.next();
  client.socket.destroy();
  await backEnd.end();
  await until(async () => (await open()) === '0', { what: 'the place to be free' });
  await until(() => stage.gateway.breakwater.held.visits === 0, { what: 'nobody waits' });
});

test('a connection on which nothing comes either way is ended, one on which something does is not', async () => {
  await serve({ idle: '200ms' });
  const { client, backEnd } = await join();
  for (let i = 0; i < 6; i++) {
    (i % 2 === 0 ? client : backEnd).send('.');
    await new Promise(resolve => setTimeout(resolve, 80));
  }
  assert.equal(client.ended, 'open');
  await client.end();
  await backEnd.end();
});

test('whichever side ends, the other one ends too, with what was on its way', async () => {
  await serve();
  const ways = {
    'the client ends': ({ client }: { client: Wire }) => client.socket.end('last words'),
    'the back-end ends': ({ backEnd }: { backEnd: Wire }) => backEnd.socket.end('last words'),
    'the client breaks': ({ client }: { client: Wire }) => client.reset(),
    'the back-end breaks': ({ backEnd }: { backEnd: Wire }) => backEnd.reset(),
  };
  for (const [what, end] of Object.entries(ways)) {
    const sides = await join();
    end(sides);
    const other = what.startsWith('the client') ? sides.backEnd : sides.client;
    await other.end();
    if (what.endsWith('ends')) assert.match(other.text, /last words$/, what);
    other.socket.destroy();
    await until(async () => (await open()) === '0', { what });
  }
  assert.deepEqual(
    stage.events.filter(({ type }) => type === 'defect'),
    [],
  );
});

test('a reload leaves upgraded connections and downloads alone', async () => {
  await serve();
  const { client, backEnd } = await join();
  const download = connect();
  download.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  const asked = await stage.backEnd.next();
  asked.send('HTTP/1.1 200 OK', 'Content-Length: 4', '', 'ok');
  await download.comes(/ok$/);
  stage.gateway.breakwater.reload(configFor([stage.backEnd.url], { passthrough: { upgrades: 1 } }));
  client.send('still');
  await backEnd.comes(/still$/);
  asked.send('ay');
  await download.comes(/okay$/);
  // They count on.
  await offer('Upgrade: raw/1').comes(/^HTTP\/1\.1 503 /);
});

test('a gateway that stops ends them', async () => {
  await serve();
  const { client, backEnd } = await join();
  await stage.gateway.breakwater.close(5000);
  await client.end(200);
  await backEnd.end(200);
});
