import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { aCall, codeOf, collectEvents, fakeTime, handPlayed, realTime, settle } from '../../test/kit/hand-played.ts';
import type { Code } from '../core/errors.ts';
import type { Passage } from '../core/passage.ts';
import { Breaker, BreakerOptions } from './breaker.ts';

afterEach(realTime);

const OPEN_FOR = 5000;

const scene = (changes: object = {}) => {
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const breaker = new Breaker(BreakerOptions.parse({ ...changes }), { app: 'a', upstream: 'u', emit });
  const { handler, calls } = handPlayed();
  const layer = breaker.layer(handler);
  /** Sends one call and ends it at once. */
  const one = async (how: 'good' | Code = 'good'): Promise<Code | 'answered'> => {
    const code = codeOf(layer(aCall()));
    const played = calls.pop();
    if (how === 'good') played?.answer();
    else played?.fail(how);
    const ended = await code;
    await settle();
    return ended;
  };
  const many = async (count: number, how: 'good' | Code) => {
    for (let i = 0; i < count; i++) await one(how);
  };
  const states = () => events.flatMap(event => (event.type === 'breaker' ? [event.to] : []));
  return { time, breaker, layer, calls, one, many, states, events };
};

test('it stays closed below minCalls: the first failure alone opens nothing', async () => {
  const { breaker, many } = scene();
  await many(9, 'reset');
  assert.equal(breaker.state, 'closed');
});

test('it opens when the share of failures is reached, and refuses at once then', async () => {
  const { breaker, calls, many, one } = scene();
  await many(5, 'good');
  await many(4, 'reset');
  assert.equal(breaker.state, 'closed');
  await many(1, 'reset');
  assert.equal(breaker.state, 'open');
  assert.equal(await one(), 'breaker');
  assert.equal(calls.length, 0);
});

test('verdicts, losers and leavers say nothing against the upstream', async () => {
  const { breaker, many } = scene();
  for (const code of ['cancelled', 'gone', 'overload', 'stale', 'closing'] as const) await many(20, code);
  assert.equal(breaker.state, 'closed');
});

test('slow successes open it too, while their callers get the answers', async () => {
  const { time, breaker, layer, calls } = scene();
  const answers = Array.from({ length: 10 }, () => codeOf(layer(aCall())));
  await time.tick(1801);
  for (const played of calls) played.answer();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['answered']));
  await settle();
  assert.equal(breaker.state, 'open');
});

test('slow and failed are two shares: 40 % of each opens nothing', async () => {
  const { time, breaker, layer, calls, many } = scene({ errorShare: '50%', slowShare: '90%' });
  await many(2, 'good');
  await many(4, 'reset');
  const answers = Array.from({ length: 4 }, () => codeOf(layer(aCall())));
  await time.tick(1801);
  for (const played of calls) played.answer();
  await Promise.all(answers);
  await settle();
  assert.equal(breaker.state, 'closed');
});

test('a limit that ran out soon after the call began is no evidence; one that ran its time is', async () => {
  const { time, breaker, many, layer, calls } = scene();
  await many(20, 'limit');
  assert.equal(breaker.state, 'closed');
  const codes = Array.from({ length: 20 }, () => codeOf(layer(aCall())));
  await time.tick(2000);
  for (const played of calls) played.fail('limit');
  await Promise.all(codes);
  await settle();
  assert.equal(breaker.state, 'open');
});

test('half-open lets as many probes through as asked and refuses the rest at once', async () => {
  const { time, many, layer, calls, breaker } = scene({ probes: 3 });
  await many(10, 'reset');
  await time.tick(OPEN_FOR);
  assert.equal(breaker.state, 'half-open');
  const codes = Array.from({ length: 10 }, () => codeOf(layer(aCall())));
  await settle();
  assert.equal(calls.length, 3);
  for (const played of calls) played.answer();
  const ended = await Promise.all(codes);
  assert.equal(ended.filter(code => code === 'breaker').length, 7);
  assert.equal(breaker.state, 'closed');
});

test('probes that hang hold no one: everybody else is refused, and their cut re-opens it', async () => {
  const { time, many, layer, calls, breaker } = scene({ probes: 2 });
  await many(10, 'reset');
  await time.tick(OPEN_FOR);
  const probes = [codeOf(layer(aCall())), codeOf(layer(aCall()))];
  for (let i = 0; i < 50; i++) assert.equal(await codeOf(layer(aCall())), 'breaker');
  await time.tick(3000);
  calls[0]?.fail('timeout');
  await probes[0];
  assert.equal(breaker.state, 'open');
});

test('an upload that lasts lets another call probe meanwhile, and counts like any when it ends', async () => {
  const { time, many, layer, calls, breaker } = scene({ probes: 2 });
  await many(10, 'reset');
  await time.tick(OPEN_FOR);
  const upload = () => codeOf(layer(aCall({ passage: { hasBody: true } as Passage })));
  const uploads = [upload(), upload()];
  assert.equal(await codeOf(layer(aCall())), 'breaker');
  await time.tick(3000);
  const [first, second] = calls.splice(0);
  first?.answer();
  assert.equal(await uploads[0], 'answered');
  // Of two good ones one is still needed, and nobody is out who counts.
  const third = upload();
  assert.equal(await codeOf(layer(aCall())), 'breaker');
  second?.fail('reset');
  assert.equal(await uploads[1], 'reset');
  assert.equal(breaker.state, 'open');
  calls.shift()?.answer();
  assert.equal(await third, 'answered');
  assert.equal(breaker.state, 'open');
});

