import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import { type Answer, type Attempt, type Route, SOURCES } from '../core/call.ts';
import { CODES } from '../core/errors.ts';
import type { Emit, HookState, UpstreamState } from '../core/events.ts';
import { FAMILIES } from './families.ts';
import { createMetrics } from './metrics.ts';
import { metricsDocument } from './metrics-docs.ts';

const UPSTREAM = 'http://127.0.0.1:8081/apps/EchoApp';
const UPSTREAMS: UpstreamState[] = [
  { app: 'EchoApp', upstream: UPSTREAM, breaker: 'half-open', inflight: 3, queued: 7, limit: 40 },
];
const HOOKS: HookState[] = [
  { app: 'EchoApp', hook: 'connect', limitMs: 3000, ladder: ['echo'], hedgeDelayMs: 12.5 },
  { app: 'EchoApp', hook: 'call', limitMs: 3000, ladder: ['unavailable'] },
];

const GAUGES = {
  upstreams: UPSTREAMS,
  hooks: HOOKS,
  sessions: { known: 3, provisional: { EchoApp: 2 } },
  redisIsUp: true,
  log: { written: 5, sampled: 4, dropped: 3 },
  spans: { exported: 3, failed: 2, dropped: 1 },
  upgrades: new Map([['EchoApp', 2]]),
  keptBytes: 4096,
  certificates: [{ app: '', ends: 1_800_000_000_000 }],
  events: [{ app: 'EchoApp', pending: 3, dead: 1, bytes: 4096, oldestSeconds: 7, deliveredPerSecond: 2 }],
};

const create = () => createMetrics({ version: '1.2.3', gauges: () => GAUGES });

const answered = (listen: Emit, route: Route, answer: Partial<Answer>, ms = 4) =>
  listen({ type: 'answered', call: aCall({ route, hook: route.hook }), answer: { ...OK, ...answer }, ms });

const attempted = (listen: Emit, route: Route, attempt: Partial<Attempt>) =>
  listen({ type: 'attempt', call: aCall({ route }), attempt: { upstream: UPSTREAM, sent: true, ...attempt } });

const listenToAll = (listen: Emit) => {
  for (const hook of ['connect', 'other', 'odd "name"\\\n'])
    for (const source of SOURCES)
      for (const reason of [undefined, ...CODES]) {
        const route = { app: 'EchoApp', hook };
        answered(listen, route, reason ? { source, reason, status: 503 } : { source }, Math.random() * 20_000);
      }
  const route = { app: 'EchoApp', hook: 'connect' };
  for (const outcome of ['ok', 'verdict', 'refused', 'reset', 'timeout', 'status', 'body', 'cancelled'] as const)
    attempted(listen, route, { outcome, ms: 7 });
  for (const result of ['won', 'lost', 'failed', 'denied'] as const) listen({ type: 'hedge', route, result });
  for (const result of ['sent', 'denied'] as const) listen({ type: 'retry', route, code: 'reset', result });
  for (const to of ['open', 'half-open', 'closed'] as const)
    listen({ type: 'breaker', app: 'EchoApp', upstream: UPSTREAM, to });
  for (const reason of ['failures', 'errors', 'slow', 'health'] as const)
    listen({ type: 'ejected', app: 'EchoApp', upstream: UPSTREAM, reason, detail: '' });
  listen({ type: 'returned', app: 'EchoApp', upstream: UPSTREAM, slowStartMs: 0 });
  for (const is of ['failed', 'found', 'changed'] as const)
    listen({ type: 'dns', host: 'back-end', is, isNews: true, known: 1, detail: '' });
  for (const result of ['hit', 'miss', 'error', 'timeout'] as const) listen({ type: 'cache', tier: 'memory', result });
  for (const code of CODES) listen({ type: 'rejected', code, message: code, peer: '127.0.0.1' });
  listen({ type: 'coalesced', route });
  for (const result of ['joined', 'redelivered'] as const) listen({ type: 'repeat', route, result });
  for (const result of ['stored', 'delivered', 'expired', 'dead', 'dropped'] as const)
    listen({ type: 'event', app: 'EchoApp', hook: 'connect', id: '1', result, reason: '' });
  for (const how of ['expired', 'dropped', 'outdated'] as const)
    listen({ type: 'ended', app: 'EchoApp', how, count: 10 });
  for (const is of ['applied', 'refused'] as const) listen({ type: 'certificate', is, detail: 'x', ends: 0 });
  for (const result of ['provisional', 'verified', 'refused'] as const)
    listen({ type: 'admission', app: 'EchoApp', callId: '1', result });
  listen({ type: 'abandoned', call: aCall(), code: 'gone', ms: 1 });
};

