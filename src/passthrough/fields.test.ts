import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asObject, endToEnd, trailersOf } from './fields.ts';

test('of an answer go on its end-to-end fields, as they came, the length last', () => {
  const raw = ['X-a', '1', 'Connection', 'close, x-B', 'X-B', '2', 'Keep-Alive', 'x', 'Transfer-Encoding', 'chunked'];
  const more = ['x-A', '3', 'Upgrade', 'h2', 'Breakwater-Answer', 'cached', 'Proxy-Authenticate', 'Basic'];
  assert.deepEqual(endToEnd([...raw, 'content-LENGTH', '4', ...more]), ['X-a', '1', 'x-A', '3', 'content-LENGTH', '4']);
});

test('a block becomes an object with each name once, in order, and what came often in a list', () => {
  const fields = asObject(
    'X-A: 1\r\nVia: 1.1 a\r\nx-a: 2\r\nX-A:3\r\n__proto__: x\r\nEmpty:\r\nB: \xa0\xc3\xa0 \t\r\n',
  );
  assert.deepEqual(Object.entries(fields), [
    ['X-A', ['1', '2', '3']],
    ['Via', '1.1 a'],
    ['__proto__', 'x'],
    ['Empty', ''],
    ['B', '\xa0\xc3\xa0'],
  ]);
});

test('of trailers go on those that tell of the body, not those that a head would be obeyed for', () => {
  const rawHeaders = ['Connection', 'x-mine, close'];
  const obeyed = [
    'Host',
    'Set-Cookie',
    'If-Match',
    'Proxy-Authorization',
    'X-Forwarded-For',
    'Breakwater-Call-Id',
    'TE',
  ];
  const dropped = [...obeyed, 'CONTENT-length', 'X-Mine'].flatMap(name => [name, 'x']);
  const rawTrailers = ['X-Sum', '1', ...dropped, 'x-sum', '2', 'ETag', '"a"'];
  assert.deepEqual(trailersOf({ rawHeaders, rawTrailers }), [
    ['X-Sum', '1'],
    ['x-sum', '2'],
    ['ETag', '"a"'],
  ]);
  assert.deepEqual(trailersOf({ rawHeaders, rawTrailers: [] }), []);
});
