import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { createFaultServer, type FaultServer } from './fault-server.ts';
import { until } from './poll.ts';
import { post, type RawExchange, rawCall } from './raw-call.ts';
import { header } from './request-reader.ts';
import { compact } from './samples.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';
import { WcsClient } from './wcs-client.ts';

const PATH = `${APP.path}/connect`;
const CONNECT = compact('connect.request.json');
const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-secrets-'));
after(() => rmSync(FOLDER, { recursive: true }));

const sign = (body: Buffer | string, secret = 'old'): string =>
  `WCS ${createHmac('md5', secret).update(body).digest('hex')}`;
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

let backEnd: FaultServer;
let gateway: Started | undefined;
let logFile: string;
let logFd: number;
let files = 0;

beforeEach(async () => {
  backEnd = await createFaultServer();
  logFile = join(FOLDER, `log-${files++}`);
  logFd = openSync(logFile, 'w');
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await backEnd.close();
  closeSync(logFd);
});

const config = (wcs: object, app: object = {}) =>
  configFor([backEnd.url], { limit: '1s', ...app }, { wcs, log: { level: 'debug', body: 'redacted' } });

const serve = async (wcs: object, app: object = {}): Promise<Started> => {
  gateway = await startGateway(config(wcs, app), { logFd });
  return gateway;
};

/** A first byte that comes alone makes a request one for node:http. */
const byNode = (bytes: Buffer): readonly Buffer[] => [bytes.subarray(0, 1), bytes.subarray(1)];

const chunked = (body: Buffer, authorization: string): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nAuthorization: ${authorization}\r\n\r\n`,
    ),
    ...[body.subarray(0, 7), body.subarray(7)]
      .filter(part => part.length > 0)
      .flatMap(part => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ]);

const statusesOf = ({ answers }: RawExchange): number[] => answers.map(({ status }) => status);

const codeOf = ({ answers }: RawExchange): string => {
  const [answer] = answers;
  assert.equal(header(answer?.headers ?? [], 'content-type'), 'application/json;charset=UTF-8');
  return JSON.parse(answer?.body.toString() ?? '').error.code;
};

const rejected = async (code: string): Promise<number> => {
  const text = await (await fetch(`${gateway?.breakwater.adminUrl}/metrics`)).text();
  return Number(
    new RegExp(`^breakwater_rejected_requests_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
};

const logText = (): string => {
  gateway?.breakwater.log.flushSync();
  return readFileSync(logFile, 'utf8');
};

/** The two ways in: the fast path, and node:http. */
const WAYS: Readonly<Record<string, (body: Buffer, authorization: string) => readonly Buffer[]>> = {
  'in one piece': (body, authorization) => [post(PATH, body, [`Authorization: ${authorization}`])],
  'in two pieces': (body, authorization) => byNode(post(PATH, body, [`Authorization: ${authorization}`])),
  'in chunks': (body, authorization) => [chunked(body, authorization)],
};

const BODIES: Readonly<Record<string, Buffer>> = {
  'a sample': CONNECT,
  'bytes that are no text': Buffer.from([0x7b, 0x22, 0xff, 0x00, 0xfe, 0x22, 0x7d]),
  'more than one read': Buffer.from(JSON.stringify({ text: 'x'.repeat(200_000) })),
};

