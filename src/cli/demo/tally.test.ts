import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT_MS, SCRIPT, SLACK_MS } from './script.ts';
import { Board, type Outcome, Tally } from './tally.ts';
import type { Hook, Standing } from './traffic.ts';

const hook = (name: string, standing: Standing = 'regular'): Hook => ({ name, standing, body: '{}', sessionId: 's' });
const answered = (status: number, source: string, waitMs = 5): Outcome => ({ end: 'answered', status, source, waitMs });
const NOBODY: Outcome = { end: 'failed', waitMs: 1 };

const count = (...ends: readonly (readonly [Hook, Outcome])[]) => {
  const tally = new Tally();
  for (const [its, outcome] of ends) {
    tally.begin();
    tally.end(its, outcome);
  }
  return tally.figures;
};

test('an answer is in time up to the limit and the slack, and not a moment later', () => {
  const last = answered(200, 'echo', LIMIT_MS + SLACK_MS);
  const late = answered(200, 'echo', LIMIT_MS + SLACK_MS + 0.1);
  const figures = count([hook('connect'), last], [hook('connect'), late], [hook('connect'), NOBODY]);
  assert.deepEqual([figures.sent, figures.inTime, figures.open], [3, 1, 0]);
  assert.equal(figures.worstMs, LIMIT_MS + SLACK_MS + 0.1);
});

test('every hook that is over has exactly one source', () => {
  const figures = count(
    [hook('connect'), answered(200, 'upstream')],
    [hook('connect'), answered(503, 'unavailable')],
    [hook('connect'), NOBODY],
    [hook('connect'), { end: 'hung', waitMs: 3000 }],
  );
  assert.deepEqual(figures.sources, { upstream: 1, unavailable: 1, nobody: 2 });
  assert.equal(figures.hung, 1);
});

test('callers and streams count as refused only if they had the right to come in', () => {
  const figures = count(
    [hook('connect'), answered(503, 'unavailable')],
    [hook('connect', 'newcomer'), NOBODY],
    [hook('connect', 'intruder'), answered(403, 'cached')],
    [hook('publishStream'), NOBODY],
    [hook('playStream'), answered(503, 'unavailable')],
    [hook('stopStream'), NOBODY],
  );
  assert.deepEqual([figures.turnedAway, figures.streamsRefused], [2, 2]);
  assert.deepEqual([figures.intrusions, figures.letIn], [1, 0]);
});

test('an intruder who is answered 200 was let in', () => {
  assert.equal(count([hook('connect', 'intruder'), answered(200, 'cached')]).letIn, 1);
});

test('an event that only the gateway acknowledged was missed by the app, even though WCS is content', () => {
  const event = hook('StreamStatusEvent');
  const figures = count(
    [event, answered(200, 'upstream')],
    [event, answered(200, 'hedge')],
    [event, answered(200, 'echo')],
    [event, NOBODY],
    [hook('stopStream'), answered(200, 'echo')],
  );
  assert.equal(figures.eventsMissed, 2);
});

test('the board counts each hook for its side, in its own phase and in the whole run', () => {
  const board = new Board();
  const end = board.begin('with', 1, hook('connect'));
  board.begin('without', 2, hook('connect'));
  const open = board.report({ phase: 2, elapsedMs: 0, over: false, heldUpMs: 0 });
  assert.equal(open.total.with.open, 1);
  end(answered(200, 'upstream'));
  const { phases, total } = board.report({ phase: 2, elapsedMs: 0, over: false, heldUpMs: 0 });
  assert.equal(phases.length, SCRIPT.length);
  assert.deepEqual(phases.map(pair => [pair.without.sent, pair.with.sent]).slice(0, 3), [
    [0, 0],
    [0, 1],
    [1, 0],
  ]);
  assert.deepEqual([total.with.inTime, total.with.open, total.without.open], [1, 0, 1]);
});
