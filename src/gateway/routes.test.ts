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
import type { Answer } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { stack } from '../core/layer.ts';
import { Breaker, BreakerOptions } from '../resilience/breaker.ts';
import { Budget } from '../resilience/budget.ts';
import { Bulkhead } from '../resilience/bulkhead.ts';
import { coalesce } from '../resilience/coalesce.ts';
import { attemptDeadline, deadline } from '../resilience/deadline.ts';
import { EjectionOptions, Replicas } from '../resilience/ejection.ts';
import { fallback } from '../resilience/fallback.ts';
import { Hedge, HedgeOptions } from '../resilience/hedge.ts';
import { Rate } from '../resilience/rate.ts';
import { RetryOptions, retry } from '../resilience/retry.ts';
import { Choice, type Upstream } from '../upstream/choose.ts';
import { record } from './record.ts';

afterEach(realTime);

const ECHO: Answer = { ...OK, source: 'echo' };
const ladder = fallback(() => [{ name: 'echo', source: 'echo', answer: () => ECHO }]);
const aBreaker = () => new Breaker(BreakerOptions.parse({}), { app: 'a', upstream: 'u', emit: () => {} });

/** An upstream that always fails, behind `breaker`. */
const aFailing = (breaker: Breaker): Upstream => ({
  name: 'u',
  handler: breaker.layer(() => Promise.reject(new GatewayError('reset'))),
  get admits() {
    return breaker.admits;
  },
  mayHedge: true,
  limit: 64,
  load: 0,
  share: 1,
  state: () => ({ app: 'a', upstream: 'u', breaker: breaker.state, inflight: 0, queued: 0, limit: 64 }),
  replace: () => breaker.replace(),
  close: () => breaker.close(),
});

test('fallback above deadline: an expired deadline still ends in an answer', async () => {
  const time = fakeTime();
  const answer = stack([ladder, deadline()], () => new Promise(() => {}))(aCall());
  await time.tick(3000);
  assert.equal(await answer, ECHO);
});

test('gate below fallback: an open breaker still ends in an answer, and costs neither a timer nor an attempt', async () => {
  const time = fakeTime();
  const breaker = aBreaker();
  const choice = new Choice([aFailing(breaker)]);
  const layered = stack([ladder, choice.gate, deadline()], choice.handler);
  for (let i = 0; i < 10; i++) await layered(aCall());
  await settle();
  assert.equal(breaker.state, 'open');
  const call = aCall();
  assert.equal(await layered(call), ECHO);
  assert.deepEqual([call.attempts.length, call.cancel.size], [0, 0]);
  await time.tick(5000);
  const probe = aCall();
  await layered(probe);
  assert.equal(probe.attempts.length, 1);
});

test('bulkhead above breaker: the slot freed by the call that trips it drains the whole queue at once', async () => {
  fakeTime();
  const bulkhead = new Bulkhead({ max: 1, queue: 100 });
  const { handler, calls } = handPlayed();
  const layered = stack([bulkhead.layer, aBreaker().layer], handler);
  const codes = Array.from({ length: 60 }, () => codeOf(layered(aCall())));
  for (let i = 0; i < 10; i++) {
    calls[i]?.fail('reset');
    await settle();
  }
  const ended = await Promise.all(codes);
  assert.equal(calls.length, 10);
  assert.equal(ended.filter(code => code === 'breaker').length, 50);
  assert.deepEqual([bulkhead.inflight, bulkhead.queued], [0, 0]);
});

test('bulkhead above breaker: calls that found no room say nothing against the upstream', async () => {
  const breaker = aBreaker();
  const { handler } = handPlayed();
  const layered = stack([new Bulkhead({ max: 1, queue: 0 }).layer, breaker.layer], handler);
  void layered(aCall());
  for (let i = 0; i < 50; i++) assert.equal(await codeOf(layered(aCall())), 'overload');
  assert.equal(breaker.state, 'closed');
});

test('attempt deadline below breaker: an upstream that hangs opens it', async () => {
  const time = fakeTime();
  const breaker = aBreaker();
  const layered = stack([breaker.layer, attemptDeadline()], handPlayed().handler);
  const codes = Array.from({ length: 10 }, () => codeOf(layered(aCall({ attemptLimitMs: 500 }))));
  await time.tick(500);
  assert.deepEqual(new Set(await Promise.all(codes)), new Set(['timeout']));
  await settle();
  assert.equal(breaker.state, 'open');
});

test('ejection below breaker: calls that a breaker refused say nothing beside the other upstreams', async () => {
  fakeTime();
  const options = EjectionOptions.parse({ failures: 20 });
  const replicas = new Replicas({ app: 'a', emit: () => {}, options, slowStartMs: 1000 });
  const [replica] = [replicas.join('u'), replicas.join('v')];
  const layered = stack([aBreaker().layer, replica.layer], () => Promise.reject(new GatewayError('reset')));
  for (let i = 0; i < 50; i++) await codeOf(layered(aCall()));
  assert.equal(replica.failuresInRow, 10);
  assert.equal(replica.isOut, false);
});

