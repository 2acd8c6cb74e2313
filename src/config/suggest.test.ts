import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, suggest } from './suggest.ts';

test('letters put in, taken out, changed or swapped count one each', () => {
  const pairs: readonly [string, string, number][] = [
    ['limit', 'limit', 0],
    ['limt', 'limit', 1],
    ['limiit', 'limit', 1],
    ['linit', 'limit', 1],
    ['ilmit', 'limit', 1],
    ['', 'abc', 3],
  ];
  for (const [a, b, distance] of pairs) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});

test('the distance is the same both ways and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});

test('the nearest known word is suggested, case apart, and nothing that is far away', () => {
  const known = ['limit', 'limits', 'listen', 'hedge'];
  assert.equal(suggest('hegde', known), 'hedge');
  assert.equal(suggest('LISTEN', known), 'listen');
  assert.equal(suggest('format', known), undefined);
});
