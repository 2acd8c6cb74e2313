import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Waits } from './waits.ts';

const of = (all: readonly number[]): Waits => {
  const waits = new Waits(1000);
  for (const ms of all) waits.record(ms);
  return waits;
};

test('quantiles are exact by nearest rank', () => {
  const hundred = of(Array.from({ length: 100 }, (_, i) => 100 - i));
  assert.deepEqual(
    [0.01, 0.5, 0.99, 0.991, 1].map(share => hundred.quantile(share)),
    [1, 50, 99, 100, 100],
  );
  assert.equal(of([3, 1, 2]).quantile(0.5), 2);
  assert.equal(of([0.4, 12.3]).quantile(0.5), 0.4);
});

test('no wait gives 0, one wait gives itself', () => {
  assert.equal(new Waits(10).quantile(0.99), 0);
  assert.deepEqual(
    [0.01, 0.5, 1].map(share => of([7]).quantile(share)),
    [7, 7, 7],
  );
});

test('a wait beyond the most counts as that long, and the worst is kept as it was', () => {
  const waits = of([1, 5000.25]);
  assert.equal(waits.quantile(1), 1000);
  assert.equal(waits.worstMs, 5000.25);
});

test('any quantile of any waits is the one that sorting finds', () => {
  const tenths = fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(tenths, fc.integer({ min: 1, max: 100 }), (all, percent) => {
      const sorted = all.toSorted((a, b) => a - b);
      const wanted = sorted[Math.ceil((percent * all.length) / 100) - 1] ?? 0;
      assert.equal(of(all.map(tenth => tenth / 10)).quantile(percent / 100), wanted / 10);
    }),
    { numRuns: 50 },
  );
});
