import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Listed } from '../delivery/journal.ts';
import { table } from './events-output.ts';

const BACKLOG = [{ app: 'EchoApp', pending: 1, dead: 0, bytes: 9 }];

/** The last column of the row of an event. */
const fateOf = (changes: Partial<Listed>): string => {
  const event: Listed = {
    id: 'aaaa-2',
    app: 'EchoApp',
    hook: 'StreamStatusEvent',
    lane: 'lane',
    state: 'pending',
    reason: '',
    receivedAt: Date.now() - 3_600_000,
    expiresAt: Date.now() + 3_600_000,
    dueAt: Date.now(),
    attempts: 0,
    bytes: 9,
    ...changes,
  };
  const row = table([event], BACKLOG).split('\n')[1] ?? '';
  return row.split(/ {2,}/).slice(7).join(' ');
};

test('an event says what it waits for, as far as the journal knows', () => {
  assert.equal(fateOf({}), 'due');
  assert.equal(fateOf({ dueAt: Date.now() + 30_400, reason: 'limit' }), 'due in 30 s, after: limit');
  assert.equal(fateOf({ behind: 'aaaa-1', dueAt: Date.now() - 3_600_000 }), 'waits behind aaaa-1');
  assert.equal(fateOf({ dueAt: Date.now() - 180_000, reason: 'breaker' }), 'overdue by 3 min, after: breaker');
  assert.equal(fateOf({ state: 'dead', reason: 'expired' }), 'expired');
});
