import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createWholeReader } from './whole-request.ts';

const MOST = 16 * 1024;
const reader = createWholeReader(MOST, head => head);
const read = (text: string) => reader(Buffer.from(text, 'latin1'));

describe('a request that comes whole', () => {
  test('is read into target, fields and body', () => {
    const request = read('POST /a/b?c=d HTTP/1.1\r\nHost: h\r\nX-A:1\r\nX-B: a  b\xe9\r\n\r\n{"x":1}');
    assert.equal(request?.asked.url, '/a/b?c=d');
    assert.deepEqual(request?.asked.rawHeaders, ['Host', 'h', 'X-A', '1', 'X-B', 'a  b\xe9']);
    assert.equal(request?.body.toString(), '{"x":1}');
  });

  test('a head is understood once, unless it is signed or means nothing here', () => {
    let asked = 0;
    const count = createWholeReader(MOST, ({ url }) => (asked++ < 99 && url !== '/no' ? { url } : undefined));
    const times = (path: string, field = '') => {
      asked = 0;
      for (const body of ['', 'x'.repeat(99)])
        for (let i = 0; i < 3; i++) count(Buffer.from(`POST ${path} HTTP/1.1\r\nHost: h${field}\r\n\r\n${body}`));
      return asked;
    };
    assert.equal(times('/a'), 1);
    assert.equal(times('/a'), 0);
    assert.equal(times('/b', '\r\nauthorization:WCS 00ff'), 6);
    assert.equal(times('/no'), 6);
  });

  test('heads without number are not all remembered', () => {
    const counted = createWholeReader(MOST, ({ url }) => ({ url }));
    const of = (i: number) => counted(Buffer.from(`POST /${i} HTTP/1.1\r\nHost: h\r\n\r\n`))?.asked;
    const first = of(0);
    assert.equal(of(0), first);
    for (let i = 0; i < 1000; i++) of(i);
    assert.deepEqual(of(0), first);
    assert.notEqual(of(0), first);
  });

  const OTHERS: readonly (readonly [string, string])[] = [
    ['a head that is not whole', 'POST / HTTP/1.1\r\nHost: h\r\n'],
    ['no field', 'POST / HTTP/1.1\r\n\r\n'],
    ['another method', 'PUT / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['another version', 'POST / HTTP/1.0\r\nHost: h\r\n\r\n'],
    ['an absolute target', 'POST http://h/ HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a space in the target', 'POST /a b HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a bare LF', 'POST / HTTP/1.1\nHost: h\r\n\r\n'],
    ['a bare CR', 'POST / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n'],
    ['a NUL', 'POST / HTTP/1.1\r\nHost: h\0\r\n\r\n'],
    ['a space before the colon', 'POST / HTTP/1.1\r\nHost : h\r\n\r\n'],
    ['an empty name', 'POST / HTTP/1.1\r\n: h\r\n\r\n'],
    ['an empty value', 'POST / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['two spaces before a value', 'POST / HTTP/1.1\r\nHost:  h\r\n\r\n'],
    ['a space behind a value', 'POST / HTTP/1.1\r\nHost: h \r\n\r\n'],
    ['a folded line', 'POST / HTTP/1.1\r\nHost: h\r\n i\r\n\r\n'],
    ['a line break in front', '\r\nPOST / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a head that is too long', `POST / HTTP/1.1\r\nHost: ${'h'.repeat(MOST)}\r\n\r\n`],
  ];
  for (const [what, text] of OTHERS) {
    test(`${what} is for somebody else`, () => assert.equal(read(text), undefined));
  }

  test('whatever is read, says again the very bytes that came, but for a space behind a colon', () => {
    const pieces = fc.constantFrom(
      'POST ',
      '/',
      'a',
      ' HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'Host',
      ':',
      ' ',
      '\t',
      '{}',
      '\0',
      '\xff',
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 30 }).map(all => all.join('')),
      fc.array(pieces, { maxLength: 12 }).map(all => `POST / HTTP/1.1\r\nHost: h\r\n${all.join('')}\r\n\r\n{}`),
    );
    fc.assert(
      fc.property(texts, text => {
        const request = read(text);
        if (!request) return;
        const { body } = request;
        const { url, rawHeaders } = request.asked;
        const lines = rawHeaders.map((part, i) => (i % 2 === 0 ? `${part}:` : `${part}\r\n`)).join('');
        const head = text.slice(0, text.length - body.length).replace(/^([^\s:]+:) /gm, '$1');
        assert.equal(`POST ${url} HTTP/1.1\r\n${lines}\r\n`, head);
        assert.ok(!/[\0\r\n]/.test(rawHeaders.join('')));
      }),
      { numRuns: 2000 },
    );
  });
});