for (const [way, send] of Object.entries(WAYS)) {
  for (const [what, body] of Object.entries(BODIES))
    test(`a signed request passes with its signature and its body byte for byte: ${what}, ${way}`, async () => {
      const { port } = await serve({ secret: 'old' });
      await backEnd.setFault({ kind: 'healthy', body: '{}' });
      const authorization = sign(body);
      const exchange = await rawCall(port, send(body, authorization));
      assert.deepEqual(statusesOf(exchange), [200]);
      const [request] = backEnd.requests;
      assert.ok(request?.body.equals(body));
      assert.deepEqual(
        request?.headers.filter((_, at, all) => all[at - 1]?.toLowerCase() === 'authorization'),
        [authorization],
      );
    });

  test(`a wrong hash is 403 and counted, and goes nowhere, body and all: ${way}`, async () => {
    const { port } = await serve({ secret: 'old' });
    const body = Buffer.from('{"appKey":"defaultApp","name":"a-name-in-a-body"}');
    const wrong = [sign(body, 'other'), sign(CONNECT), 'WCS 1', '', basic('a', 'b'), `WCS ${'0'.repeat(32)}`];
    for (const authorization of wrong) {
      const exchange = await rawCall(port, send(body, authorization));
      assert.deepEqual(statusesOf(exchange), [403]);
      assert.equal(codeOf(exchange), 'bad_signature');
      assert.equal(exchange.ended, 'open', 'the connection serves the next request');
    }
    assert.equal(backEnd.count, 0);
    assert.equal(await rejected('bad_signature'), wrong.length);
    const log = logText();
    assert.match(log, /bad_signature/);
    assert.doesNotMatch(log, /a-name-in-a-body|defaultApp/);
  });

  test(`without credentials an app that has them says 401 and which it wants: ${way}`, async () => {
    const { port } = await serve({}, { restUsername: 'wcs', restPassword: 'word' });
    for (const authorization of ['', basic('wcs', 'other'), sign(CONNECT), basic('wcs', 'word').slice(6)]) {
      const exchange = await rawCall(port, send(CONNECT, authorization));
      assert.deepEqual(statusesOf(exchange), [401]);
      assert.equal(codeOf(exchange), 'bad_credentials');
      assert.match(header(exchange.answers[0]?.headers ?? [], 'www-authenticate') ?? '', /^Basic realm="/);
    }
    assert.equal(backEnd.count, 0);
    assert.equal(await rejected('bad_credentials'), 4);
    assert.deepEqual(statusesOf(await rawCall(port, send(CONNECT, basic('wcs', 'word')))), [200]);
    assert.equal(header(backEnd.requests[0]?.headers ?? [], 'authorization'), basic('wcs', 'word'));
  });

  test(`an address that is not allowed gets 403, whatever it knows: ${way}`, async () => {
    const { port } = await serve({ secret: 'old', addresses: ['192.0.2.1', '2001:db8::/32'] });
    const exchange = await rawCall(port, send(CONNECT, sign(CONNECT)));
    assert.deepEqual(statusesOf(exchange), [403]);
    assert.equal(codeOf(exchange), 'not_allowed');
    assert.equal(backEnd.count, 0);
    assert.equal(await rejected('not_allowed'), 1);
  });

  test(`one that is allowed passes: ${way}`, async () => {
    const { port } = await serve({ addresses: ['127.0.0.0/8'] });
    assert.deepEqual(statusesOf(await rawCall(port, send(CONNECT, 'Anything'))), [200]);
  });

  test(`two Authorization fields are refused, for the back-end might look at the other one: ${way}`, async () => {
    const { port } = await serve({ secret: 'old' });
    for (const two of [`WCS 1\r\nAuthorization: ${sign(CONNECT)}`, `${sign(CONNECT)}\r\nauthorization: WCS 1`]) {
      const exchange = await rawCall(port, send(CONNECT, two));
      assert.deepEqual(statusesOf(exchange), [400]);
      assert.equal(codeOf(exchange), 'bad_request');
    }
    assert.equal(backEnd.count, 0);
  });
}

test('a refusal does not cost WCS its connection, and the next request on it is judged anew', async () => {
  const { port } = await serve({ secret: 'old' });
  const good = post(PATH, CONNECT, [`Authorization: ${sign(CONNECT)}`]);
  const bad = post(PATH, CONNECT, [`Authorization: ${sign(CONNECT, 'other')}`]);
  const exchange = await rawCall(port, [good, bad, good, bad, good], { answers: 5, pauseMs: 50 });
  assert.deepEqual(statusesOf(exchange), [200, 403, 200, 403, 200]);
  assert.equal(exchange.ended, 'open');
  assert.equal(backEnd.count, 3);
});

test('a head that was let in once lets in no other body', async () => {
  const { port } = await serve({ secret: 'old' });
  const head = [`Authorization: ${sign('{"n":1}')}`];
  const calls = [post(PATH, '{"n":1}', head), post(PATH, '{"n":2}', head), post(PATH, '{"n":1}', head)];
  const exchange = await rawCall(port, calls, { answers: 3, pauseMs: 50 });
  assert.deepEqual(statusesOf(exchange), [200, 403, 200]);
  assert.deepEqual(
    backEnd.requests.map(({ body }) => body.toString()),
    ['{"n":1}', '{"n":1}'],
  );
});

test('an empty Authorization in front of the one that counts does not reach the back-end', async () => {
  const { port } = await serve({ secret: 'old' });
  const fields = ['Authorization:', `Authorization: ${sign(CONNECT)}`];
  assert.deepEqual(statusesOf(await rawCall(port, post(PATH, CONNECT, fields))), [200]);
  assert.equal(header(backEnd.requests[0]?.headers ?? [], 'authorization'), sign(CONNECT));
});

test('Connection cannot take the Authorization off that the gateway has looked at', async () => {
  const { port } = await serve({ secret: 'old' });
  const fields = [`Authorization: ${sign(CONNECT)}`, 'Connection: keep-alive, authorization, x-a', 'X-A: 1'];
  assert.deepEqual(statusesOf(await rawCall(port, post(PATH, CONNECT, fields))), [200]);
  assert.equal(header(backEnd.requests[0]?.headers ?? [], 'authorization'), sign(CONNECT));
  assert.equal(header(backEnd.requests[0]?.headers ?? [], 'x-a'), undefined);
});

const expecting = (authorization: string): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: ${CONNECT.length}\r\nExpect: 100-continue\r\nAuthorization: ${authorization}\r\n\r\n`;

test('a request that cannot be right is not told to send its body', async () => {
  const { port } = await serve({ secret: 'old' });
  for (const authorization of ['', 'WCS 123', basic('a', 'b')]) {
    const exchange = await rawCall(port, expecting(authorization));
    assert.equal(exchange.informational, 0, authorization);
    assert.deepEqual(statusesOf(exchange), [403]);
  }
  const may = await rawCall(port, [expecting(sign(CONNECT)), CONNECT], { pauseMs: 50 });
  assert.deepEqual([may.informational, ...statusesOf(may)], [1, 200]);
  const lied = await rawCall(port, [expecting(sign(CONNECT, 'other')), CONNECT], { pauseMs: 50 });
  assert.deepEqual([lied.informational, ...statusesOf(lied)], [1, 403]);
  assert.equal(backEnd.count, 1);
});

test('nor is one from an address that is not allowed', async () => {
  const { port } = await serve({ secret: 'old', addresses: ['192.0.2.1'] });
  const exchange = await rawCall(port, expecting(sign(CONNECT)));
  assert.deepEqual([exchange.informational, ...statusesOf(exchange)], [0, 403]);
});

test('who may not call is told so at once, before a word of the request', async () => {
  const { port } = await serve({ addresses: ['192.0.2.1'] });
  const exchange = await rawCall(port, '');
  assert.deepEqual([statusesOf(exchange), codeOf(exchange)], [[403], 'not_allowed']);
});

test('what is refused by its head is refused before its body is there', async () => {
  const { port } = await serve({ secret: 'old' });
  const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\nAuthorization: WCS 1\r\n\r\n`;
  const exchange = await rawCall(port, head);
  assert.deepEqual(statusesOf(exchange), [403]);
  assert.equal(codeOf(exchange), 'bad_signature');
  assert.ok(exchange.ms < 900, `${exchange.ms} ms, and the limit is 1000`);
});