const own = (text: string): string[] => text.split('\n').filter(line => /^(# \w+ )?breakwater_/.test(line));

test('promtool finds nothing wrong with any family of the gateway', async () => {
  const metrics = create();
  listenToAll(metrics.listen);
  const { body } = await metrics.render(false);
  for (const { name } of FAMILIES)
    assert.match(body, new RegExp(`^${name}(?:(_bucket)?\\{| )`, 'm'), `${name} has no sample`);
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: `${own(body).join('\n')}\n`,
    encoding: 'utf8',
  });
  assert.equal(error, undefined, "promtool is missing; on Debian it comes with the package 'prometheus'");
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

test('an upstream is healthy unless it is left out, and names that are not found are counted', async () => {
  const upstreams: UpstreamState[] = [
    {
      app: 'EchoApp',
      upstream: 'http://a',
      breaker: 'closed',
      inflight: 0,
      queued: 0,
      limit: 64,
      out: 'slow',
      returnsInMs: 1,
    },
    { app: 'EchoApp', upstream: 'http://b', breaker: 'closed', inflight: 0, queued: 0, limit: 64, share: 0.5 },
  ];
  const metrics = createMetrics({ version: '1', gauges: () => ({ ...GAUGES, upstreams }) });
  listenToAll(metrics.listen);
  const { body } = await metrics.render(false);
  assert.match(body, /^breakwater_upstream_healthy\{app="EchoApp",upstream="http:\/\/a"\} 0$/m);
  assert.match(body, /^breakwater_upstream_healthy\{app="EchoApp",upstream="http:\/\/b"\} 1$/m);
  assert.match(body, /^breakwater_upstream_ejections_total\{.*reason="slow"\} 1$/m);
  assert.match(body, /^breakwater_dns_failures_total\{host="back-end"\} 1$/m);
});

test('what is written piece by piece is what prom-client writes at one go', async () => {
  const metrics = create();
  listenToAll(metrics.listen);
  const { body, contentType } = await metrics.render(false);
  assert.deepEqual(own(body), own(await metrics.registry.metrics()));
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  assert.ok(own(body).length > 800, 'more than a few pieces');
});

test('OpenMetrics declares counters without _total, ends with EOF and leaves the other format as it was', async () => {
  const metrics = create();
  listenToAll(metrics.listen);
  const before = own((await metrics.render(false)).body);
  const { body, contentType } = await metrics.render(true);
  assert.equal(contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  assert.match(body, /^# TYPE breakwater_answers counter$/m);
  assert.match(body, /^breakwater_answers_total\{/m);
  assert.match(body, /^# TYPE process_cpu_user_seconds counter\nprocess_cpu_user_seconds_total /m);
  assert.doesNotMatch(body, /_total_total|\n\n/);
  assert.ok(body.endsWith('\n# EOF\n'));
  assert.deepEqual(own((await metrics.render(false)).body), before);
  assert.match((await metrics.render(false)).body, /^# TYPE process_cpu_user_seconds_total counter$/m);
});

test('scrapes at the same time share one text', async () => {
  const metrics = create();
  const [one, other, open] = await Promise.all([metrics.render(false), metrics.render(false), metrics.render(true)]);
  assert.equal(one, other);
  assert.notEqual(one, open);
});

test('a new route object of the same app and hook goes on with the same series', async () => {
  const metrics = create();
  for (let reload = 0; reload < 3; reload++) answered(metrics.listen, { app: 'EchoApp', hook: 'connect' }, {});
  const { body } = await metrics.render(false);
  assert.match(
    body,
    /^breakwater_answers_total\{app="EchoApp",hook="connect",source="upstream",reason="",code="200"\} 3$/m,
  );
});

test('names and statuses that a stranger makes up add no series', async () => {
  const metrics = create();
  const route = { app: 'EchoApp', hook: 'other' };
  const countLines = async () => own((await metrics.render(false)).body).length;
  answered(metrics.listen, route, { status: 799 });
  const before = await countLines();
  for (let at = 0; at < 200; at++) {
    const call = aCall({ route, hook: `made-up-${at}` });
    metrics.listen({ type: 'answered', call, answer: { ...OK, status: 600 + at }, ms: at });
  }
  assert.equal(await countLines(), before);
  assert.match((await metrics.render(false)).body, /source="upstream",reason="",code="other"\} 201$/m);
});

test('an upstream is shown without its user, and both spellings are one series', async () => {
  const metrics = create();
  const route = { app: 'EchoApp', hook: 'connect' };
  attempted(metrics.listen, route, { upstream: 'http://user:s3cret@10.0.0.1/x', outcome: 'ok', ms: 1 });
  metrics.listen({ type: 'breaker', app: 'EchoApp', upstream: 'http://10.0.0.1/x', to: 'open' });
  const { body } = await metrics.render(false);
  assert.doesNotMatch(body, /s3cret|user:/);
  assert.match(body, /upstream="http:\/\/10\.0\.0\.1\/x",outcome="ok"\} 1/);
  assert.equal(metrics.snapshot().upstreams.length, 1);
});

test('attempts that were not sent are not counted, and those that were cut are counted but not timed', async () => {
  const metrics = create();
  const route = { app: 'EchoApp', hook: 'connect' };
  attempted(metrics.listen, route, { sent: false });
  attempted(metrics.listen, route, { outcome: 'cancelled', ms: 5 });
  attempted(metrics.listen, route, { outcome: 'ok', ms: 5 });
  const { body } = await metrics.render(false);
  assert.deepEqual(metrics.snapshot().upstreams[0]?.attempts.cancelled, 1);
  assert.match(body, /^breakwater_upstream_duration_seconds_count\{[^}]*\} 1$/m);
  assert.match(body, /^breakwater_upstream_duration_seconds_sum\{[^}]*\} 0\.005$/m);
});

test('gauges say what is now, and hooks that are not hedged have no delay', async () => {
  const { body } = await create().render(false);
  const labels = `\\{app="EchoApp",upstream="${UPSTREAM}"\\}`;
  assert.match(body, new RegExp(`^breakwater_breaker_state${labels} 1$`, 'm'));
  assert.match(body, new RegExp(`^breakwater_inflight${labels} 3$`, 'm'));
  assert.match(body, new RegExp(`^breakwater_queued${labels} 7$`, 'm'));
  assert.deepEqual(body.match(/^breakwater_hedge_delay_seconds.*/gm), [
    'breakwater_hedge_delay_seconds{app="EchoApp",hook="connect"} 0.0125',
  ]);
  assert.match(body, new RegExp(`^breakwater_build_info\\{version="1.2.3",node="${process.version}"\\} 1$`, 'm'));
});

test('an answer counts as late beyond 20 ms after its limit, and each hook begins at 0', async () => {
  const metrics = create();
  const missed = async () => (await metrics.render(false)).body.match(/^breakwater_limit_missed_total.*/gm);
  const after = (ms: number) => {
    const call = aCall({ route: { app: 'EchoApp', hook: 'connect' }, arrivedAt: 1000, deadline: 4000 });
    metrics.listen({ type: 'answered', call, answer: OK, ms });
  };
  after(3020);
  const line = 'breakwater_limit_missed_total{app="EchoApp",hook="connect"}';
  assert.deepEqual(await missed(), [`${line} 0`]);
  after(3020.1);
  assert.deepEqual(await missed(), [`${line} 1`]);
  assert.equal(metrics.snapshot().hooks[0]?.limitMissed, 1);
});

test('cached answers tell their age, admissions and refusals apart; others have none', async () => {
  const metrics = create();
  const route = { app: 'EchoApp', hook: 'connect' };
  answered(metrics.listen, route, {});
  for (const ageSeconds of [300, 301])
    answered(metrics.listen, route, { source: 'cached', reason: 'limit', ageSeconds });
  answered(metrics.listen, route, { source: 'cached', reason: 'limit', ageSeconds: 100_000, status: 403 });
  const { body } = await metrics.render(false);
  const at = (name: string, le: string, code = 200) =>
    new RegExp(
      `^breakwater_cached_age_seconds_${name}\\{${le}app="EchoApp",hook="connect",code="${code}"\\} (\\S+)$`,
      'm',
    ).exec(body)?.[1];
  assert.deepEqual(
    ['120', '300', '600', '86400', '\\+Inf'].map(le => at('bucket', `le="${le}",`)),
    ['0', '1', '2', '2', '2'],
  );
  assert.deepEqual([at('sum', ''), at('count', '')], ['601', '2']);
  assert.deepEqual([at('bucket', 'le="86400",', 403), at('count', '', 403)], ['0', '1']);
});

test('a snapshot holds answers by source, and quantiles over all of them', () => {
  const metrics = create();
  const route = { app: 'EchoApp', hook: 'connect' };
  answered(metrics.listen, route, {}, 2);
  answered(metrics.listen, route, { status: 404 }, 2);
  answered(metrics.listen, route, { source: 'echo', reason: 'limit' }, 2990);
  const [hook] = metrics.snapshot().hooks;
  assert.deepEqual(hook?.answers, { upstream: 2, echo: 1 });
  assert.ok((hook?.ms.p50 ?? 0) <= 2.5);
  assert.ok((hook?.ms.p99 ?? 0) > 2000);
});

test('the registry has exactly the families of the table, with the labels it names', async () => {
  const metrics = create();
  listenToAll(metrics.listen);
  const found = (await metrics.registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('breakwater_'));
  assert.deepEqual(
    found.map(({ name }) => name),
    FAMILIES.map(({ name }) => name),
  );
  for (const [at, { name, labels }] of FAMILIES.entries()) {
    const [sample] = (found[at]?.values ?? []) as { labels: object; sharedLabels?: object }[];
    const shown = Object.keys({ ...sample?.sharedLabels, ...sample?.labels }).filter(label => label !== 'le');
    assert.deepEqual(shown, labels, name);
  }
});

test('docs/metrics.md is what the table says', () => {
  const text = readFileSync(metricsDocument.file, 'utf8');
  assert.equal(text, metricsDocument.render(), `${metricsDocument.file} is out of date; run npm run docs`);
  for (const { name } of FAMILIES) assert.ok(text.includes(`| \`${name}\` |`), name);
});

const LABELS = String.raw`\{(?:[a-z_]+="(?:[^"\\\n]|\\[n"\\])*",?)*\}`;
const NUMBER = String.raw`(?:[+-]?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)`;
const SAMPLE = new RegExp(`^([a-z_]+)(${LABELS})? ${NUMBER}(?: # (${LABELS}) ${NUMBER} ${NUMBER})?$`);

test('OpenMetrics has exemplars of traced calls, on buckets alone and within their length, and ends as it must', async () => {
  const metrics = create();
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '01' };
  const call = aCall({ trace });
  metrics.listen({ type: 'answered', call, answer: OK, ms: 4 });
  metrics.listen({ type: 'answered', call: aCall(), answer: OK, ms: 40 });
  metrics.listen({ type: 'attempt', call, attempt: { upstream: UPSTREAM, sent: true, outcome: 'ok', ms: 3 } });
  const { body } = await metrics.render(true);
  assert.match(body, /\n# EOF\n$/);
  const samples = body
    .split('\n')
    .filter(line => /^breakwater/.test(line))
    .map(line => ({ line, found: SAMPLE.exec(line) }));
  assert.deepEqual(
    samples.filter(({ found }) => !found).map(({ line }) => line),
    [],
  );
  const told = samples.flatMap(({ found }) => (found?.[3] === undefined ? [] : [found]));
  assert.deepEqual(
    told.map(([, name]) => name),
    ['breakwater_answer_duration_seconds_bucket', 'breakwater_upstream_duration_seconds_bucket'],
  );
  for (const [, , labels = '', exemplar = ''] of told) {
    assert.match(labels, /le="0.005"/);
    assert.equal(exemplar, `{trace_id="${trace.traceId}",call_id="${call.id}"}`);
    assert.ok(exemplar.replace(/[{}=",]/g, '').length <= 128);
  }
  assert.doesNotMatch((await metrics.render(false)).body, / # \{/);
});
