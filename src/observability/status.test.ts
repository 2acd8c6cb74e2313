import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import { createMetrics } from './metrics.ts';
import { describeStatus } from './status.ts';

const gauges = {
  upstreams: [
    { app: 'One', upstream: 'http://u:pw@a/x', breaker: 'open', probesInMs: 4000, inflight: 0, queued: 2 },
    { app: 'Two', upstream: 'http://b/x', breaker: 'closed', inflight: 1, queued: 0 },
  ],
  hooks: [{ app: 'One', hook: 'connect', limitMs: 3000, ladder: ['cached', 'unavailable'], hedgeDelayMs: 8 }],
  sessions: { known: 3, provisional: { One: 2 } },
  events: [],
} as const;

const describe = () => {
  const metrics = createMetrics({ version: '1', gauges: () => gauges });
  const answer = (app: string, hook: string) =>
    metrics.listen({ type: 'answered', call: aCall({ route: { app, hook } }), answer: OK, ms: 4 });
  answer('One', 'connect');
  answer('One', 'other');
  answer('Gone', 'connect');
  const call = aCall({ route: { app: 'One', hook: 'connect' } });
  metrics.listen({
    type: 'attempt',
    call,
    attempt: { upstream: 'http://u:pw@a/x', sent: true, outcome: 'ok', ms: 4 },
  });
  metrics.listen({ type: 'rejected', code: 'not_found', message: 'no', peer: '' });
  return describeStatus({
    version: '1',
    uptimeMs: 61_900,
    configFile: '/etc/breakwater.yaml',
    reloads: { applied: 1, refused: 0 },
    ready: true,
    gauges,
    snapshot: metrics.snapshot(),
  });
};

test('the status is plain JSON', () => {
  const status = describe();
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
});

test('the status tells what runs, for how long, and from which file', () => {
  const { version, uptimeSeconds, ready, config, rejected } = describe();
  assert.deepEqual([version, uptimeSeconds, ready], ['1', 61, true]);
  assert.deepEqual(config, { file: '/etc/breakwater.yaml', reloads: { applied: 1, refused: 0 } });
  assert.deepEqual(rejected, { not_found: 1 });
});

test('a hook shows how it is treated beside what was counted', () => {
  const [one] = describe().apps;
  const [connect, other, ...more] = one?.hooks ?? [];
  assert.deepEqual(more, []);
  assert.equal(connect?.hook, 'connect');
  assert.equal(connect?.limitMs, 3000);
  assert.deepEqual(connect?.ladder, ['cached', 'unavailable']);
  assert.equal(connect?.hedgeDelayMs, 8);
  assert.deepEqual(connect?.answers, { upstream: 1 });
  assert.ok(connect?.ms?.p99);
  assert.equal(other?.hook, 'other');
  assert.equal(other?.limitMs, undefined);
});

test('an upstream shows its breaker beside its attempts, and never its user', () => {
  const status = describe();
  const [upstream] = status.apps[0]?.upstreams ?? [];
  assert.equal(upstream?.upstream, 'http://a/x');
  assert.deepEqual([upstream?.breaker, upstream?.probesInMs, upstream?.queued], ['open', 4000, 2]);
  assert.equal(upstream?.attempts?.ok, 1);
  assert.doesNotMatch(JSON.stringify(status), /pw/);
});

test('every app is there, that without calls and that without settings too', () => {
  assert.deepEqual(
    describe().apps.map(({ app, hooks, upstreams }) => [app, hooks.length, upstreams.length]),
    [
      ['One', 2, 1],
      ['Two', 0, 1],
      ['Gone', 1, 0],
    ],
  );
});
