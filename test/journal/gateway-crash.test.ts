import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playCrashes } from '../kit/crash-course.ts';

test('a gateway that is killed again and again loses no acknowledged event, and keeps the order of sessions', {
  timeout: 180_000,
}, async t => {
  const options = { events: 500, sessions: 50, perSecond: 250, kills: 3, turnMs: 500, drainWithinMs: 120_000 };
  const { lost, outOfOrder, acknowledged, answers, kills, dead } = await playCrashes(options);
  t.diagnostic(`${acknowledged} acknowledged; ${JSON.stringify(answers)}`);
  assert.deepEqual({ lost, outOfOrder, kills, dead }, { lost: [], outOfOrder: [], kills: 3, dead: 0 });
  assert.ok(acknowledged > 0);
});
