import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Event } from '../../src/core/events.ts';
import { until } from '../poll.ts';
import { readConfig, type Started, startGateway } from '../start.ts';

type Play = (request: IncomingMessage, response: ServerResponse) => void;

/** What the back-end does next; the test changes it. */
let play: Play = () => {};
let asked: IncomingMessage[] = [];
const sockets = new Set<Socket>();
const backEnd = createServer((request, response) => {
  asked.push(request);
  // What breaks on a connection of its own is a break, and not the end of an idle one.
  response.shouldKeepAlive = false;
  play(request, response);
});
backEnd.on('connection', socket => sockets.add(socket.once('close', () => sockets.delete(socket))));

const ROUTES = {
  '/api/*': { fallback: ['cached', { body: { state: 'unknown' } }], limit: '300ms' },
  '/api/only': { fallback: ['cached'] },
  '/api/list': { fallback: [{ body: [] }] },
  '/me/*': { fallback: ['cached', 'unavailable'], personal: true },
};

let gateway: Started;
let events: Event[] = [];

const upstreams = (): string[] => [`http://127.0.0.1:${(backEnd.address() as AddressInfo).port}`];
const config = (concurrency: object) =>
  readConfig({
    apps: [{ name: 'EchoApp', path: '/apps/EchoApp', upstreams: upstreams() }],
    passthrough: { upstreams: upstreams(), firstByte: '5s', breaker: false, concurrency, routes: ROUTES },
    cache: { answers: { each: '64KiB' } },
  });

before(async () => {
  await once(backEnd.listen(0, '127.0.0.1'), 'listening');
});
after(() => {
  for (const socket of sockets) socket.destroy();
  backEnd.close();
});
beforeEach(async () => {
  events = [];
  asked = [];
  gateway = await startGateway(config({ max: 2, queue: 0 }), { listener: event => events.push(event) });
});
afterEach(() => gateway.close());

interface Got {
  readonly status: number | undefined;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
  readonly isWhole: boolean;
  readonly dates: readonly string[] | undefined;
}

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> =>
  new Promise((resolve, reject) => {
    const asking = request({ port: gateway.port, path, method, headers, agent: false }, response => {
      const chunks: Buffer[] = [];
      const end = () =>
        resolve({
          status: response.statusCode,
          body: Buffer.concat(chunks),
          headers: response.headers,
          isWhole: response.complete,
          dates: response.headersDistinct.date,
        });
      response
        .on('data', chunk => chunks.push(chunk))
        .on('error', () => {})
        .once('close', end);
    });
    asking.once('error', reject).end();
  });

const says = ({ status, body, headers }: Got): string =>
  `${status} ${/^\w+/.exec(String(headers['breakwater-answer']))} ${body}`;

const good =
  (text: string, headers: Record<string, string> = {}): Play =>
  (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text), ...headers });
    response.end(text);
  };
const failing: Play = (_request, response) => response.writeHead(503).end('down');
const breaking: Play = request => request.socket.destroy();
const silent: Play = () => {};

const DEFAULT = '200 default {"state":"unknown"}';

