import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, share, size } from '../options/fields.ts';
import { formatDuration, formatShare, formatSize, listed } from './text.ts';

test('amounts are written so that they are read as the same amount', () => {
  const amounts = fc.integer({ min: 0, max: 10 ** 10 });
  fc.assert(fc.property(amounts, ms => duration().parse(formatDuration(ms)) === ms));
  fc.assert(fc.property(amounts, bytes => size().parse(formatSize(bytes)) === bytes));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      n => Math.abs(share().parse(formatShare(n / 1000)) - n / 1000) < 1e-9,
    ),
  );
});

test('the largest unit that fits is used', () => {
  assert.deepEqual([2500, 12_000, 600_000, 86_400_000, 0].map(formatDuration), ['2500ms', '12s', '10m', '24h', '0ms']);
  assert.deepEqual([512, 16_384, 1024 ** 3].map(formatSize), ['512B', '16KiB', '1GiB']);
  assert.equal(formatShare(0.05), '5%');
});

test('a long list is cut and says by how much', () => {
  assert.equal(listed(['a', 'b', 'c'], 2), 'a, b and 1 more');
  assert.equal(listed(['a', 'b'], 2), 'a, b');
});
