import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { LatencyWindow } from './latency.ts';

afterEach(realTime);

test('too few samples say nothing', () => {
  const window = new LatencyWindow(0.95);
  for (let i = 0; i < 49; i++) window.record(10);
  assert.equal(window.value(), undefined);
});

test('the quantile is right within 5 %, whatever the latencies', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 50, maxLength: 300 }),
      fc.constantFrom(0.5, 0.9, 0.95, 0.99),
      (latencies, quantile) => {
        const window = new LatencyWindow(quantile);
        for (const ms of latencies) window.record(ms);
        const sorted = latencies.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
        const value = window.value() ?? 0;
        assert.ok(value >= exact * 0.999 && value <= exact * 1.051, `${value} is not ${exact}`);
      },
    ),
  );
});

test('latencies are forgotten after 30 s', async () => {
  const time = fakeTime();
  const window = new LatencyWindow(0.5);
  for (let i = 0; i < 100; i++) window.record(1000);
  await time.tick(10_000);
  for (let i = 0; i < 100; i++) window.record(1);
  assert.ok((window.value() ?? 0) <= 1.06);
  await time.tick(20_000);
  assert.ok((window.value() ?? 0) <= 1.06);
  await time.tick(10_001);
  assert.equal(window.value(), undefined);
});

test('a long silence costs nothing and forgets all', async () => {
  const time = fakeTime();
  const window = new LatencyWindow(0.5);
  for (let i = 0; i < 100; i++) window.record(5);
  await time.tick(65_000);
  assert.equal(window.value(), undefined);
  for (let i = 0; i < 50; i++) window.record(7);
  await time.tick(300);
  assert.ok(Math.abs((window.value() ?? 0) - 7) < 0.4);
});
