import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import {
  aCall,
  codeOf,
  collectEvents,
  fakeTime,
  handPlayed,
  OK,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import { GatewayError } from '../core/errors.ts';
import { Budget } from './budget.ts';
import { Hedge, HedgeOptions } from './hedge.ts';

afterEach(realTime);

const FIXED = { after: '100ms' };

const scene = (options: object = FIXED, mayHedge: () => boolean = () => true) => {
  const time = fakeTime();
  const budget = new Budget(1);
  for (let i = 0; i < 20; i++) budget.earn();
  const hedge = new Hedge({ options: HedgeOptions.parse(options), budget, mayHedge });
  const { handler, calls } = handPlayed();
  const { emit, events } = collectEvents();
  const layer = hedge.layer(handler);
  const results = () => events.flatMap(event => (event.type === 'hedge' ? [event.result] : []));
  return { time, budget, hedge, layer, calls, emit, results, call: () => aCall({ emit }) };
};

test('a first attempt in time is alone', async () => {
  const { time, layer, calls, results, call } = scene();
  const answer = layer(call());
  await time.tick(99);
  calls[0]?.answer();
  assert.equal(await answer, OK);
  await time.tick(5000);
  assert.equal(calls.length, 1);
  assert.deepEqual(results(), []);
});

test('a late first attempt gets a second beside it, and the faster one answers', async () => {
  const { time, layer, calls, results, call } = scene();
  const answer = layer(call());
  await time.tick(100);
  assert.equal(calls.length, 2);
  calls[1]?.answer();
  assert.deepEqual(await answer, { ...OK, source: 'hedge' });
  assert.deepEqual(results(), ['won']);
});

test('when the first one wins after all, the hedge has lost', async () => {
  const { time, layer, calls, results, call } = scene();
  const answer = layer(call());
  await time.tick(100);
  calls[0]?.answer();
  assert.equal(await answer, OK);
  assert.deepEqual(results(), ['lost']);
});

test('the loser has a grace of four quantiles before it is cut, and is cut as cancelled', async () => {
  const { time, hedge, layer, calls, call } = scene();
  for (let i = 0; i < 50; i++) hedge.record(50);
  const answer = layer(call());
  await time.tick(100);
  calls[1]?.answer();
  await answer;
  await time.tick(190);
  assert.equal(calls[0]?.call.cancel.reason?.code, undefined);
  await time.tick(30);
  assert.equal(calls[0]?.call.cancel.reason?.code, 'cancelled');
});

test('a loser that ends within its grace leaves no timer behind', async () => {
  const { time, layer, calls, call } = scene();
  const answer = layer(call());
  await time.tick(100);
  calls[1]?.answer();
  await answer;
  calls[0]?.answer();
  await time.tick(4000);
  assert.equal(calls[0]?.call.cancel.reason?.code, undefined);
});

test('one attempt that fails waits for the other', async () => {
  const { time, layer, calls, call } = scene();
  const answer = layer(call());
  await time.tick(100);
  calls[0]?.fail('reset');
  await settle();
  calls[1]?.answer();
  assert.equal((await answer).source, 'hedge');
});

test('if both fail, the call fails with the last reason', async () => {
  const { time, layer, calls, results, call } = scene();
  const code = codeOf(layer(call()));
  await time.tick(100);
  calls[0]?.fail('reset');
  calls[1]?.fail('status');
  assert.equal(await code, 'status');
  assert.deepEqual(results(), ['failed']);
});

test('a first attempt that fails early is not hedged: repeating is the retry’s business', async () => {
  const { time, layer, calls, call } = scene();
  const code = codeOf(layer(call()));
  calls[0]?.fail('reset');
  assert.equal(await code, 'reset');
  await time.tick(1000);
  assert.equal(calls.length, 1);
});

test('nothing is sent when the upstream may not be hedged, and the budget keeps its repeat', async () => {
  const { time, budget, layer, calls, results, call } = scene(FIXED, () => false);
  void layer(call());
  await time.tick(100);
  assert.equal(calls.length, 1);
  assert.deepEqual(results(), ['denied']);
  assert.equal(budget.take(), true);
});

test('nothing is sent when the budget is spent', async () => {
  const { time, budget, layer, calls, results, call } = scene();
  while (budget.take());
  void layer(call());
  await time.tick(100);
  assert.equal(calls.length, 1);
  assert.deepEqual(results(), ['denied']);
});

test('a cancelled call cancels both attempts with its reason', async () => {
  const { time, layer, calls, emit } = scene();
  const call = aCall({ emit });
  const code = codeOf(layer(call));
  await time.tick(100);
  call.cancel.cancel(new GatewayError('limit'));
  assert.equal(await code, 'limit');
  assert.deepEqual(
    calls.map(played => played.call.cancel.reason?.code),
    ['limit', 'limit'],
  );
});

test('too few samples: it waits for max; enough of them: for the quantile', async () => {
  const { time, hedge } = scene({ after: 'p95', min: '5ms', max: '1s' });
  assert.equal(hedge.delayMs, 1000);
  for (let i = 0; i < 100; i++) hedge.record(i < 96 ? 40 : 900);
  await time.tick(300);
  assert.ok(hedge.delayMs >= 40 && hedge.delayMs <= 42.1, `${hedge.delayMs}`);
});

test('min and max hold the quantile', async () => {
  const { time, hedge } = scene({ after: 'p95', min: '30ms', max: '60ms' });
  for (let i = 0; i < 100; i++) hedge.record(1);
  await time.tick(300);
  assert.equal(hedge.delayMs, 30);
  for (let i = 0; i < 10_000; i++) hedge.record(500);
  await time.tick(300);
  assert.equal(hedge.delayMs, 60);
});

test('the delay is never more than half of what is left', async () => {
  const { time, layer, calls, emit } = scene({ after: '2s' });
  void layer(aCall({ emit, deadline: performance.now() + 1000 }));
  await time.tick(499);
  assert.equal(calls.length, 1);
  await time.tick(1);
  assert.equal(calls.length, 2);
});

test('an attempt that was cut counts as slow as it was, so a stalling upstream does not look fast', async () => {
  const { time, hedge, layer, calls, call } = scene({ after: 'p95', min: '5ms', max: '1s' });
  for (let i = 0; i < 60; i++) {
    const code = codeOf(layer(call()));
    await time.tick(30);
    calls.pop()?.fail('timeout');
    await code;
  }
  await time.tick(300);
  assert.ok(hedge.delayMs >= 29, `${hedge.delayMs}`);
});
