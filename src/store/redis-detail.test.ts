import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detailOf } from './redis-detail.ts';

const show = (message: string, more: object = {}): string =>
  detailOf(Object.assign(new Error(message), more), ['hunter2', undefined, '']);

describe('what is told of an error of Redis', () => {
  test('is its message', () =>
    assert.equal(show('connect ECONNREFUSED 10.0.0.1:6379'), 'connect ECONNREFUSED 10.0.0.1:6379'));

  test('is its code where several addresses failed and it has no message', () =>
    assert.equal(detailOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), []), 'ECONNREFUSED'));

  test('is what the last node of a cluster said', () =>
    assert.equal(show('Failed to refresh slots cache.', { lastNodeError: new Error('NOAUTH') }), 'NOAUTH'));

  test('has no arguments of a command that Redis does not know', () => {
    const message = "ERR unknown command 'AUTH', with args beginning with: 'user' 'pass\nword' ";
    assert.equal(show(message), "ERR unknown command 'AUTH'");
  });

  test('has no password', () => assert.equal(show('ERR hunter2 is not good, hunter2'), 'ERR *** is not good, ***'));

  test('is short', () => assert.equal(show('x'.repeat(10_000)).length, 200));
});
