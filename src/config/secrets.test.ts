import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretKey, maskSecrets, maskUserinfo, maskValue } from './secrets.ts';

test('secrets are masked wherever they stand in a text, escaped as in JSON too', () => {
  assert.equal(maskSecrets('is "a\\"b", a"b', ['a"b']), 'is "***", ***');
});

test('an empty secret masks nothing', () => {
  assert.equal(maskSecrets('text', ['']), 'text');
});

test('user and password of a URL are masked, its host stays', () => {
  assert.equal(
    maskUserinfo('to redis://me:pw@host:6379/0 and http://h/a@b'),
    'to redis://***@host:6379/0 and http://h/a@b',
  );
});

test('keys that name a secret are known by a part of their name', () => {
  const keys = ['secret', 'sipPassword', 'authToken', 'credentials', 'limit', 'key', 0, undefined];
  assert.deepEqual(keys.map(isSecretKey), [true, true, true, true, false, false, false, false]);
});

test('all below a secret key is masked, and nothing else', () => {
  const value = { token: ['a', { b: 'c' }], list: [1, 'http://u:p@h/'], name: 'n' };
  assert.deepEqual(maskValue(value), { token: ['***', { b: '***' }], list: [1, 'http://***@h/'], name: 'n' });
});