for (const passage of [{ hasBody: false }, { hasBody: true }])
  test(`a probe that is cut at its limit re-opens it (${JSON.stringify(passage)})`, async () => {
    const { time, many, layer, calls, breaker } = scene({ probes: 1 });
    await many(10, 'reset');
    await time.tick(OPEN_FOR);
    const probe = codeOf(layer(aCall({ passage: passage as Passage })));
    await time.tick(3000);
    calls[0]?.fail('timeout');
    await probe;
    assert.equal(breaker.state, 'open');
  });

test('a probe that is cancelled gives its place to another', async () => {
  const { time, many, layer, calls } = scene({ probes: 1 });
  await many(10, 'reset');
  await time.tick(OPEN_FOR);
  const probe = codeOf(layer(aCall()));
  calls[0]?.fail('gone');
  await probe;
  void layer(aCall());
  assert.equal(calls.length, 2);
});

test('each failed recovery doubles the time it stays open, up to the most', async () => {
  const { time, many, one, events } = scene({ openFor: '1s', maxOpenFor: '3s', probes: 1 });
  await many(10, 'reset');
  for (const wait of [1000, 2000, 3000]) {
    await time.tick(wait);
    await one('reset');
  }
  const waits = events.flatMap(event => (event.type === 'breaker' && event.to === 'open' ? [event.openForMs] : []));
  assert.deepEqual(waits, [1000, 2000, 3000, 3000]);
});

test('after a recovery it admits a few at a time and more with each good answer, until openFor has passed', async () => {
  const { time, many, layer, calls, one, breaker } = scene({ probes: 2 });
  await many(10, 'reset');
  await time.tick(OPEN_FOR);
  await many(2, 'good');
  assert.equal(breaker.state, 'closed');
  assert.equal(breaker.steady, false);
  const outs = Array.from({ length: 5 }, () => codeOf(layer(aCall())));
  assert.equal(calls.length, 2);
  for (const played of calls.splice(0)) played.answer();
  await Promise.all(outs);
  const more = Array.from({ length: 9 }, () => codeOf(layer(aCall())));
  assert.equal(calls.length, 4);
  for (const played of calls.splice(0)) played.answer();
  await Promise.all(more);
  await time.tick(OPEN_FOR);
  assert.equal(breaker.steady, true);
  assert.equal(await one(), 'answered');
});

test('a relapse during the ramp counts as a failed recovery', async () => {
  const { time, many, events } = scene({ openFor: '1s', probes: 1 });
  await many(10, 'reset');
  await time.tick(1000);
  await many(1, 'good');
  await many(10, 'reset');
  const waits = events.flatMap(event => (event.type === 'breaker' && event.to === 'open' ? [event.openForMs] : []));
  assert.deepEqual(waits, [1000, 2000]);
});

test('after a steady time the next opening is as short as the first', async () => {
  const { time, many, events } = scene({ openFor: '1s', probes: 1 });
  await many(10, 'reset');
  await time.tick(1000);
  await many(1, 'reset');
  await time.tick(2000);
  await many(1, 'good');
  await time.tick(1500);
  await many(1, 'good');
  await many(20, 'reset');
  const waits = events.flatMap(event => (event.type === 'breaker' && event.to === 'open' ? [event.openForMs] : []));
  assert.deepEqual(waits, [1000, 2000, 1000]);
});

test('a total outage opens it after twenty failures in a row, however many good calls the window still holds', async () => {
  const { breaker, many } = scene();
  await many(1000, 'good');
  await many(19, 'reset');
  assert.equal(breaker.state, 'closed');
  await many(1, 'reset');
  assert.equal(breaker.state, 'open');
});

test('failures in pairs among good calls are no run', async () => {
  const { breaker, many } = scene();
  for (let i = 0; i < 30; i++) {
    await many(3, 'good');
    await many(2, 'reset');
  }
  assert.equal(breaker.state, 'closed');
});

test('legal moves only, and never more than the probes while half-open', async () => {
  const step = fc.constantFrom('call', 'good', 'reset', 'gone', 'wait');
  const next: Record<string, readonly string[]> = {
    closed: ['open'],
    open: ['half-open'],
    'half-open': ['closed', 'open'],
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async script => {
      const { time, layer, calls, breaker, states } = scene({ minCalls: 2, probes: 2, openFor: '1s' });
      let probesOut = 0;
      for (const what of script) {
        const wasHalfOpen = breaker.state === 'half-open';
        const before = calls.length;
        if (what === 'call') void codeOf(layer(aCall()));
        else if (what === 'wait') await time.tick(1000);
        else if (what === 'good') calls.shift()?.answer();
        else calls.shift()?.fail(what);
        await settle();
        probesOut = wasHalfOpen ? probesOut + Math.max(0, calls.length - before) : 0;
        assert.ok(probesOut <= 2 || what !== 'call');
      }
      let from = 'closed';
      for (const to of states()) {
        assert.ok(next[from]?.includes(to), `${from} to ${to}`);
        from = to;
      }
      breaker.close();
      realTime();
    }),
    { numRuns: 60 },
  );
});
