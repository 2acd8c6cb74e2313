import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addUp, BOUNDS_MS, createHistogram, cumulate, observe, quantileMs, sumMs } from './histogram.ts';

const filled = (durations: readonly number[]) => {
  const histogram = createHistogram();
  for (const ms of durations) observe(histogram, ms);
  return histogram;
};

const duration = fc.double({ min: 0, max: 20_000, noNaN: true });

test('a duration on a bound belongs to the bucket of that bound', () => {
  for (const [at, bound] of BOUNDS_MS.entries()) {
    const counts = cumulate(filled([bound]));
    assert.equal(counts[at], 1);
    assert.equal(counts[at - 1] ?? 0, 0);
  }
});

test('a duration beyond the last bound counts for infinity alone', () => {
  const counts = cumulate(filled([15_001]));
  assert.deepEqual(
    counts.slice(0, -1),
    BOUNDS_MS.map(() => 0),
  );
  assert.equal(counts.at(-1), 1);
});

test('each cumulated count is the number of durations up to its bound, and the sum is theirs', () => {
  fc.assert(
    fc.property(fc.array(duration), durations => {
      const histogram = filled(durations);
      const wanted = [...BOUNDS_MS, Number.POSITIVE_INFINITY].map(bound => durations.filter(ms => ms <= bound).length);
      assert.deepEqual(cumulate(histogram), wanted);
      assert.ok(Math.abs(sumMs(histogram) - durations.reduce((sum, ms) => sum + ms, 0)) < 1e-6);
    }),
  );
});

test('a quantile lies in the bucket of the duration that has this rank', () => {
  fc.assert(
    fc.property(
      fc.array(duration, { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (durations, share) => {
        const sorted = durations.toSorted((one, other) => one - other);
        const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
        const at = BOUNDS_MS.findIndex(bound => exact <= bound);
        const found = quantileMs(filled(durations), share) as number;
        assert.ok(found >= (BOUNDS_MS[at - 1] ?? (at === 0 ? 0 : 15_000)), `${found} for ${exact}`);
        assert.ok(
          found <= (BOUNDS_MS[at] ?? Number.POSITIVE_INFINITY) && found <= Math.max(...durations),
          `${found} for ${exact}`,
        );
      },
    ),
  );
});

test('no duration has no quantile', () => {
  assert.equal(quantileMs(createHistogram(), 0.5), undefined);
});

test('histograms add up to the histogram of all durations', () => {
  assert.deepEqual(addUp([filled([1, 700]), filled([3, 700, 99_999])]), filled([1, 700, 3, 700, 99_999]));
});
