import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createFaultServer, type FaultServer } from './fault-server.ts';
import { until } from './poll.ts';
import { post, rawCall } from './raw-call.ts';
import { compact, requests } from './samples.ts';
import { configFor, type Started, startGateway } from './start.ts';

const PATH = '/apps/EchoApp/connect';
/** Ends the connection, and completes what the bytes before it left open. */
const LAST = post('/apps/EchoApp/last', '{"last":true}', ['Connection: close']);

/** What is new in each call. */
const FRESH = /^(?:date|traceparent|idempotency-key|breakwater-(?:call-id|deadline-ms))$/i;

const steady = (headers: readonly string[]): string[] =>
  headers.map((text, i) => (i % 2 === 1 && FRESH.test(headers[i - 1] as string) ? '*' : text));

describe('the fast path', () => {
  let backEnd: FaultServer;
  let gateway: Started;
  let byNode = 0;
  const count = () => void byNode++;

  before(async () => {
    backEnd = await createFaultServer();
    gateway = await startGateway(configFor([backEnd.url], { limit: '300ms', breaker: { minCalls: 100_000 } }));
    subscribe('http.server.request.start', count);
  });
  after(async () => {
    unsubscribe('http.server.request.start', count);
    await gateway.close();
    await backEnd.close();
  });

  /** All that both sides saw of a connection that sent `parts`, without what is new in each call. */
  const seen = async (parts: readonly Buffer[]) => {
    backEnd.reset();
    const exchange = await rawCall(gateway.port, [...parts, LAST], { answers: 99, pauseMs: 15 });
    return {
      answers: exchange.answers.map(({ status, headers, body }) => ({
        status,
        headers: steady(headers),
        body: body.toString('latin1'),
      })),
      informational: exchange.informational,
      open: exchange.ended === 'open',
      upstream: backEnd.requests.map(({ target, headers, body }) => ({
        target,
        headers: steady(headers),
        body: body.toString('latin1'),
      })),
    };
  };

  /** A first byte that comes alone makes a request one for node:http. */
  const compare = async (bytes: Buffer) => {
    const whole = await seen([bytes]);
    const split = await seen([bytes.subarray(0, 1), bytes.subarray(1)]);
    assert.deepEqual(whole, split);
    return whole;
  };

  const countByNode = async (work: () => Promise<unknown>): Promise<number> => {
    const before = byNode;
    await work();
    return byNode - before;
  };

  for (const { file, hook } of requests()) {
    test(`${file} needs no node:http, and is answered and passed on as by node:http`, async () => {
      const bytes = post(`/apps/EchoApp/${hook}`, compact(file), ['Connection: Keep-Alive', 'Accept: */*']);
      assert.equal(await countByNode(() => rawCall(gateway.port, bytes)), 0);
      const { answers } = await compare(bytes);
      assert.equal(answers[0]?.status, 200);
    });
  }

  const line = (text: string) => post(PATH, '{}', [text]);
  const OTHERS: readonly (readonly [string, Buffer])[] = [
    ['no Content-Length', Buffer.from(`POST ${PATH} HTTP/1.1\r\nHost: a\r\n\r\n`)],
    ['a Content-Length with a sign', Buffer.from(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}`)],
    [
      'a Content-Length with a zero in front',
      Buffer.from(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 02\r\n\r\n{}`),
    ],
    ['two equal Content-Lengths', line('Content-Length: 2')],
    ['two Content-Lengths', line('Content-Length: 3')],
    ['both lengths', line('Transfer-Encoding: chunked')],
    ['two Hosts', line('Host: b')],
    ['Expect', line('Expect: 100-continue')],
    ['an unknown Expect', line('Expect: more')],
    ['Upgrade', line('Upgrade: websocket\r\nConnection: Upgrade')],
    ['Connection: close', line('Connection: close')],
    ['Connection that names a field', line('X-A: 1\r\nConnection: X-A')],
    ['TE', line('TE: trailers')],
    ['an empty value', line('X-A:')],
    ['spaces around a value', line('X-A:   1  ')],
    ['a folded line', line('X-A: 1\r\n 2')],
    ['a space before the colon', line('X-A : 1')],
    ['a bare LF', line('X-A: 1\nX-B: 2')],
    ['a NUL', line('X-A: \0')],
    ['bytes beyond ASCII', line('X-A: \xe9')],
    ['another method', Buffer.from(`GET ${PATH} HTTP/1.1\r\nHost: a\r\n\r\n`)],
    ['HTTP/1.0', Buffer.from(`POST ${PATH} HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`)],
    ['an absolute target', post(`http://a${PATH}`, '{}')],
    ['another path', post('/elsewhere', '{}')],
    ['another type', line('Content-Type: text/plain')],
    ['two at once', Buffer.concat([post(PATH, '{"n":1}'), post(PATH, '{"n":2}')])],
    ['a good one and half of the next', Buffer.concat([post(PATH, '{"n":1}'), post(PATH, '{"n":2}').subarray(0, 20)])],
    ['a good one and rubbish', Buffer.concat([post(PATH, '{"n":1}'), Buffer.from('BAD\r\n\r\n')])],
    ['a line break in front', Buffer.concat([Buffer.from('\r\n'), post(PATH, '{}')])],
    ['201 fields', line(Array.from({ length: 198 }, (_, i) => `X-${i}: 1`).join('\r\n'))],
    ['a body over one read', post(PATH, JSON.stringify('x'.repeat(200_000)))],
  ];
  for (const [what, bytes] of OTHERS) {
    test(`${what} ends as by node:http`, async () => {
      await compare(bytes);
    });
  }

  test('requests with a few bytes amiss end as by node:http', async () => {
    const pieces = fc.constantFrom('\r\n', '\n', ' ', '\t', ':', '\0', '\x7f', '\xe9', '{', '0', ',', 'chunked');
    const lines = fc.constantFrom(
      'Host: b\r\n',
      'Content-Length: 2\r\n',
      'Connection: keep-alive, close\r\n',
      'Transfer-Encoding: identity\r\n',
      'X-Forwarded-For: 1.2.3.4\r\n',
      'Authorization: Basic eDp5\r\n',
      'Expect:\r\n',
    );
    const good = post(`${PATH}?a=b`, '{"login":"a"}', ['Accept: */*', 'X-A: 1', 'Connection: keep-alive']).toString(
      'latin1',
    );
    const edit = fc.record({ at: fc.nat(good.length), cut: fc.nat(2), put: fc.oneof(pieces, lines, fc.constant('')) });
    // A field line is worth the most where a line begins.
    const place = (at: number, put: string) =>
      put.endsWith(': b\r\n') || put.length > 8 ? good.indexOf('\r\n', at) + 2 : at;
    const apply = ({ at, cut, put }: { at: number; cut: number; put: string }) => {
      const from = Math.max(0, place(at, put));
      return Buffer.from(good.slice(0, from) + put + good.slice(from + (put.length > 8 ? 0 : cut)), 'latin1');
    };
    await fc.assert(
      fc.asyncProperty(edit, async how => void (await compare(apply(how)))),
      { numRuns: 60 },
    );
  });

  test('a connection that was handed over is served on by node:http', async () => {
    const calls = [post(PATH, '{"n":1}'), post(PATH, '{"n":2}', ['X-A:']), post(PATH, '{"n":3}')];
    let answers: readonly string[] = [];
    const served = await countByNode(async () => {
      const exchange = await rawCall(gateway.port, calls, { answers: 3, pauseMs: 15 });
      answers = exchange.answers.map(({ body }) => body.toString());
    });
    assert.deepEqual(answers, ['{"n":1}', '{"n":2}', '{"n":3}']);
    assert.equal(served, 2);
  });

  test('a client that leaves is noticed, and nothing of it is held', async () => {
    await backEnd.setFault({ kind: 'silent' });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(post(PATH, '{"gone":true}'));
    await until(() => gateway.breakwater.held.visits === 1, { deadlineMs: 2000, what: 'a call in flight' });
    socket.destroy();
    await until(() => gateway.breakwater.held.visits === 0, { deadlineMs: 250, what: 'the call gone' });
  });
});
