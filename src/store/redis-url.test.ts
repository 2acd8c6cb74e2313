import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type RedisAddress, readRedisUrl, redisUrlFault, showRedis } from './redis-url.ts';

const PLAIN: RedisAddress = {
  layout: 'standalone',
  nodes: [{ host: 'redis', port: 6379 }],
  isSecure: false,
  username: undefined,
  password: undefined,
  master: '',
  db: 0,
};
const node = (host: string, port: number) => ({ host, port });

const GOOD: Readonly<Record<string, Partial<RedisAddress>>> = {
  'redis://redis': {},
  'redis://redis/': {},
  'redis://redis:6380/2': { nodes: [node('redis', 6380)], db: 2 },
  'rediss://redis': { isSecure: true },
  'redis://[::1]:1': { nodes: [node('::1', 1)] },
  'redis://[::1]': { nodes: [node('::1', 6379)] },
  'redis://:secret@redis': { password: 'secret' },
  'redis://@redis': {},
  'redis://user@redis': { username: 'user' },
  'redis://user:p%40ss%2Fw%3Ard%25@redis': { username: 'user', password: 'p@ss/w:rd%' },
  'redis://user:100%@redis': { username: 'user', password: '100%' },
  'redis+sentinel://redis/main': { layout: 'sentinel', nodes: [node('redis', 26_379)], master: 'main' },
  'rediss+sentinel://:p@a,b:1,c/main/3': {
    layout: 'sentinel',
    nodes: [node('a', 26_379), node('b', 1), node('c', 26_379)],
    isSecure: true,
    password: 'p',
    master: 'main',
    db: 3,
  },
  'redis+cluster://a:7000,10.0.0.1/0': { layout: 'cluster', nodes: [node('a', 7000), node('10.0.0.1', 6379)] },
};

const BAD = [
  '',
  'redis',
  'redis:6379',
  'http://redis',
  'redis://',
  'redis:///0',
  'redis://a,b',
  'redis://redis:0',
  'redis://redis:65536',
  'redis://redis:port',
  'redis://redis/db',
  'redis://redis/0/1',
  'redis://redis/-1',
  'redis://redis?db=1',
  'redis://redis/0#x',
  'redis://user:p@ss@redis',
  'redis://user:pa/ss@redis',
  'redis+sentinel://redis',
  'redis+sentinel://redis/main/',
  'redis+sentinel://redis/main/0/1',
  'redis+cluster://a,b/1',
  'redis+cluster://a,,b',
  'redis+other://redis',
  ' redis://redis',
];

describe('a URL of Redis', () => {
  for (const [url, parts] of Object.entries(GOOD)) {
    test(`${url} is read`, () => {
      assert.deepEqual(readRedisUrl(url), { ...PLAIN, ...parts });
      assert.equal(redisUrlFault(url), undefined);
    });
  }

  for (const url of BAD) {
    test(`${JSON.stringify(url)} is none, and what would be one is said`, () => {
      assert.equal(readRedisUrl(url), undefined);
      assert.match(redisUrlFault(url) ?? '', /^is no URL of Redis; write redis:\/\/\[user:password@\]host/);
    });
  }

  test('any user and password are read as they were, once encoded', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ minLength: 1 }), (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@redis`;
        assert.deepEqual(readRedisUrl(url), { ...PLAIN, username, password });
      }),
    ));

  test('no text makes the reading throw or take long', () =>
    fc.assert(fc.property(fc.string(), text => void readRedisUrl(`redis://${text}`))));

  test('a message says nothing of what was written', () => {
    for (const url of ['redis://user:hunter2@a,b', 'redis://user:hun@ter2@redis', 'hunter2']) {
      assert.doesNotMatch(redisUrlFault(url) ?? '', /hun|ter2/);
    }
  });

  test('neither user nor password is shown, not even where they break the form', () => {
    assert.equal(showRedis('rediss://user:hunter2@redis:1/0'), 'rediss://redis:1/0');
    assert.equal(showRedis('redis://user:hun@ter2@redis'), 'redis://redis');
    assert.equal(showRedis('redis+cluster://a,b'), 'redis+cluster://a,b');
  });
});
