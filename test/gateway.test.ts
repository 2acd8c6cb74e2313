import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Event } from '../src/core/events.ts';
import { createFaultServer, FAULTS, type FaultServer, HEALTHY } from './fault-server.ts';
import { until } from './poll.ts';
import { compact } from './samples.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';
import { WcsClient } from './wcs-client.ts';

const CONNECT = compact('connect.request.json');
const STATUS = compact('StreamStatusEvent.request.json');

let one: FaultServer;
let other: FaultServer;
let gateway: Started | undefined;
let wcs: WcsClient;
let events: Event[];

beforeEach(async () => {
  [one, other] = await Promise.all([createFaultServer(), createFaultServer()]);
  events = [];
});

afterEach(async () => {
  wcs?.close();
  await gateway?.close();
  await Promise.all([one.close(), other.close()]);
});

const serve = async (app: object = {}, upstreams: readonly FaultServer[] = [one]): Promise<void> => {
  const urls = upstreams.map(server => server.url);
  const listener = (event: Event) => void events.push(event);
  gateway = await startGateway(configFor(urls, { limit: '1s', ...app }), { listener });
  wcs = new WcsClient({ url: gateway.url });
};

/** Nothing is left of any call. */
const assertEmpty = () =>
  until(
    () => {
      const { visits, inflight, queued } = gateway?.breakwater.held ?? { visits: 1, inflight: 1, queued: 1 };
      return visits + inflight + queued === 0;
    },
    { what: 'all maps to be empty' },
  );

test('a call stalled at one upstream is answered by a hedge at the other', async () => {
  await serve({ idempotent: true, hedge: { after: '50ms', budget: '100%' } }, [one, other]);
  await one.setFault(FAULTS.silent);
  await other.setFault(FAULTS.silent);
  await one.setFault(request => (request.attempt === '1' ? FAULTS.silent : { kind: 'healthy' }));
  await other.setFault(request => (request.attempt === '1' ? FAULTS.silent : { kind: 'healthy' }));
  const answer = await wcs.post('connect', CONNECT);
  assert.equal(answer.from, 'hedge; attempts=2');
  assert.equal(one.count, 1);
  assert.equal(other.count, 1);
  assert.ok(answer.body.equals(CONNECT));
  const ids = [one, other].map(
    server => server.requests[0]?.headers.join('|').match(/Breakwater-Call-Id\|([^|]+)/)?.[1],
  );
  assert.equal(ids[0], ids[1]);
});

test('without idempotent nothing is sent twice, however slow the back-end', async () => {
  await serve({ limit: '400ms', hedge: { after: '20ms', budget: '100%' }, retry: { attempts: 3, budget: '100%' } }, [
    one,
    other,
  ]);
  await Promise.all([one.setFault(FAULTS.silent), other.setFault(FAULTS.resets)]);
  for (let i = 0; i < 6; i++) await wcs.post('connect', CONNECT);
  assert.equal(one.count + other.count, 6);
});

test('an upstream that refuses is passed over at once, whatever the hook', async () => {
  await serve({}, [one, other]);
  await one.setFault(FAULTS.refused);
  for (let i = 0; i < 4; i++) {
    const answer = await wcs.post('connect', CONNECT);
    assert.equal(answer.source, 'upstream');
    assert.ok(answer.ms < 500, `${answer.ms} ms`);
  }
  assert.equal(other.count, 4);
});

test('a connect that stalls is given up after connectLimit and made elsewhere', async () => {
  await serve({ connectLimit: '100ms' }, [one, other]);
  await one.setFault(FAULTS.blackholed);
  for (let i = 0; i < 2; i++) assert.equal((await wcs.post('connect', CONNECT)).source, 'upstream');
  assert.equal(other.count, 2);
});

test('a refusal of the back-end is passed on, kept, and outlives an older admission', async () => {
  await serve({ limit: '300ms', hooks: { connect: { fallback: ['cached', 'unavailable'] } } });
  assert.equal((await wcs.post('connect', CONNECT)).status, 200);
  await one.setFault({ kind: 'healthy', status: 403, body: '{"why":"banned"}' });
  assert.equal((await wcs.post('connect', CONNECT)).from, 'upstream');
  await one.setFault(FAULTS.silent);
  const kept = await wcs.post('connect', CONNECT);
  assert.equal(kept.status, 403);
  assert.equal(kept.body.toString(), '{"why":"banned"}');
  assert.match(kept.from, /^cached; reason=limit; age=0/);
});

