import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

test('each tick comes once, in order, not before its time, and none beyond the end', async () => {
  const pace = new Pace(1000);
  const ticks: number[] = [];
  const onTick = (tick: number) => {
    assert.ok(pace.elapsedMs >= tick - 1e-6, `tick ${tick} after ${pace.elapsedMs} ms`);
    ticks.push(tick);
  };
  while (pace.tick < 50) await pace.step(onTick, 50);
  await pace.step(onTick, 50);
  assert.deepEqual(
    ticks,
    Array.from({ length: 50 }, (_, tick) => tick),
  );
});

test('who is late gets a few ticks at a time, and is told how late they were', async () => {
  const pace = new Pace(1000);
  const busyUntil = pace.elapsedMs + 100;
  while (pace.elapsedMs < busyUntil);
  let count = 0;
  await pace.step(() => count++);
  assert.equal(count, 20);
  assert.ok(pace.latestMs >= 80, `${pace.latestMs} ms`);
});
