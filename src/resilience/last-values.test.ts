import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { LastValues, medianOf } from './last-values.ts';

afterEach(realTime);

const noted = (...values: readonly number[]): LastValues => {
  const last = new LastValues(64);
  for (const value of values) last.note(value);
  return last;
};

test('fewer than 32 say nothing', () => {
  fakeTime();
  const last = noted(...new Array(31).fill(1));
  assert.equal(last.median, undefined);
  assert.equal(last.mean, undefined);
  last.note(1);
  assert.equal(last.median, 1);
  assert.equal(last.mean, 1);
  assert.equal(last.size, 32);
});

test('the last 64 count, so that a change shows after half as many', () => {
  fakeTime();
  const last = noted(...new Array(1000).fill(10), ...new Array(32).fill(100));
  assert.equal(last.median, 55);
  last.note(100);
  assert.equal(last.median, 100);
});

test('what is older than 30 s counts no more', async () => {
  const time = fakeTime();
  const last = noted(...new Array(40).fill(10));
  await time.tick(29_900);
  for (let i = 0; i < 24; i++) last.note(50);
  assert.equal(last.median, 10);
  await time.tick(100);
  assert.equal(last.median, undefined);
  for (let i = 0; i < 8; i++) last.note(50);
  assert.equal(last.median, 50);
  last.clear();
  assert.equal(last.median, undefined);
});

test('half of the values lie on either side of the median', () =>
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1, maxLength: 64 }), values => {
      const median = medianOf(Float64Array.from(values)) ?? Number.NaN;
      assert.ok(values.filter(value => value <= median).length >= values.length / 2);
      assert.ok(values.filter(value => value >= median).length >= values.length / 2);
    }),
  ));

test('of nothing there is no median', () => assert.equal(medianOf(new Float64Array()), undefined));