test('a cached admission is rebased: its session is this call’s own', async () => {
  await serve({ limit: '300ms' });
  const granted = { ...JSON.parse(CONNECT.toString()), sipLogin: '1000', big: 0, restClientConfig: { call: {} } };
  const body = JSON.stringify(granted).replace('"big":0', '"big":12345678901234567890');
  await one.setFault({ kind: 'healthy', body });
  await wcs.post('connect', CONNECT);
  await one.setFault(FAULTS.silent);
  const again = { ...JSON.parse(CONNECT.toString()), sessionId: '/192.168.1.38:1/192.168.1.59:8443' };
  const answer = await wcs.post('connect', Buffer.from(JSON.stringify(again)));
  assert.equal(answer.source, 'cached');
  const read = JSON.parse(answer.body.toString());
  assert.equal(read.sessionId, again.sessionId);
  assert.equal(read.sipLogin, '1000');
  assert.match(answer.body.toString(), /"big":12345678901234567890[,}]/);
});

test('a stranger never gets another’s admission', async () => {
  await serve({ limit: '300ms' });
  const named = (token: string) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(CONNECT.toString()), custom: { token } }));
  assert.equal((await wcs.post('connect', named('known'))).status, 200);
  await one.setFault(FAULTS.silent);
  assert.equal((await wcs.post('connect', named('known'))).source, 'cached');
  const stranger = await wcs.post('connect', named('stranger'));
  assert.deepEqual([stranger.status, stranger.source], [503, 'unavailable']);
});

test('equal calls in the air reach the back-end once, unless both may be meant', async () => {
  await serve({ hedge: false });
  await one.setFault({ kind: 'healthy', delay: 100 });
  await Promise.all([wcs.post('connect', CONNECT), wcs.post('connect', CONNECT)]);
  assert.equal(one.count, 1);
  await Promise.all([wcs.post('sendDtmf', CONNECT), wcs.post('sendDtmf', CONNECT)]);
  assert.equal(one.count, 3);
  await Promise.all([wcs.post('unheardOf', CONNECT), wcs.post('unheardOf', CONNECT)]);
  assert.equal(one.count, 5);
  assert.equal(events.filter(event => event.type === 'coalesced').length, 1);
});

test('a caller that leaves takes its call off the back-end within 100 ms', async () => {
  await serve({ hooks: { StreamStatusEvent: { fallback: ['echo'] } } });
  await one.setFault(FAULTS.silent);
  const tookMs: number[] = [];
  // 80 ms of it are the grace for a repeat, and a busy machine adds to the rest: one of a few tries will do.
  while (tookMs.length < 5 && !tookMs.some(ms => ms < 100)) {
    const at = tookMs.length;
    const leave = new AbortController();
    const gone = wcs.post('StreamStatusEvent', STATUS, { signal: leave.signal }).catch(() => 'left');
    await until(() => one.count === at + 1, { what: 'the call to reach the back-end' });
    const leftAt = performance.now();
    leave.abort();
    assert.equal(await gone, 'left');
    await until(() => one.requests[at]?.abandonedAt !== undefined, { what: 'the back-end’s call to end' });
    tookMs.push((one.requests[at]?.abandonedAt ?? 0) - leftAt);
  }
  assert.ok(Math.min(...tookMs) < 100, `${tookMs} ms`);
  await until(() => events.some(event => event.type === 'abandoned'), { what: 'the call to be told' });
  await assertEmpty();
});

test('unless its answer is worth keeping: then the next one is served from it', async () => {
  await serve({ limit: '600ms' });
  await one.setFault({ kind: 'healthy', delay: 200 });
  const leave = new AbortController();
  const gone = wcs.post('connect', CONNECT, { signal: leave.signal }).catch(() => 'left');
  await until(() => one.count === 1, { what: 'the call to reach the back-end' });
  leave.abort();
  await gone;
  await until(() => events.some(event => event.type === 'attempt' && event.attempt.outcome === 'ok'), {
    what: 'the back-end to answer',
  });
  await one.setFault(FAULTS.silent);
  // Who comes back is given the answer itself, and who comes later what was kept of it.
  assert.equal((await wcs.post('connect', CONNECT)).source, 'upstream');
  assert.equal(one.count, 1);
  assert.equal((await wcs.post('connect', CONNECT)).source, 'cached');
  await assertEmpty();
});

