import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT_MS, phaseAt, SCENES, SCRIPT, WCS_TIMEOUT_MS } from './script.ts';

test('the shares of the phases make one whole', () => {
  const sum = SCRIPT.reduce((all, { share }) => all + share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, `${sum}`);
});

test('each phase begins where the one before ends', () => {
  const named = (share: number) => SCRIPT[phaseAt(share)]?.name;
  assert.deepEqual([0, 0.149, 0.15, 0.349, 0.35, 0.5].map(named), [
    'healthy',
    'healthy',
    'slow',
    'slow',
    'one stalled',
    'all stalled',
  ]);
  assert.deepEqual([0.649, 0.65, 0.799, 0.8, 0.999, 1, 2].map(named), [
    'all stalled',
    'down',
    'down',
    'back',
    'back',
    'back',
    'back',
  ]);
});

test('the script has what the demo promises, and ends as well as it began', () => {
  const seen = new Set(SCRIPT.flatMap(({ backEnds }) => backEnds));
  assert.deepEqual([...seen].sort(), ['down', 'stall', 'tail', 'well']);
  assert.deepEqual(SCRIPT.at(-1)?.backEnds, SCRIPT[0]?.backEnds);
});

test('a back-end alone has the part of the first one, without a break where that goes on', () => {
  assert.deepEqual(
    SCENES.map(({ behaviour, share }) => [behaviour, Math.round(share * 100)]),
    [
      ['well', 15],
      ['tail', 20],
      ['stall', 30],
      ['down', 15],
      ['well', 20],
    ],
  );
});

test('the limit is four fifths of what WCS waits', () => {
  assert.equal(LIMIT_MS, WCS_TIMEOUT_MS * 0.8);
});
