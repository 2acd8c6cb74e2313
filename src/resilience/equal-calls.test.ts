import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aCall } from '../../test/kit/hand-played.ts';
import { BUCKETS, bucketOf, isEqual } from './equal-calls.ts';

const bytes = fc.uint8Array({ maxLength: 5000 }).map(array => Buffer.from(array));

test('equal bodies are in one bucket, and every body is in one', () => {
  fc.assert(
    fc.property(bytes, body => {
      const bucket = bucketOf(body);
      assert.ok(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS);
      assert.equal(bucketOf(Buffer.from(body)), bucket);
    }),
  );
});

test('bodies that differ in a few characters spread over the buckets', () => {
  const count = 10 * BUCKETS;
  const sizes = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const bucket = bucketOf(Buffer.from(`{"nodeId":"n@192.168.1.1","sessionId":"/10.0.0.1:${i}/10.0.0.2:8443"}`));
    sizes.set(bucket, (sizes.get(bucket) ?? 0) + 1);
  }
  assert.ok(sizes.size > BUCKETS / 2, `${sizes.size} buckets used`);
  assert.ok(Math.max(...sizes.values()) < 100, `${Math.max(...sizes.values())} in one`);
});

test('calls are equal only if hook, query, credentials and every byte are', () => {
  assert.ok(isEqual(aCall(), aCall({ id: 'another', head: 'X: 1\r\n' })));
  const changes = [{ hook: 'x' }, { query: '?a' }, { authorization: 'Basic eA==' }, { body: Buffer.from('{}') }];
  for (const change of changes) assert.ok(!isEqual(aCall(), aCall(change)), JSON.stringify(change));
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(isEqual(aCall({ body: a }), aCall({ body: b })), Buffer.compare(a, b) === 0);
    }),
  );
});