describe('a GET whose back-end fails', () => {
  for (const [name, fault, reason, proxy] of [
    ['answers 5xx', failing, 'status', 'received-status=503'],
    ['breaks the connection', breaking, 'reset', 'error=connection_terminated'],
    ['stays silent', silent, 'limit', 'error=http_response_timeout'],
  ] as const) {
    test(`gets the last good answer where it ${name}, and is told why`, async () => {
      play = good('one', { ETag: '"1"', 'X-Of': 'origin', Date: 'Tue, 24 Nov 2026 10:00:00 GMT' });
      assert.equal(says(await ask('/api/a?b=1')), '200 upstream one');
      play = fault;
      const startedAt = performance.now();
      const got = await ask('/api/a?b=1');
      assert.equal(says(got), '200 cached one');
      assert.ok(performance.now() - startedAt < 2000);
      assert.equal(got.headers['breakwater-answer'], `cached; reason=${reason}; age=0`);
      assert.equal(got.headers.age, '0');
      assert.deepEqual(got.dates, ['Tue, 24 Nov 2026 10:00:00 GMT']);
      assert.equal(got.headers['content-length'], '3');
      assert.equal(got.headers['x-of'], 'origin');
      assert.match(String(got.headers['cache-status']), /^breakwater;fwd=stale;/);
      assert.match(String(got.headers['proxy-status']), new RegExp(`^breakwater;${proxy};`));
      assert.equal(says(await ask('/api/a?b=2')), DEFAULT);
    });
  }

  test('gets the same where there is no room', async () => {
    play = good('one');
    await ask('/api/a');
    play = silent;
    const held = [ask('/me/1'), ask('/me/2')];
    await until(() => asked.length === 3, { what: 'both places taken' });
    const got = await ask('/api/a');
    assert.equal(got.headers['breakwater-answer'], 'cached; reason=overload; age=0');
    assert.equal(got.headers['cache-status'], 'breakwater;hit;detail=overload');
    for (const { socket } of asked) socket.destroy();
    const statuses = (await Promise.all(held)).map(({ status }) => status);
    assert.deepEqual(statuses, [503, 503]);
  });

  test('is counted by its source', async () => {
    play = good('one');
    await ask('/api/a');
    play = breaking;
    await ask('/api/a');
    const answered = events.filter(event => event.type === 'answered');
    assert.deepEqual(
      answered.map(({ call, answer }) => [call.route.app, call.route.hook, answer.source, answer.reason]),
      [
        ['passthrough', 'passthrough', 'upstream', undefined],
        ['passthrough', 'passthrough', 'cached', 'reset'],
      ],
    );
    const looked = events.filter(event => event.type === 'cache').map(({ result }) => result);
    assert.deepEqual(looked, ['hit']);
    const { body } = await gateway.breakwater.metrics.render(false);
    assert.match(body, /breakwater_answers_total\{.*source="cached",reason="reset",code="200"\} 1/);
  });

  test('gets nothing else once its answer has begun to leave, and sees the break', async () => {
    play = good('one');
    await ask('/api/a');
    play = (_request, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('begun', () => response.destroy());
    };
    assert.equal((await ask('/api/a')).isWhole, false);
    play = breaking;
    assert.equal(says(await ask('/api/a')), '200 cached one');
  });

  test('waits for the first byte no longer than its limit, and for the rest as long as that takes', async () => {
    const ends: (() => void)[] = [];
    play = (_request, response) => {
      response.writeHead(200, { 'Content-Length': 6 }).write('one');
      ends.push(() => response.end('two'));
    };
    const slow = ask('/api/slow');
    await until(() => ends.length === 1, { what: 'the first half is out' });
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 400, { what: 'the limit has passed' });
    ends[0]?.();
    assert.equal(says(await slow), '200 upstream onetwo');
  });
});

describe('a HEAD, a conditional and a ranged GET', () => {
  test('are answered from what a GET left', async () => {
    play = good('one', { ETag: '"1"' });
    await ask('/api/a');
    play = breaking;
    const head = await ask('/api/a', {}, 'HEAD');
    assert.equal(says(head), '200 cached ');
    assert.equal(head.headers['content-length'], '3');
    const conditional = await ask('/api/a', { 'If-None-Match': '"1"' });
    assert.equal(says(conditional), '304 cached ');
    assert.equal(conditional.headers.etag, '"1"');
    assert.equal(conditional.headers['content-length'], undefined);
    assert.equal(says(await ask('/api/a', { Range: 'bytes=0-0' })), '200 cached one');
  });
});

describe('what a route has no answer for', () => {
  test('passes as it is, or fails as it does anywhere', async () => {
    play = failing;
    assert.equal(says(await ask('/api/only')), '503 upstream down');
    assert.equal(says(await ask('/api/a', { 'Content-Length': '0' }, 'POST')), '503 upstream down');
    play = breaking;
    const got = await ask('/api/only');
    assert.equal(got.status, 502);
    assert.equal(got.headers['breakwater-answer'], 'unavailable; reason=reset');
    assert.equal(got.headers['proxy-status'], 'breakwater;error=connection_terminated;details="reset"');
    assert.equal(got.headers['cache-control'], 'no-store');
    assert.equal((await ask('/elsewhere')).headers['proxy-status'], got.headers['proxy-status']);
  });

  test('is not replaced where the back-end has answered: its own no stays', async () => {
    play = (_request, response) => response.writeHead(404).end('none');
    assert.equal(says(await ask('/api/list')), '404 upstream none');
    play = breaking;
    assert.equal(says(await ask('/api/list')), '200 default []');
  });
});

