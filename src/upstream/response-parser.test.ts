import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../core/errors.ts';
import { createHeadReader, readResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';

const MOST = 10_000;

interface Read {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly mayReuse: boolean;
  readonly isWhole: boolean;
}

/** Feeds `wire` in parts cut at `cuts`, then the end of the connection if the answer is not whole by then. */
const read = (wire: string, cuts: readonly number[] = []): Read => {
  const bytes = Buffer.from(wire, 'latin1');
  const parser = new ResponseParser(MOST, readResponseHead);
  const edges = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let isWhole = false;
  edges.slice(1).forEach((end, i) => {
    const part = bytes.subarray(edges[i], end);
    // A connection hands on nothing empty, and nothing once its answer is whole.
    if (part.length > 0 && !isWhole) isWhole = parser.push(part);
  });
  isWhole ||= parser.end();
  const { mayReuse } = parser;
  const { status, headers } = parser.head ?? { status: 0, headers: [] };
  return { status, headers, body: parser.body.toString('latin1'), mayReuse, isWhole };
};

const refuses = (wire: string): void => {
  assert.throws(
    () => read(wire),
    (error: unknown) => error instanceof GatewayError && error.code === 'body',
    JSON.stringify(wire),
  );
};

const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK';

const GOOD: Readonly<Record<string, [wire: string, body: string, mayReuse: boolean]>> = {
  'a length': [`${head(OK, 'Content-Length: 2')}{}`, '{}', true],
  'a length said twice alike': [`${head(OK, 'Content-Length: 2', 'content-length:2 ')}{}`, '{}', true],
  'a length of nothing': [head(OK, 'Content-Length: 0'), '', true],
  'Connection: close': [`${head(OK, 'Content-Length: 2', 'Connection: Close')}{}`, '{}', false],
  'HTTP/1.0 with a length': [`${head('HTTP/1.0 200 OK', 'Content-Length: 2')}{}`, '{}', false],
  'HTTP/1.0 that is kept alive': [
    `${head('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 2')}{}`,
    '{}',
    true,
  ],
  'the end of the connection': [`${head(OK)}{"a":1}`, '{"a":1}', false],
  'no reason phrase': [`${head('HTTP/1.1 200', 'Content-Length: 2')}{}`, '{}', true],
  chunks: [`${head(OK, 'Transfer-Encoding: chunked')}3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\nX: y\r\n\r\n`, '{"a":1}', true],
  'no chunk but the last': [`${head(OK, 'Transfer-Encoding: Chunked')}0\r\n\r\n`, '', true],
  'informational answers first': [
    `${head('HTTP/1.1 100 Continue')}${head('HTTP/1.1 103 Hint')}${head(OK, 'Content-Length: 2')}{}`,
    '{}',
    true,
  ],
  '204 without a length': [head('HTTP/1.1 204 No Content'), '', true],
  '304 with the length of what it stands for': [head('HTTP/1.1 304 Not Modified', 'Content-Length: 99'), '', true],
  'bytes behind it': [`${head(OK, 'Content-Length: 2')}{}HTTP/1.1 200 OK\r\n`, '{}', false],
  'bytes behind its chunks': [`${head(OK, 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\nx`, '{}', false],
};

for (const [what, [wire, body, mayReuse]] of Object.entries(GOOD)) {
  test(`an answer with ${what} is read`, () => {
    const answer = read(wire);
    assert.deepEqual([answer.body, answer.mayReuse, answer.isWhole], [body, mayReuse, true]);
  });
}

test('however the bytes are split, the same is read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(GOOD)), fc.array(fc.nat(1000), { maxLength: 8 }), ([wire], cuts) => {
      const { mayReuse, ...answer } = read(wire, cuts);
      const { mayReuse: whole, ...expected } = read(wire);
      assert.deepEqual(answer, expected);
      // Bytes behind an answer that come with a later packet are the connection's business.
      assert.ok(mayReuse === whole || mayReuse);
    }),
  );
});

