import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, fakeTime, OK, realTime } from '../../test/kit/hand-played.ts';
import type { Outcome, Source } from '../core/call.ts';
import { Counts } from './counts.ts';
import { createHistogram, observe, quantileMs } from './histogram.ts';
import { Sampler } from './sampler.ts';

afterEach(realTime);

const call = aCall({ route: { app: 'One', hook: 'connect' } });

const answer = (counts: Counts, source: Source, ms: number): void =>
  counts.listen({ type: 'answered', call, answer: { ...OK, source }, ms });

const attempt = (counts: Counts, outcome: Outcome, ms = 4, upstream = 'http://u:pw@a/x'): void =>
  counts.listen({ type: 'attempt', call, attempt: { upstream, sent: true, outcome, ms } });

test('a sample holds what came since the one before, by source, and the waits apart', async () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  for (let at = 0; at < 100; at++) answer(counts, 'upstream', 400);
  await sampler.take();
  for (let at = 0; at < 10; at++) answer(counts, 'upstream', 4);
  answer(counts, 'cached', 40);
  const [hook] = (await sampler.take()).hooks;
  assert.deepEqual(hook?.answers, { upstream: 10, cached: 1 });
  assert.ok((hook?.own?.[1] ?? 0) <= 5, 'the slow ones were told before');
  assert.ok((hook?.others?.[0] ?? 0) > 25);
});

test('an upstream shows what it answered and what failed; what the gateway cut off is neither', async () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  for (const outcome of ['ok', 'verdict', 'refused', 'timeout', 'status', 'cancelled'] as const)
    attempt(counts, outcome);
  attempt(counts, 'ok', 4, 'http://b/x');
  const { upstreams } = await sampler.take();
  assert.deepEqual(
    upstreams.map(({ app, upstream, answered, failed }) => [app, upstream, answered, failed]),
    [
      ['One', 'http://a/x', 2, 3],
      ['One', 'http://b/x', 1, 0],
    ],
  );
  assert.ok(upstreams[0]?.ms);
});

test('a quiet second is empty, and says how long it was', async () => {
  const time = fakeTime();
  const counts = new Counts();
  const sampler = new Sampler(counts);
  answer(counts, 'upstream', 4);
  attempt(counts, 'ok');
  await sampler.take();
  await time.tick(2000);
  const { hooks, upstreams, seconds } = await sampler.take();
  assert.deepEqual([hooks, upstreams, seconds], [[], [], 2]);
});

/** A random stream that is the same in each run. */
const randoms = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};

test('whatever is counted, and however often somebody looks, the samples together come to all', async () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  const random = randoms(7);
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)] as Item;
  const told = { answers: new Map<string, number>(), attempts: new Map<string, number>() };
  const wanted = { answers: new Map<string, number>(), attempts: new Map<string, number>() };
  const add = (sums: Map<string, number>, key: string, more = 1) => sums.set(key, (sums.get(key) ?? 0) + more);
  for (let round = 0; round < 20; round++) {
    for (let at = 0; at < 200; at++) {
      const route = { app: pick(['One', 'Two', 'Three']), hook: pick(['connect', 'publishStream', 'call']) };
      const [source, upstream] = [pick(['upstream', 'hedge', 'cached'] as const), pick(['http://a/x', 'http://b/x'])];
      const [outcome, ms] = [pick(['ok', 'verdict', 'timeout', 'refused'] as const), random() * 500];
      const one = aCall({ route });
      counts.listen({ type: 'answered', call: one, answer: { ...OK, source }, ms });
      counts.listen({ type: 'attempt', call: one, attempt: { upstream, sent: true, outcome, ms } });
      add(wanted.answers, `${route.app} ${route.hook} ${source}`);
      add(wanted.attempts, `${route.app} ${upstream}`);
    }
    const { hooks, upstreams } = await sampler.take();
    for (const { app, hook, answers } of hooks)
      for (const [source, count] of Object.entries(answers)) add(told.answers, `${app} ${hook} ${source}`, count);
    for (const { app, upstream, answered, failed } of upstreams)
      add(told.attempts, `${app} ${upstream}`, answered + failed);
  }
  const sorted = (sums: Map<string, number>) => [...sums].toSorted();
  assert.deepEqual(sorted(told.answers), sorted(wanted.answers));
  assert.deepEqual(sorted(told.attempts), sorted(wanted.attempts));
});

test("an upstream's time is that of its attempts for all hooks of its app, and of no other app", async () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  const whole = createHistogram();
  const tell = (app: string, hook: string, ms: number) =>
    counts.listen({
      type: 'attempt',
      call: aCall({ route: { app, hook } }),
      attempt: { upstream: 'http://a/x', sent: true, outcome: 'ok', ms },
    });
  tell('One', 'connect', 14_000);
  await sampler.take();
  for (let at = 1; at <= 60; at++) {
    tell('One', at % 2 ? 'connect' : 'publishStream', at);
    observe(whole, at);
    tell('Two', 'connect', 9000);
  }
  const { upstreams } = await sampler.take();
  const [p50, p99] = upstreams.find(({ app }) => app === 'One')?.ms ?? [];
  assert.deepEqual([p50, upstreams.length], [Math.round((quantileMs(whole, 0.5) ?? 0) * 10) / 10, 2]);
  assert.ok((p99 ?? 0) > 50 && (p99 ?? 0) <= 100, 'what was told before is not in it');
});

test('other work goes on between two apps, and what comes then is told once', async () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  const tell = (app: string) =>
    counts.listen({ type: 'answered', call: aCall({ route: { app, hook: 'connect' } }), answer: OK, ms: 1 });
  for (const app of ['One', 'Two']) tell(app);
  const looked = sampler.take();
  for (const app of ['One', 'Two']) tell(app);
  const both = [await looked, await sampler.take()];
  assert.deepEqual(
    both.map(({ hooks }) => hooks.map(({ app, answers }) => [app, answers.upstream])),
    [
      [
        ['One', 1],
        ['Two', 2],
      ],
      [['One', 1]],
    ],
  );
});