describe('what is kept', () => {
  test('is told apart by what the back-end chose it by', async () => {
    play = (request, response) => {
      const packs = request.headers['accept-encoding'] === 'gzip';
      const body = packs ? gzipSync('packed') : Buffer.from(`plain ${request.headers['accept-language']}`);
      response.writeHead(200, { Vary: 'Accept-Language', ...(packs && { 'Content-Encoding': 'gzip' }) }).end(body);
    };
    await ask('/api/a', { 'Accept-Language': 'de' });
    await ask('/api/a', { 'Accept-Language': 'de', 'Accept-Encoding': 'gzip' });
    play = breaking;
    assert.equal(says(await ask('/api/a', { 'Accept-Language': 'en' })), DEFAULT);
    const packed = await ask('/api/a', { 'Accept-Language': 'de', 'Accept-Encoding': 'gzip' });
    assert.equal(gunzipSync(packed.body).toString(), 'packed');
  });

  test('was chosen by what the back-end saw, not by what the client sent', async () => {
    play = (request, response) =>
      response.writeHead(200, { Vary: 'Accept-Language' }).end(`for ${request.headers['accept-language']}`);
    await ask('/api/a', { 'Accept-Language': 'de', Connection: 'close, Accept-Language' });
    play = breaking;
    assert.equal(says(await ask('/api/a', { 'Accept-Language': 'de' })), DEFAULT);
    assert.equal(says(await ask('/api/a')), '200 cached for undefined');
  });

  test('is of nobody who shows who asks, but where the operator says so', async () => {
    play = (request, response) => response.writeHead(200, { 'Set-Cookie': 'a=1' }).end(`for ${request.headers.cookie}`);
    const clients: Record<string, string>[] = [{}, { Cookie: 'ann' }, { Cookie: 'bob' }];
    for (const path of ['/api/a', '/me/a']) for (const headers of clients) await ask(path, headers);
    play = breaking;
    assert.equal(says(await ask('/api/a')), DEFAULT);
    assert.equal(says(await ask('/api/a', { Cookie: 'ann' })), DEFAULT);
    const ann = await ask('/me/a', { Cookie: 'ann' });
    assert.equal(says(ann), '200 cached for ann');
    assert.equal(ann.headers['set-cookie'], undefined);
    assert.equal((await ask('/me/a', { Cookie: 'eve' })).status, 503);
  });

  test('is taken back by a change of the same target', async () => {
    play = good('one');
    await ask('/api/a');
    await ask('/api/a', { 'Content-Length': '0' }, 'PUT');
    play = breaking;
    assert.equal(says(await ask('/api/a')), DEFAULT);
  });

  test('is nothing that is larger than may be, and of that nothing is lost', async () => {
    const large = 'x'.repeat(200_000);
    play = (_request, response) => response.end(large);
    assert.equal((await ask('/api/a')).body.length, large.length);
    play = breaking;
    assert.equal(says(await ask('/api/a')), DEFAULT);
  });

  test('is nothing whose end cannot be told from a break', async () => {
    play = ({ socket }) => socket.end('HTTP/1.0 200 OK\r\n\r\nmaybe all');
    assert.equal(says(await ask('/api/a')), '200 upstream maybe all');
    play = breaking;
    assert.equal(says(await ask('/api/a')), DEFAULT);
  });

  test('outlives a reload of the configuration', async () => {
    play = good('one');
    await ask('/api/a');
    gateway.breakwater.reload(config({ max: 3 }));
    play = breaking;
    assert.equal(says(await ask('/api/a')), '200 cached one');
  });
});