const BAD: readonly string[] = [
  'SSH-2.0-OpenSSH_9.2\r\n',
  '<html>',
  '\0\x01\x02',
  head('HTTP/2 200 OK', 'Content-Length: 0'),
  head('HTTP/1.1 200OK', 'Content-Length: 0'),
  head('HTTP/1.1 20 OK', 'Content-Length: 0'),
  head('HTTP/1.1 600 X', 'Content-Length: 0'),
  head('HTTP/1.1 101 Switching Protocols', 'Upgrade: x'),
  head('http/1.1 200 OK', 'Content-Length: 0'),
  head(OK, 'Content-Length: 2', 'Content-Length: 3'),
  head(OK, 'Content-Length: 2, 2'),
  head(OK, 'Content-Length: -1'),
  head(OK, 'Content-Length: 0x2'),
  head(OK, 'Content-Length: '),
  head(OK, 'Content-Length: 2', 'Transfer-Encoding: chunked'),
  head(OK, 'Transfer-Encoding: gzip, chunked'),
  head(OK, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  head(OK, 'Transfer-Encoding: identity'),
  head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'),
  head(OK, 'Content-Length : 2'),
  head(OK, ' folded: x', 'Content-Length: 0'),
  head(OK, 'X: a', ' b', 'Content-Length: 0'),
  head(OK, 'no colon', 'Content-Length: 0'),
  head(OK, ': nameless', 'Content-Length: 0'),
  head(OK, 'X: a\rb', 'Content-Length: 0'),
  head(OK, 'X: a\nb', 'Content-Length: 0'),
  head(OK, 'X: a\0b', 'Content-Length: 0'),
  head(OK, 'Content-Length: 10001'),
  `${head(OK)}${'x'.repeat(10_001)}`,
  `${head(OK, 'Transfer-Encoding: chunked')}2711\r\n${'x'.repeat(10_001)}\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}zz\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}-1\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}fffffffff\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}2\r\n{}x\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}0\r\n: nameless\r\n\r\n`,
  `${head(OK, 'Transfer-Encoding: chunked')}${'1'.repeat(5000)}`,
  `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`,
];

for (const wire of BAD) test(`refuses ${JSON.stringify(wire.slice(0, 70))}`, () => refuses(wire));

test('an answer that ends before its length or its last chunk is not whole', () => {
  for (const wire of [
    `${head(OK, 'Content-Length: 3')}{}`,
    `${head(OK, 'Transfer-Encoding: chunked')}2\r\n{}\r\n`,
    'HTTP/1.1 200 OK\r\nContent-Le',
    '',
  ]) {
    assert.equal(read(wire).isWhole, false, JSON.stringify(wire));
  }
});

test('end-to-end fields are kept as they came, hop-by-hop ones and those that Connection names are not', () => {
  const wire = head(
    OK,
    'Content-Type: application/json',
    'Set-Cookie: a=1',
    'set-cookie: b=2',
    'Connection: keep-alive, X-Hop',
    'Keep-Alive: timeout=7, max=100',
    'X-Hop: 1',
    'Upgrade: h2c',
    'X-Latin: caf\xe9',
    'Content-Length: 0',
  );
  const headers = ['Content-Type', 'application/json', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-Latin', 'caf\xe9'];
  assert.deepEqual(read(wire).headers, headers);
});

test('the idle time that the other side announces is told', () => {
  const parser = new ResponseParser(MOST, readResponseHead);
  parser.push(Buffer.from(head(OK, 'Keep-Alive: max=5, timeout=7', 'Content-Length: 0')));
  assert.equal(parser.head?.idleMs, 7000);
});

test('no bytes make it crash or hang: it reads, waits or refuses', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(OK, '\r\n', '\r\n\r\n', 'Content-Length: ', 'Transfer-Encoding: chunked', '2', '{}', '0', ': '),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(200), { maxLength: 4 }), (parts, cuts) => {
      try {
        read(parts.join(''), cuts);
      } catch (error) {
        assert.ok(error instanceof GatewayError);
      }
    }),
    { numRuns: 500 },
  );
});

test('a head that comes again is read once, and heads without number are not all remembered', () => {
  const readHead = createHeadReader();
  const of = (length: number) => readHead(`${OK}\r\nContent-Length: ${length}`);
  const first = of(1);
  assert.equal(of(1), first);
  for (let i = 0; i < 1000; i++) of(i);
  assert.deepEqual(of(1), first);
  assert.notEqual(of(1), first);
  for (let i = 0; i < 2; i++) assert.throws(() => readHead('HTTP/9'), GatewayError);
});

test('a 204 ends with its head, whatever it says of chunks (RFC 9112 §6.3)', () => {
  const { status, isWhole, body } = read('HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.deepEqual([status, isWhole, body], [204, true, '']);
});

test('a head whose lines do not end in CRLF is refused at once', () => {
  assert.throws(() => read('HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'), { code: 'body' });
});
