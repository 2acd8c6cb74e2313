import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretKey, maskSecrets, maskUserinfo, maskValue } from './secrets.ts';
import { shown } from './shown.ts';

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

test('whatever a password holds, it is masked with the user', () => {
  const texts = {
    'redis://me:p?w#x@host:6379/0': 'redis://***@host:6379/0',
    'redis://me:p@w@host': 'redis://***@host',
    'http://me:p/w@host/x': 'http://***@host/x',
    'http://host:80/a@b': 'http://host:80/a@b',
  };
  for (const [text, masked] of Object.entries(texts)) assert.equal(maskUserinfo(text), masked);
});

test('what a rung gives to WCS is masked by the names and texts of WCS', () => {
  const value = {
    fallback: [{ body: { aclAuth: 'x', name: 's?aclAuth=x', key: 'x' } }, { echo: { apiKey: 1 } }],
    key: ['a'],
  };
  assert.deepEqual(maskValue(value), {
    fallback: [{ body: { aclAuth: '***', name: 's?aclAuth=***', key: '***' } }, { echo: { apiKey: '***' } }],
    key: ['a'],
  });
});

test('a password is masked whatever it is made of, in a value and in a quoted text', () => {
  for (const password of ['p?q#', 'a b', "o'clock", 'a"b', 'a\\b', 'a@b', 'p'.repeat(500)]) {
    const url = `redis+sentinel://me:${password}@h:1,i:2/master/0`;
    assert.equal(maskValue(url), 'redis+sentinel://***@h:1,i:2/master/0', password);
    assert.equal(shown(url), '"redis+sentinel://***@h:1,i:2/master/0"', password);
  }
  assert.equal(maskValue('rediss://me:a/b@h/0'), 'rediss://***@h/0');
});

test('an address that stands elsewhere in a text is no password', () => {
  const text = 'is "http://h/x", not "a@b" in http://h/a@b';
  assert.equal(maskUserinfo(text), text);
});

test('keys that name a secret are known by a part of their name', () => {
  const keys = ['secret', 'sipPassword', 'authToken', 'credentials', 'limit', 'key', 0, undefined];
  assert.deepEqual(keys.map(isSecretKey), [true, true, true, true, false, false, false, false]);
});

test('a path that is named like a secret is none, and what looks like one below it is', () => {
  assert.deepEqual(['/api/token', '*token*', '?secret'].map(isSecretKey), [false, false, false]);
  const routes = { '/api/token*': { keepFor: '1h', fallback: [{ body: { token: 'abc' } }] } };
  assert.deepEqual(maskValue(routes), { '/api/token*': { keepFor: '1h', fallback: [{ body: { token: '***' } }] } });
});

test('all below a secret key is masked, and nothing else', () => {
  const value = { token: ['a', { b: 'c' }], list: [1, 'http://u:p@h/'], name: 'n' };
  assert.deepEqual(maskValue(value), { token: ['***', { b: '***' }], list: [1, 'http://***@h/'], name: 'n' });
});