test('strangers are not told where hooks are taken', async () => {
  const nowhere = post('/nowhere/connect', '{}');
  const messageOf = async ({ port }: Started): Promise<string> => {
    const exchange = await rawCall(port, nowhere);
    assert.deepEqual(statusesOf(exchange), [404]);
    return exchange.answers[0]?.body.toString() ?? '';
  };
  assert.match(await messageOf(await serve({})), /hooks are taken at \/apps\/EchoApp/);
  for (const [wcs, app] of [
    [{ secret: 'old' }, {}],
    [{ addresses: ['127.0.0.1'] }, {}],
    [{}, { restUsername: 'a', restPassword: 'b' }],
  ] as const) {
    await gateway?.close();
    assert.doesNotMatch(await messageOf(await serve(wcs, app)), /EchoApp/);
  }
});

test('the secret is changed while hooks come in, and none is refused that was signed with one in force', async () => {
  const started = await serve({ secret: 'old' });
  const wcs = new WcsClient({ url: started.url, connections: 8 });
  let secret = 'old';
  let isOver = false;
  const statuses = new Map<number, number>();
  const sender = async (_: unknown, i: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const body = Buffer.from(`{"sender":${i},"n":${n}}`);
      const { status } = await wcs.post('publishStream', body, { headers: { Authorization: sign(body, secret) } });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const sent = () => [...statuses.values()].reduce((all, one) => all + one, 0);
  const more = async (): Promise<void> => {
    const target = sent() + 100;
    await until(() => sent() >= target, { what: 'a hundred hooks more' });
  };
  const senders = Array.from({ length: 8 }, sender);
  try {
    await more();
    started.breakwater.reload(config({ secret: ['old', 'new'] }));
    await more();
    secret = 'new';
    // Those that were signed with the old one are answered by then.
    await more();
    started.breakwater.reload(config({ secret: 'new' }));
    await more();
    assert.deepEqual([...statuses.keys()], [200]);
    const late = await wcs.post('connect', CONNECT, { headers: { Authorization: sign(CONNECT, 'old') } });
    assert.equal(late.status, 403);
  } finally {
    isOver = true;
    await Promise.all(senders);
    wcs.close();
  }
});

test('a reload that adds a guard holds for connections and heads that were let in before', async () => {
  const started = await serve({});
  const socketCalls = rawCall(started.port, [post(PATH, '{"n":1}'), post(PATH, '{"n":1}')], {
    answers: 2,
    pauseMs: 500,
  });
  await until(() => backEnd.count === 1, { what: 'the first call' });
  started.breakwater.reload(config({ secret: 'old' }));
  assert.deepEqual(statusesOf(await socketCalls), [200, 403]);
  started.breakwater.reload(config({ addresses: ['192.0.2.1'] }));
  assert.equal(codeOf(await rawCall(started.port, post(PATH, '{"n":1}'))), 'not_allowed');
  started.breakwater.reload(config({}));
  assert.deepEqual(statusesOf(await rawCall(started.port, post(PATH, '{"n":1}'))), [200]);
});