test('deadline above breaker: a limit that expires through coalesce and hedge still counts against the upstream', async () => {
  const time = fakeTime();
  const breaker = aBreaker();
  const budget = new Budget(0);
  const hedge = new Hedge({ options: HedgeOptions.parse({}), budget, mayHedge: () => true });
  const repeat = retry({ options: RetryOptions.parse({}), budget, idempotent: true, hasUntried: () => false });
  const layers = [ladder, deadline(), coalesce(), repeat, hedge.layer, breaker.layer, attemptDeadline()];
  const layered = stack(layers, handPlayed().handler);
  const answers = Array.from({ length: 10 }, (_, n) => layered(aCall({ body: Buffer.from(`{"n":${n}}`) })));
  await time.tick(3000);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([ECHO]));
  await settle();
  assert.equal(breaker.state, 'open');
});

test('breaker below hedge: a loser that is cut says nothing against its upstream', async () => {
  const time = fakeTime();
  const breaker = aBreaker();
  const budget = new Budget(1);
  for (let i = 0; i < 20; i++) budget.earn();
  const hedge = new Hedge({
    options: HedgeOptions.parse({ after: '10ms', max: '20ms' }),
    budget,
    mayHedge: () => true,
  });
  const { handler, calls } = handPlayed();
  const layered = stack([hedge.layer, breaker.layer], handler);
  for (let i = 0; i < 15; i++) {
    const answer = layered(aCall());
    await time.tick(10);
    calls.at(-1)?.answer();
    await answer;
    await time.tick(100);
  }
  const losers = calls.filter((_, n) => n % 2 === 0);
  assert.equal(losers.filter(({ call }) => call.cancel.reason?.code === 'cancelled').length, 15);
  assert.equal(breaker.state, 'closed');
});

test('retry above hedge: what neither attempt could do is repeated, within the attempts allowed', async () => {
  const time = fakeTime();
  const budget = new Budget(1);
  for (let i = 0; i < 20; i++) budget.earn();
  const hedge = new Hedge({ options: HedgeOptions.parse({ after: '10ms', min: '1ms' }), budget, mayHedge: () => true });
  const sent: number[] = [];
  const failing = async (call: { attempts: { upstream: string; sent: boolean }[] }): Promise<Answer> => {
    sent.push(call.attempts.push({ upstream: 'u', sent: true }));
    throw new GatewayError('reset');
  };
  const repeat = retry({
    options: RetryOptions.parse({ attempts: 3 }),
    budget,
    idempotent: true,
    hasUntried: () => false,
  });
  const code = codeOf(stack([repeat, hedge.layer], failing)(aCall()));
  await time.tick(500);
  assert.equal(await code, 'reset');
  assert.equal(sent.length, 3);
});

const aRate = (burst: number) => new Rate({ calls: 1, burst, by: 'address' }, () => undefined).layer;

test('rate below fallback: whoever asks too often gets the next rung, and no attempt, timer or breaker hears of it', async () => {
  fakeTime();
  const breaker = aBreaker();
  const choice = new Choice([aFailing(breaker)]);
  const layered = stack([ladder, aRate(1), choice.gate, deadline()], choice.handler);
  await layered(aCall({ peer: '10.0.0.5' }));
  for (let i = 0; i < 20; i++) {
    const call = aCall({ peer: '10.0.0.5' });
    assert.equal(await layered(call), ECHO);
    assert.deepEqual([call.attempts.length, call.cancel.size], [0, 0]);
  }
  assert.equal(breaker.state, 'closed');
});

test('rate below coalesce: equal calls that share an attempt take one token', async () => {
  fakeTime();
  const { handler, calls } = handPlayed();
  const layered = stack([coalesce(), ladder, aRate(1)], handler);
  const answers = [1, 2, 3].map(() => layered(aCall({ peer: '10.0.0.5' })));
  calls[0]?.answer();
  assert.deepEqual(await Promise.all(answers), [OK, OK, OK]);
  assert.equal(calls.length, 1);
});

test('record on top: every call is told once, answered or abandoned', async () => {
  const { emit, events } = collectEvents();
  const { handler, calls } = handPlayed();
  const layered = stack([record(), ladder], handler);
  const good = layered(aCall({ emit }));
  calls[0]?.answer();
  assert.equal((await good).source, 'upstream');
  const mended = layered(aCall({ emit }));
  calls[1]?.fail('reset');
  assert.equal((await mended).source, 'echo');
  const leaver = aCall({ emit });
  const left = codeOf(layered(leaver));
  leaver.cancel.cancel(new GatewayError('gone'));
  assert.equal(await left, 'gone');
  assert.deepEqual(
    events.map(event => event.type),
    ['answered', 'answered', 'abandoned'],
  );
});

test('record on top: an error that no rung could mend becomes an answer with its code', async () => {
  const { emit, events } = collectEvents();
  const answer = await record()(() => Promise.reject(new TypeError('boom')))(aCall({ emit }));
  assert.equal(answer.status, 500);
  assert.equal(answer.reason, 'internal');
  assert.deepEqual(
    events.map(event => event.type),
    ['defect', 'answered'],
  );
});
