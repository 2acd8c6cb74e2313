import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { OK } from '../../test/kit/hand-played.ts';
import { delayOf, retryAfterMs } from './backoff.ts';

afterEach(() => mock.restoreAll());

const after = (value: string) => retryAfterMs({ ...OK, headers: ['Content-Type', 'x', 'retry-AFTER', value] });

test('the wait grows from one second to an hour, with full jitter', () => {
  mock.method(Math, 'random', () => 0.999_999_999);
  const steps = [1000, 5000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 3_600_000];
  assert.deepEqual(
    steps.map((_, attempts) => Math.round(delayOf(attempts))),
    steps,
  );
  mock.method(Math, 'random', () => 0);
  assert.equal(delayOf(5), 0);
});

test('Retry-After is obeyed in seconds and as a date, up to an hour', () => {
  mock.method(Date, 'now', () => Date.parse('2026-11-25T10:00:00Z'));
  assert.equal(after('7'), 7000);
  assert.equal(after('Wed, 25 Nov 2026 10:00:30 GMT'), 30_000);
  assert.equal(after('999999'), 3_600_000);
  for (const value of ['', 'soon', '-5', 'Wed, 25 Nov 2026 09:00:00 GMT']) assert.equal(after(value), 0, value);
  assert.equal(retryAfterMs(OK), 0);
});
