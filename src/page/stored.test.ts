import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofStored } from './stored.js';

const stored = { app: 'One', pending: 0, dead: 0, bytes: 2048, deliveredPerSecond: 0 };

test('what is stored is a sentence that fits one event and many, and forecasts by the rate of now alone', () => {
  assert.equal(
    ofStored({ ...stored, pending: 1, oldestSeconds: 4 }),
    'Stored events: 1 waits (2 KiB), the oldest 4 s old; none is delivered now.',
  );
  assert.equal(
    ofStored({ ...stored, pending: 50, oldestSeconds: 130, deliveredPerSecond: 10, drainSeconds: 5 }),
    'Stored events: 50 wait (2 KiB), the oldest 2 min old; 10/s delivered, at this rate done in 5 s.',
  );
  assert.equal(ofStored({ ...stored, dead: 2 }), 'Stored events: none waits; 2 given up, see breakwater events.');
});
