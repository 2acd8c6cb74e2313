import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, codeOf, collectEvents, fakeTime, OK, realTime, settle } from '../../test/kit/hand-played.ts';
import type { Answer, Call } from '../core/call.ts';
import { type Code, ERRORS, GatewayError, moreTelling } from '../core/errors.ts';
import { Budget } from './budget.ts';
import { RetryOptions, type RetryPolicy, retry } from './retry.ts';

afterEach(realTime);

const rich = (): Budget => {
  const budget = new Budget(1);
  for (let i = 0; i < 20; i++) budget.earn();
  return budget;
};

/** A client below the retry that plays `script`, an outcome for each attempt, over `upstreams` in turn. */
const scene = (
  script: (Code | 'good')[],
  { upstreams = 1, ...changes }: Partial<RetryPolicy> & { upstreams?: number } = {},
) => {
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const hasUntried = ({ attempts }: Call) => new Set(attempts.map(({ upstream }) => upstream)).size < upstreams;
  const policy = { options: RetryOptions.parse({}), budget: rich(), idempotent: true, hasUntried, ...changes };
  const seen: string[] = [];
  const client = async (call: Call): Promise<Answer> => {
    const outcome = script.shift() ?? 'good';
    const upstream = `u${(call.attempts.length % upstreams) + 1}`;
    const sent = outcome === 'good' || 'outcome' in ERRORS[outcome];
    call.attempts.push({ upstream, sent });
    seen.push(upstream);
    if (outcome !== 'good') throw new GatewayError(outcome);
    return OK;
  };
  const layer = retry(policy)(client);
  const run = async (call = aCall({ emit })) => {
    const code = codeOf(layer(call));
    await time.tick(100);
    return code;
  };
  return { time, run, seen, events, policy, layer, emit };
};

test('a good answer is not repeated', async () => {
  const { run, seen } = scene(['good']);
  assert.equal(await run(), 'answered');
  assert.equal(seen.length, 1);
});

for (const code of ['reset', 'timeout', 'status', 'body', 'stale'] as const) {
  test(`${code} is repeated once where the back-end bears it`, async () => {
    const { run, seen } = scene([code]);
    assert.equal(await run(), 'answered');
    assert.equal(seen.length, 2);
  });

  test(`${code} is never repeated where it does not`, async () => {
    const { run, seen } = scene([code], { idempotent: false, upstreams: 3 });
    assert.equal(await run(), code);
    assert.equal(seen.length, 1);
  });
}

for (const code of ['refused', 'connect'] as const) {
  test(`${code} goes to every other upstream at once, whatever the hook: nothing was sent`, async () => {
    const spent = new Budget(0);
    const { run, seen } = scene([code, code, 'good'], { idempotent: false, upstreams: 3, budget: spent });
    assert.equal(await run(), 'answered');
    assert.deepEqual(seen, ['u1', 'u2', 'u3']);
  });

  test(`${code} with nowhere else to go is repeated once, under the budget`, async () => {
    const { run, seen } = scene([code], { idempotent: false });
    assert.equal(await run(), 'answered');
    assert.equal(seen.length, 2);
    const poor = scene([code], { idempotent: false, budget: new Budget(0) });
    assert.equal(await poor.run(), code);
    assert.equal(poor.seen.length, 1);
  });
}

for (const code of ['breaker', 'overload'] as const) {
  test(`${code} goes on to another upstream, and is the end where there is none`, async () => {
    const two = scene([code], { upstreams: 2, idempotent: false });
    assert.equal(await two.run(), 'answered');
    const one = scene([code]);
    assert.equal(await one.run(), code);
    assert.equal(one.seen.length, 1);
  });
}

for (const code of ['cancelled', 'gone', 'closing', 'internal'] as const) {
  test(`${code} is the end`, async () => {
    const { run, seen } = scene([code], { upstreams: 1 });
    assert.equal(await run(), code);
    assert.equal(seen.length, 1);
  });
}

test('no more attempts are sent than allowed', async () => {
  const { run, seen } = scene(['reset', 'reset', 'reset', 'reset'], {
    options: RetryOptions.parse({ attempts: 3 }),
  });
  assert.equal(await run(), 'reset');
  assert.equal(seen.length, 3);
});

test('a spent budget ends it and is told', async () => {
  const { run, seen, events } = scene(['reset'], { budget: new Budget(0.01) });
  assert.equal(await run(), 'reset');
  assert.equal(seen.length, 1);
  assert.deepEqual(events.at(-1), { type: 'retry', route: aCall().route, code: 'reset', result: 'denied' });
});

test('retry: false repeats nothing that was sent', async () => {
  const { run, seen } = scene(['reset'], { options: false });
  assert.equal(await run(), 'reset');
  assert.equal(seen.length, 1);
});

test('a repeat waits its backoff, and does not start when the limit would be over by then', async () => {
  const { time, layer, seen, emit } = scene(['reset', 'reset'], { options: RetryOptions.parse({ backoff: '100ms' }) });
  void codeOf(layer(aCall({ emit })));
  await settle();
  await time.tick(49);
  assert.equal(seen.length, 1);
  await time.tick(101);
  assert.equal(seen.length, 2);
  const late = scene(['reset'], { options: RetryOptions.parse({ backoff: '100ms' }) });
  assert.equal(await late.run(aCall({ deadline: performance.now() + 40 })), 'reset');
  assert.equal(late.seen.length, 1);
});

test('a call that is cancelled during the backoff ends with its reason, at once', async () => {
  const { layer, seen, emit } = scene(['reset'], { options: RetryOptions.parse({ backoff: '10s' }) });
  const call = aCall({ emit, deadline: performance.now() + 60_000 });
  const code = codeOf(layer(call));
  await settle();
  call.cancel.cancel(new GatewayError('gone'));
  assert.equal(await code, 'gone');
  assert.equal(call.cancel.size, 0);
  assert.equal(seen.length, 1);
});

test('each call earns its share once, however often it is tried', async () => {
  const budget = new Budget(0.5);
  const { run } = scene(['reset', 'good'], { budget });
  await run();
  await run();
  assert.equal(budget.take(), true);
  assert.equal(budget.take(), false);
});

test('a repeat that could not be sent does not hide what the back-end said', async () => {
  const { layer, time } = scene(['status', 'breaker']);
  const code = codeOf(layer(aCall()));
  await time.tick(100);
  assert.equal(await code, 'status');
});

test('of two failures the one that says more of the back-end is told, else the later', () => {
  const said = new GatewayError('status', undefined, { answer: OK });
  const [reset, refused, breaker, gone] = (['reset', 'refused', 'breaker', 'gone'] as const).map(
    code => new GatewayError(code),
  ) as [GatewayError, GatewayError, GatewayError, GatewayError];
  assert.equal(moreTelling(said, reset), said);
  assert.equal(moreTelling(reset, breaker), reset);
  assert.equal(moreTelling(breaker, reset), reset);
  assert.equal(moreTelling(reset, refused), refused);
  assert.equal(moreTelling(said, gone), gone);
});
