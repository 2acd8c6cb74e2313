import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, fakeTime, OK, realTime } from '../../test/kit/hand-played.ts';
import type { Outcome, Source } from '../core/call.ts';
import { Counts } from './counts.ts';
import { Sampler } from './sampler.ts';

afterEach(realTime);

const call = aCall({ route: { app: 'One', hook: 'connect' } });

const answer = (counts: Counts, source: Source, ms: number): void =>
  counts.listen({ type: 'answered', call, answer: { ...OK, source }, ms });

const attempt = (counts: Counts, outcome: Outcome, ms = 4, upstream = 'http://u:pw@a/x'): void =>
  counts.listen({ type: 'attempt', call, attempt: { upstream, sent: true, outcome, ms } });

test('a sample holds what came since the one before, by source, and the waits apart', () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  for (let at = 0; at < 100; at++) answer(counts, 'upstream', 400);
  sampler.take();
  for (let at = 0; at < 10; at++) answer(counts, 'upstream', 4);
  answer(counts, 'cached', 40);
  const [hook] = sampler.take().hooks;
  assert.deepEqual(hook?.answers, { upstream: 10, cached: 1 });
  assert.ok((hook?.own?.[1] ?? 0) <= 5, 'the slow ones were told before');
  assert.ok((hook?.others?.[0] ?? 0) > 25);
});

test('an upstream shows what it answered and what failed; what the gateway cut off is neither', () => {
  const counts = new Counts();
  const sampler = new Sampler(counts);
  for (const outcome of ['ok', 'verdict', 'refused', 'timeout', 'status', 'cancelled'] as const)
    attempt(counts, outcome);
  attempt(counts, 'ok', 4, 'http://b/x');
  const { upstreams } = sampler.take();
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
  sampler.take();
  await time.tick(2000);
  const { hooks, upstreams, seconds } = sampler.take();
  assert.deepEqual([hooks, upstreams, seconds], [[], [], 2]);
});
