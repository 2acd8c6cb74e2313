import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endToEnd } from './headers.ts';

test('end-to-end fields keep name, order and value, repeated ones too', () => {
  const raw = ['Authorization', 'WCS abc', 'X-Odd', ' spaced ', 'set-cookie', 'a=1', 'set-cookie', 'b=2'];
  assert.deepEqual(endToEnd(raw), raw);
});

test('hop-by-hop fields go', () => {
  for (const name of [
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Connection',
  ]) {
    assert.deepEqual(endToEnd([name, 'x', 'A', 'b']), ['A', 'b'], name);
  }
});

test('what Connection names goes too, in any case and over several fields', () => {
  const raw = [
    'Connection',
    'keep-alive, X-One',
    'connection',
    'x-TWO,close',
    'x-one',
    '1',
    'X-Two',
    '2',
    'X-Three',
    '3',
  ];
  assert.deepEqual(endToEnd(raw), ['X-Three', '3']);
});

test('so do those that the caller names', () => {
  assert.deepEqual(endToEnd(['Host', 'a', 'X', 'b'], new Set(['host'])), ['X', 'b']);
});
