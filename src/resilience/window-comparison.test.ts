import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Route } from '../core/call.ts';
import { WindowComparison } from './window-comparison.ts';

const CHEAP: Route = { app: 'a', hook: 'cheap' };
const DEAR: Route = { app: 'a', hook: 'dear' };

/** One window: how long its calls took, by hook. */
const note = (comparison: WindowComparison, cheap: readonly number[], dear: readonly number[] = []) => {
  for (const ms of cheap) comparison.record(CHEAP, ms);
  for (const ms of dear) comparison.record(DEAR, ms);
  return comparison.turn();
};

test('the first window is compared with none', () => {
  assert.equal(note(new WindowComparison(), [5, 5]), undefined);
});

test('a window without a call, or with other hooks alone, says nothing, and is passed over', () => {
  const comparison = new WindowComparison();
  note(comparison, [10]);
  assert.equal(note(comparison, [], [500]), undefined);
  assert.equal(note(comparison, []), undefined);
  assert.equal(note(comparison, [20]), 2);
});

test('each hook is compared with itself: a dearer mixture is not slower', () => {
  const comparison = new WindowComparison();
  note(comparison, [5, 5, 5, 5], [500]);
  assert.equal(note(comparison, [5], [500, 500, 500, 500]), 1);
});

test('what all hooks have to wait in addition counts by what it is beside their whole cost', () => {
  const comparison = new WindowComparison();
  note(comparison, [5, 5], [500, 500]);
  assert.equal(note(comparison, [15, 15], [510, 510]), 525 / 505);
});

test('one stalled call counts for no more than four', () => {
  const comparison = new WindowComparison();
  note(comparison, [10, 10, 10, 10]);
  assert.equal(note(comparison, [10, 10, 10, 60_000]), 70 / 40);
});

test('if all take k times as long, it says k, whatever the mixture, up to four', () => {
  const some = fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(some, some, fc.double({ min: 0.1, max: 4, noNaN: true }), (cheap, dear, times) => {
      const comparison = new WindowComparison();
      const [a, b] = [Math.min(...cheap), Math.min(...dear)];
      note(
        comparison,
        cheap.map(() => a),
        dear.map(() => b),
      );
      const found =
        note(
          comparison,
          dear.map(() => a * times),
          cheap.map(() => b * times),
        ) ?? 0;
      assert.ok(Math.abs(found / times - 1) < 1e-9, `${found} is not ${times}`);
    }),
  );
});
