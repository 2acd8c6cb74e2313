import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import { createMetrics } from './metrics.ts';
import { APPS_A_FRAME, describeStatus, StatusTurns } from './status.ts';

const gauges = {
  upstreams: [
    { app: 'One', upstream: 'http://u:pw@a/x', breaker: 'open', probesInMs: 4000, inflight: 0, queued: 2, limit: 64 },
    { app: 'Two', upstream: 'http://b/x', breaker: 'closed', inflight: 1, queued: 0, limit: 64 },
  ],
  hooks: [{ app: 'One', hook: 'connect', limitMs: 3000, ladder: ['cached', 'unavailable'], hedgeDelayMs: 8 }],
  sessions: { known: 3, provisional: { One: 2 } },
  events: [],
} as const;

const sourcesOf = () => {
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
  return {
    version: '1',
    uptimeMs: 61_900,
    configFile: '/etc/breakwater.yaml',
    reloads: { applied: 1, refused: 0 },
    ready: true,
    gauges,
    counts: metrics.counts,
  };
};

const describe = () => describeStatus(sourcesOf());

test('the status is plain JSON', async () => {
  const status = await describe();
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
});

test('the status tells what runs, for how long, and from which file', async () => {
  const { version, uptimeSeconds, ready, config, rejected } = await describe();
  assert.deepEqual([version, uptimeSeconds, ready], ['1', 61, true]);
  assert.deepEqual(config, { file: '/etc/breakwater.yaml', reloads: { applied: 1, refused: 0 } });
  assert.deepEqual(rejected, { not_found: 1 });
});

test('a hook shows how it is treated beside what was counted', async () => {
  const [one] = (await describe()).apps;
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

test('an upstream shows its breaker beside its attempts, and never its user', async () => {
  const status = await describe();
  const [upstream] = status.apps[0]?.upstreams ?? [];
  assert.equal(upstream?.upstream, 'http://a/x');
  assert.deepEqual([upstream?.breaker, upstream?.probesInMs, upstream?.queued], ['open', 4000, 2]);
  assert.equal(upstream?.attempts?.ok, 1);
  assert.doesNotMatch(JSON.stringify(status), /pw/);
});

test('every app is there, that without calls and that without settings too', async () => {
  assert.deepEqual(
    (await describe()).apps.map(({ app, hooks, upstreams }) => [app, hooks.length, upstreams.length]),
    [
      ['One', 2, 1],
      ['Two', 0, 1],
      ['Gone', 1, 0],
    ],
  );
});

test('the page is told the same as /status where there are few apps', async () => {
  const sources = sourcesOf();
  const turns = new StatusTurns();
  for (let frame = 0; frame < 2; frame++) assert.deepEqual(await turns.take(sources), await describeStatus(sources));
});

test('of many apps each frame has all upstreams, and the hooks of some, until it has told those of all', async () => {
  const names = Array.from({ length: 2 * APPS_A_FRAME + 3 }, (_, at) => `App${at}`);
  const sources = {
    ...sourcesOf(),
    counts: createMetrics({ version: '1', gauges: () => gauges }).counts,
    gauges: {
      ...gauges,
      upstreams: names.map(app => ({ ...gauges.upstreams[1], app })),
      hooks: names.map(app => ({ ...gauges.hooks[0], app })),
    },
  };
  const turns = new StatusTurns();
  const whole = await describeStatus(sources);
  const told = new Map<string, unknown>();
  for (const count of [APPS_A_FRAME, APPS_A_FRAME, 3, APPS_A_FRAME]) {
    const { apps } = await turns.take(sources);
    assert.deepEqual(
      apps.map(({ app, upstreams }) => [app, upstreams]),
      whole.apps.map(({ app, upstreams }) => [app, upstreams]),
    );
    const withHooks = apps.filter(({ hooks }) => hooks);
    assert.equal(withHooks.length, count);
    for (const { app, hooks } of withHooks) told.set(app, hooks);
  }
  assert.deepEqual(
    [...told],
    whole.apps.map(({ app, hooks }) => [app, hooks]),
  );
});

test('calls go on between two apps while /status is put together', async () => {
  let turns = 0;
  const count = (): void => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  await describe();
  clearImmediate(counting);
  assert.ok(turns >= 2, `${turns} turns`);
});