test('a back-end that hangs opens the breaker, and then nobody waits for it', async () => {
  await serve({ limit: '200ms', hooks: { '*': { fallback: ['echo'] } } });
  await one.setFault(FAULTS.silent);
  // Equal ones would be one call.
  const numbered = (i: number) => Buffer.from(STATUS.toString().replace('{', `{"n":${i},`));
  const load = await wcs.load({ hook: 'StreamStatusEvent', calls: 40, concurrency: 10, body: numbered });
  assert.equal(load.answers, 40);
  const after = await wcs.post('StreamStatusEvent', STATUS);
  assert.equal(after.from, 'echo; reason=breaker');
  assert.ok(after.ms < 100, `${after.ms} ms`);
  await assertEmpty();
});

test('a full house gives the next rung at once', async () => {
  await serve({
    limit: '2s',
    concurrency: { max: 1, queue: 1 },
    breaker: false,
    hooks: { '*': { fallback: ['echo'] } },
  });
  await one.setFault({ kind: 'healthy', delay: 300 });
  const answers = await Promise.all([1, 2, 3, 4].map(n => wcs.post('StreamStatusEvent', Buffer.from(`{"n":${n}}`))));
  const sources = answers.map(answer => answer.from).sort();
  assert.deepEqual(sources, ['echo; reason=overload', 'echo; reason=overload', 'upstream', 'upstream']);
});

test('a body that is no JSON object passes to the back-end, and is refused only by a rung that must read it', async () => {
  await serve({ limit: '300ms', hooks: { '*': { fallback: ['echo'] } } });
  const body = Buffer.from('[1,2');
  await one.setFault({ kind: 'healthy', body: '{}' });
  assert.equal((await wcs.post('StreamStatusEvent', body)).from, 'upstream');
  assert.ok(one.requests[0]?.body.equals(body));
  await one.setFault(FAULTS.refused);
  const refused = await wcs.post('StreamStatusEvent', body);
  assert.equal(refused.status, 400);
  assert.equal(JSON.parse(refused.body.toString()).error.code, 'not_json');
});

test('a reload serves new calls under the new configuration and ends old ones under the old', async () => {
  await serve({ limit: '1s' });
  await one.setFault({ kind: 'healthy', delay: 300 });
  const old = wcs.post('connect', CONNECT);
  await until(() => one.count === 1, { what: 'the call to reach the old back-end' });
  gateway?.breakwater.reload(configFor([other.url], { limit: '1s' }));
  assert.equal((await wcs.post('connect', Buffer.from('{"appKey":"new"}'))).source, 'upstream');
  assert.equal(other.count, 1);
  assert.equal((await old).source, 'upstream');
  assert.equal(one.count, 1);
});

test('a reload keeps what was learned: verdicts and counters', async () => {
  await serve({ limit: '300ms' });
  await wcs.post('connect', CONNECT);
  await one.setFault(FAULTS.silent);
  gateway?.breakwater.reload(configFor([one.url], { limit: '200ms' }));
  assert.equal((await wcs.post('connect', CONNECT)).source, 'cached');
  const hooks = gateway?.breakwater.metrics.snapshot().hooks.filter(hook => hook.app === APP.name) ?? [];
  assert.equal(hooks.length, 1);
});

test('a stopping gateway answers what is in flight and says that the connection ends', async () => {
  await serve({ limit: '1s' });
  await one.setFault({ kind: 'healthy', delay: 200 });
  const last = wcs.post('connect', CONNECT);
  await until(() => one.count === 1, { what: 'the call to reach the back-end' });
  const closed = gateway?.breakwater.close(5000);
  const answer = await last;
  assert.equal(answer.source, 'upstream');
  assert.equal(answer.headers.connection, 'close');
  await closed;
  await assert.rejects(wcs.post('connect', CONNECT), { code: 'ECONNREFUSED' });
  gateway = undefined;
});

test('a stop that cannot wait longer gives what is in flight the next rung', async () => {
  await serve({ limit: '10s', hooks: { '*': { fallback: ['echo'] } } });
  await one.setFault(FAULTS.silent);
  const last = wcs.post('StreamStatusEvent', STATUS);
  await until(() => one.count === 1, { what: 'the call to reach the back-end' });
  await gateway?.breakwater.close(600);
  assert.equal((await last).from, 'echo; reason=closing');
  gateway = undefined;
});

test('both replicas share the calls when both are well', async () => {
  await serve({}, [one, other]);
  await Promise.all([one.setFault(HEALTHY), other.setFault(HEALTHY)]);
  for (let i = 0; i < 20; i++) await wcs.post('connect', Buffer.from(`{"n":${i}}`));
  assert.equal(one.count, 10);
  assert.equal(other.count, 10);
});
