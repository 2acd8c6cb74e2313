import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { Buckets } from './buckets.ts';

afterEach(realTime);

/** How many of `calls` at once get a token. */
const taken = (buckets: Buckets, client: string, calls: number): number =>
  Array.from({ length: calls }, () => buckets.take(client)).filter(Boolean).length;

test('a burst is there at once, and what is used comes back at the rate', async () => {
  const { tick } = fakeTime();
  const buckets = new Buckets({ perSecond: 10, burst: 3 });
  assert.equal(taken(buckets, 'a', 5), 3);
  await tick(99);
  assert.equal(taken(buckets, 'a', 1), 0);
  await tick(1);
  assert.equal(taken(buckets, 'a', 2), 1);
  await tick(60_000);
  assert.equal(taken(buckets, 'a', 5), 3);
});

test('what one client uses up another has still', () => {
  fakeTime();
  const buckets = new Buckets({ perSecond: 10, burst: 3 });
  assert.equal(taken(buckets, 'a', 100), 3);
  assert.equal(taken(buckets, 'b', 100), 3);
});

interface Step {
  readonly pauseMs: number;
  readonly client: string;
}

interface Terms {
  readonly perSecond: number;
  readonly burst: number;
  /** How many clients have a place of their own at a time. */
  readonly own: number;
}

/** Plays the steps; fails at a stretch of time that gave a client more than one burst and what its length earned. */
const playWithinTerms = ({ perSecond, burst, own }: Terms, steps: readonly Step[]): void => {
  const { skip } = fakeTime();
  const buckets = new Buckets({ perSecond, burst }, own);
  const passedAt = new Map<string, number[]>();
  let at = 0;
  for (const { pauseMs, client } of steps) {
    skip(pauseMs);
    at += pauseMs;
    if (buckets.take(client)) passedAt.set(client, [...(passedAt.get(client) ?? []), at]);
    assert.ok(buckets.size <= own);
  }
  for (const times of passedAt.values()) {
    for (const [from, start] of times.entries()) {
      for (const [count, end] of times.slice(from).entries()) {
        assert.ok(count + 1 <= burst + ((end - start) * perSecond) / 1000 + 1e-9);
      }
    }
  }
};

test('no stretch of time gives a client more than one burst and what its length earns, however many others come', () => {
  const script = fc.array(
    fc.record({ pauseMs: fc.integer({ min: 0, max: 300 }), client: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    { maxLength: 60 },
  );
  const terms = fc.record({
    perSecond: fc.integer({ min: 1, max: 100 }),
    burst: fc.integer({ min: 1, max: 5 }),
    own: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(fc.property(terms, script, playWithinTerms), { numRuns: 1000 });
});

test('who shared a bucket and then gets a place of its own has no second burst', () => {
  const steps = [
    { pauseMs: 0, client: 'first' },
    { pauseMs: 999, client: 'second' },
    { pauseMs: 2, client: 'second' },
  ];
  playWithinTerms({ perSecond: 1, burst: 1, own: 1 }, steps);
});

test('who asks no faster than the rate is never refused, whatever greedier ones do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(20), { maxLength: 20 }),
      (perSecond, burst, greed) => {
        const { skip } = fakeTime();
        const buckets = new Buckets({ perSecond, burst });
        for (const calls of greed) {
          assert.ok(buckets.take('modest'));
          taken(buckets, 'greedy', calls);
          skip(Math.ceil(1000 / perSecond) + 1);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a flood of clients takes no more memory than there are places, and nothing from those who were there', async () => {
  const { tick } = fakeTime();
  const buckets = new Buckets({ perSecond: 10, burst: 10 }, 100);
  assert.ok(buckets.take('wcs'));
  for (let i = 0; i < 20_000; i++) buckets.take(`flood-${i}`);
  assert.equal(buckets.size, 100);
  assert.equal(taken(buckets, 'wcs', 100), 9);
  for (let second = 0; second < 5; second++) {
    await tick(200);
    for (let i = 0; i < 5000; i++) buckets.take(`flood-${second}-${i}`);
    assert.ok(taken(buckets, 'wcs', 2) === 2, `${second}`);
  }
});

test('of a flood that shares buckets one more client finds a token in nearly all of them', () => {
  fakeTime();
  const buckets = new Buckets({ perSecond: 1, burst: 10 }, 0);
  for (let i = 0; i < 1000; i++) buckets.take(`flood-${i}`);
  const served = Array.from({ length: 200 }, (_, i) => buckets.take(`honest-${i}`)).filter(Boolean).length;
  assert.equal(served, 200);
  for (let i = 0; i < 1000; i++) taken(buckets, 'greedy', 1);
  const beside = Array.from({ length: 200 }, (_, i) => buckets.take(`other-${i}`)).filter(Boolean).length;
  assert.ok(beside > 190, `${beside} of 200`);
});

test('idle clients are forgotten as new ones come', async () => {
  const { tick } = fakeTime();
  const buckets = new Buckets({ perSecond: 10, burst: 10 }, 100);
  for (let i = 0; i < 100; i++) buckets.take(`early-${i}`);
  await tick(1000);
  for (let i = 0; i < 40; i++) buckets.take(`late-${i}`);
  assert.equal(buckets.size, 40);
});
