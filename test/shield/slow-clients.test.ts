import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { Readers } from '../../src/server/pace.ts';
import { dial } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { post, type RawExchange, rawCall } from '../raw-call.ts';
import { APP } from '../start.ts';
import { backEnd, gateway, rejected, serveWithin } from './within-limits.ts';

const HOOK = `${APP.path}/call`;
const HEAD = `POST ${HOOK} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
const WHOLE = post(HOOK, '{"callId":"1"}');

/** 13,000 bytes. */
const BODY = JSON.stringify({ a: 'x'.repeat(12_992) });

const statuses = ({ answers }: RawExchange): number[] => answers.map(({ status }) => status);

describe('headers that do not come within headersWithin', () => {
  /** All at once: each waits for its time-out. */
  const WAYS: Readonly<Record<string, { readonly parts: readonly (string | Buffer)[]; readonly wanted: number[] }>> = {
    'of a first request': { parts: [HEAD], wanted: [408] },
    'of one byte': { parts: ['P'], wanted: [408] },
    'of line breaks before a request': { parts: ['\r\n', '\r\n'], wanted: [408] },
    'drip by drip': { parts: [HEAD, ...Array.from({ length: 40 }, (_, i) => `X-${i}: a\r\n`)], wanted: [408] },
    'after a request that came whole': { parts: [WHOLE, HEAD], wanted: [200, 408] },
    'after a request in pieces': { parts: [WHOLE.subarray(0, 9), WHOLE.subarray(9), HEAD], wanted: [200, 408] },
    'behind a request in the same read': { parts: [Buffer.concat([WHOLE, Buffer.from(HEAD)])], wanted: [200, 408] },
    'after several': { parts: [WHOLE, WHOLE, WHOLE, HEAD], wanted: [200, 200, 200, 408] },
  };

  test('are answered with 408 and the connection is closed, wherever on it they stand, and counted', async () => {
    await serveWithin({ headersWithin: '1s' });
    const exchanges = await Promise.all(
      Object.values(WAYS).map(({ parts }) => rawCall(gateway.port, parts, { answers: 99, pauseMs: 100 })),
    );
    for (const [i, [way, { wanted }]] of Object.entries(WAYS).entries()) {
      const exchange = exchanges[i] as RawExchange;
      assert.deepEqual([way, ...statuses(exchange)], [way, ...wanted]);
      assert.equal(exchange.ended, 'closed', way);
      assert.ok(exchange.ms < 4000, `${way}: ${exchange.ms} ms`);
    }
    assert.deepEqual(
      rejected,
      Object.keys(WAYS).map(() => 'request_timeout'),
    );
  });
});

test('a body slower than bodyRate is cut with 408, counted, and one that keeps the pace gets through', async () => {
  await serveWithin({ bodyRate: '1KiB' }, { limit: '12s' });
  const announced = `${HEAD}Content-Length: ${BODY.length}\r\n\r\n`;
  const drip = rawCall(gateway.port, [announced, ...Array.from({ length: 100 }, () => ' ')], {
    answers: 1,
    pauseMs: 200,
    deadlineMs: 15_000,
  });
  // Some 2200 bytes a second for six seconds, so it is judged once.
  const paced = rawCall(gateway.port, [announced, ...(BODY.match(/.{1000}/g) ?? [])], {
    answers: 1,
    pauseMs: 450,
    deadlineMs: 15_000,
  });
  const [slow, steady] = await Promise.all([drip, paced]);
  assert.deepEqual(statuses(slow), [408]);
  assert.match(slow.answers[0]?.body.toString() ?? '', /slower than limits\.bodyRate, 1024 bytes a second/);
  assert.ok(slow.ms > 4900 && slow.ms < 8000, `${slow.ms} ms`);
  assert.deepEqual(statuses(steady), [200]);
  assert.deepEqual(rejected, ['request_timeout']);
});

describe('connections of one address', () => {
  const open = (localAddress: string) => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
    let text = '';
    socket.on('data', chunk => (text += chunk)).on('error', () => {});
    return { socket, answer: () => text };
  };

  test('are as many as perAddress at most; others come in, and a place that is left can be had', async () => {
    await serveWithin({ perAddress: 2 });
    const [first, second, third] = ['127.0.0.2', '127.0.0.2', '127.0.0.2'].map(open);
    await until(() => third?.answer().startsWith('HTTP/1.1 503'), { what: 'a refusal' });
    assert.match(third?.answer() ?? '', /reason=connections/);
    assert.match(third?.answer() ?? '', /more than 2 connections of one address/);
    const other = open('127.0.0.3');
    for (const { socket, answer } of [second ?? assert.fail(), other]) {
      socket.write(WHOLE);
      await until(() => answer().startsWith('HTTP/1.1 200'), { what: 'an answer' });
    }
    first?.socket.destroy();
    await until(
      async () => {
        const again = open('127.0.0.2');
        again.socket.write(WHOLE);
        const answer = await until(() => again.answer(), { what: 'any answer' });
        again.socket.destroy();
        return answer.startsWith('HTTP/1.1 200');
      },
      { what: 'room again' },
    );
    assert.ok(rejected.every(code => code === 'connections'));
    for (const each of [second, third, other]) each?.socket.destroy();
  });
});

describe('a client that asks for a tunnel', () => {
  const ASK = ['CONNECT a:443 HTTP/1.1', 'Host: a'];

  test('gives its place back although it never closes', async () => {
    await serveWithin({ perAddress: 1 });
    const wire = dial(gateway.port, true);
    wire.head(...ASK);
    await wire.comes(/^HTTP\/1\.1 405 /);
    await until(async () => (await rawCall(gateway.port, WHOLE)).answers[0]?.status === 200, { what: 'a place' });
    wire.socket.destroy();
  });

  test('may break off at any time', async () => {
    await serveWithin({});
    const waiting = dial(gateway.port);
    waiting.send(WHOLE.toString('latin1'), '');
    waiting.head(...ASK);
    for (let i = 0; i < 30; i++) {
      const wire = dial(gateway.port);
      wire.head(...ASK);
      await new Promise(resolve => wire.socket.once('connect', () => setTimeout(resolve, i / 10)));
      wire.reset();
    }
    waiting.reset();
    assert.deepEqual(statuses(await rawCall(gateway.port, WHOLE)), [200]);
  });
});

describe('the rate of a client', () => {
  const call = (i: number, localAddress = '127.0.0.1', hook = 'call') =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
      socket.once('error', reject).once('data', chunk => {
        resolve(/Breakwater-Answer: (.*)\r/.exec(chunk.toString('latin1'))?.[1] ?? chunk.toString('latin1'));
        socket.destroy();
      });
      socket.write(post(`${APP.path}/${hook}`, `{"nodeId":"n","sessionId":"s","callee":"${i}"}`));
    });
  const calls = async (count: number, ...where: readonly string[]): Promise<string[]> => {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) answers.push(await call(i, ...where));
    return answers;
  };

  test('beyond it a decision gets the next rung, an event is stored, and the back-end is not asked', async () => {
    await serveWithin({ rate: { calls: 1, burst: 3 } }, { fallback: 'auto' });
    const [one, two, three, ...beyond] = await calls(8);
    assert.deepEqual([one, two, three], ['upstream', 'upstream', 'upstream']);
    assert.deepEqual(new Set(beyond), new Set(['unavailable; reason=rate']));
    assert.equal(await call(9, '127.0.0.1', 'StreamStatusEvent'), 'stored; reason=rate');
    assert.equal(await call(9, '127.0.0.1', 'connect'), 'unavailable; reason=rate');
    assert.ok(backEnd.requests.filter(({ target }) => target === HOOK).length === 3);
    assert.deepEqual(await calls(1, '127.0.0.4'), ['upstream']);
    assert.deepEqual(new Set(rejected), new Set(['rate']));
    const text = (await gateway.breakwater.metrics.render(false)).body;
    assert.match(text, /^breakwater_rejected_requests_total\{code="rate"\} 7$/m);
    assert.match(
      text,
      /^breakwater_answers_total\{app="EchoApp",hook="call",source="unavailable",reason="rate",code="503"\} 5$/m,
    );
  });

  test('what no rung mends is a 429 with Retry-After, which is never a refusal', async () => {
    await serveWithin({ rate: { calls: 1, burst: 1 } }, { fallback: ['cached'] });
    await call(1);
    const { answers } = await rawCall(gateway.port, post(HOOK, '{"callId":"2"}'));
    const [answer] = answers;
    assert.equal(answer?.status, 429);
    assert.equal(answer?.headers[answer.headers.indexOf('Retry-After') + 1], '1');
    assert.deepEqual(JSON.parse(answer?.body.toString() ?? '').error.code, 'rate');
  });

  test('WCS’s repeat of a call that is out takes no token', async () => {
    await serveWithin({ rate: { calls: 1, burst: 1 } });
    await backEnd.setFault({ kind: 'healthy', delay: 300 });
    const first = connect(gateway.port, '127.0.0.1');
    first.write(WHOLE);
    await until(() => backEnd.count === 1, { what: 'a call that is out' });
    first.destroy();
    const { answers } = await rawCall(gateway.port, WHOLE);
    assert.deepEqual([answers[0]?.status, backEnd.count, rejected], [200, 1, []]);
  });
});

test('the connection of a client that does not read is reset, and what waited on it is gone', async () => {
  await serveWithin({});
  const server = createServer(socket => {
    socket.on('error', () => {});
    const readers = new Readers(50);
    socket.write(Buffer.alloc(32 * 1024 * 1024));
    readers.bound(socket, ({ code }) => rejected.push(code));
  });
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  let why = '';
  client.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? ''));
  await until(() => rejected.length > 0, { what: 'the client is given up' });
  client.resume();
  await until(() => why !== '', { what: 'the reset' });
  server.close();
  assert.deepEqual([rejected, why], [['unread'], 'ECONNRESET']);
});
