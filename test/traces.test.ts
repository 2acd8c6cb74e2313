import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { createFaultServer, FAULTS, type FaultServer, HEALTHY } from './fault-server.ts';
import { BreakwaterProcess } from './kit/breakwater-process.ts';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
import { until } from './poll.ts';
import { header } from './request-reader.ts';
import { compact } from './samples.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const CONNECT = compact('connect.request.json');
const STATUS = compact('StreamStatusEvent.request.v2022.json');

let backEnd: FaultServer;
let second: FaultServer;
let collector: OtlpReceiver;
let endpoint = '';
let gateway: Started | undefined;

beforeEach(async () => {
  [backEnd, second] = await Promise.all([createFaultServer(), createFaultServer()]);
  collector = new OtlpReceiver();
  endpoint = await collector.open();
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  collector.close();
  await Promise.all([backEnd.close(), second.close()]);
});

const serve = async (app: object = {}, traces: object = {}, upstreams = [backEnd.url]): Promise<Started> => {
  gateway = await startGateway(configFor(upstreams, { ...app }, { traces: { endpoint, ...traces } }));
  return gateway;
};

const call = async (hook: string, body: Buffer, headers: Record<string, string> = {}): Promise<Response> => {
  const answer = await fetch(`${gateway?.url}/${hook}`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  await answer.arrayBuffer();
  return answer;
};

const spansOf = async (count: number): Promise<readonly ReceivedSpan[]> => {
  await until(() => collector.spans.length >= count, { what: `${count} spans`, deadlineMs: 10_000 });
  return collector.spans;
};

const server = (spans: readonly ReceivedSpan[]) => spans.find(({ kind }) => kind === 2) as ReceivedSpan;
const clients = (spans: readonly ReceivedSpan[]) => spans.filter(({ kind }) => kind === 3);

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${gateway?.breakwater.adminUrl}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find(line => line.startsWith(`${name} `))
      ?.split(' ')
      .at(-1) ?? 0,
  );
};

describe('traces', () => {
  test('a call is a span, its attempt one within, and the back-end is told of that one', async () => {
    await serve();
    const answer = await call('connect', CONNECT);
    const spans = await spansOf(2);
    const [mine, attempt] = [server(spans), clients(spans)[0] as ReceivedSpan];
    const callId = answer.headers.get('breakwater-call-id') ?? '';
    assert.equal(mine.traceId, callId.replaceAll('-', ''));
    assert.equal(mine.parentSpanId ?? '', '');
    assert.deepEqual([attempt.traceId, attempt.parentSpanId], [mine.traceId, mine.spanId]);
    assert.equal(header(backEnd.requests[0]?.headers ?? [], 'traceparent'), `00-${mine.traceId}-${attempt.spanId}-01`);
    assert.equal(mine.name, 'POST /apps/EchoApp/connect');
    assert.deepEqual(
      ['http.request.method', 'http.response.status_code', 'breakwater.source', 'breakwater.call_id'].map(
        key => mine.attributes[key],
      ),
      ['POST', 200, 'upstream', callId],
    );
    assert.equal(attempt.attributes['breakwater.outcome'], 'ok');
    assert.equal(attempt.attributes['server.port'], backEnd.port);
    assert.ok(BigInt(mine.startTimeUnixNano) <= BigInt(attempt.startTimeUnixNano));
    assert.ok(BigInt(attempt.endTimeUnixNano) <= BigInt(mine.endTimeUnixNano));
    assert.ok(Math.abs(Number(mine.endTimeUnixNano) / 1e6 - Date.now()) < 60_000, 'by the wall clock');
  });

  test('a trace that is sampled goes on with its state; one that is not is passed on and leaves no span', async () => {
    await serve();
    await call('connect', CONNECT, { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: 'a=b' });
    await call('connect', CONNECT, { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b' });
    const spans = await spansOf(2);
    assert.equal(spans.length, 2);
    assert.deepEqual([server(spans).traceId, server(spans).parentSpanId], [TRACE, PARENT]);
    const [not, sampled] = backEnd.requests.map(({ headers }) => headers);
    assert.equal(header(not ?? [], 'traceparent'), `00-${TRACE}-${PARENT}-00`);
    assert.equal(header(sampled ?? [], 'traceparent'), `00-${TRACE}-${clients(spans)[0]?.spanId}-01`);
    assert.equal(header(sampled ?? [], 'tracestate'), 'a=b');
  });

  test('a hedge is a sibling of the attempt that it stands beside', async () => {
    await backEnd.setFault(FAULTS.silent);
    await serve({ idempotent: true, hedge: { after: '20ms', max: '20ms', budget: '100%' }, limit: '2s' }, {}, [
      backEnd.url,
      second.url,
    ]);
    await backEnd.setFault(FAULTS.silent);
    await call('connect', CONNECT);
    await call('connect', Buffer.from(CONNECT.toString().replace('{', '{"n":2,')));
    const hedged = () => clients(collector.spans).find(({ attributes }) => attributes['breakwater.hedge']);
    await until(hedged, { what: 'a span of a hedge', deadlineMs: 10_000 });
    const { traceId } = hedged() as ReceivedSpan;
    const siblings = () => clients(collector.spans).filter(span => span.traceId === traceId);
    await until(() => siblings().length === 2, { what: 'the loser', deadlineMs: 10_000 });
    const parents = siblings().map(({ parentSpanId }) => parentSpanId);
    assert.equal(parents[0], parents[1]);
    assert.equal(parents[0], collector.spans.find(span => span.kind === 2 && span.traceId === traceId)?.spanId);
    assert.notEqual(siblings()[0]?.spanId, siblings()[1]?.spanId);
  });

  test('an answer of the ladder says its reason, and the failed attempt is an error', async () => {
    await backEnd.setFault(FAULTS.refused);
    await serve({ fallback: ['echo'] });
    await call('connect', CONNECT);
    const spans = await spansOf(2);
    const { attributes } = server(spans);
    assert.deepEqual([attributes['breakwater.source'], attributes['breakwater.reason']], ['echo', 'refused']);
    const [attempt] = clients(spans);
    assert.deepEqual([attempt?.status?.code, attempt?.attributes['error.type']], [2, 'ECONNREFUSED']);
  });

  test('the late delivery of a stored event is a trace of its own that points at the call', async () => {
    await backEnd.setFault(FAULTS.refused);
    await serve({ breaker: false });
    const answer = await call('StreamStatusEvent', STATUS, { traceparent: `00-${TRACE}-${PARENT}-01` });
    assert.match(answer.headers.get('breakwater-answer') ?? '', /^stored/);
    await backEnd.setFault(HEALTHY);
    const late = () =>
      collector.spans.find(({ attributes, status }) => attributes['breakwater.replayed'] && !status?.code);
    await until(late, { what: 'the delivery', deadlineMs: 15_000 });
    const { traceId, links, parentSpanId = '' } = late() as ReceivedSpan;
    const mine = server(collector.spans);
    assert.deepEqual([mine.traceId, parentSpanId], [TRACE, '']);
    assert.notEqual(traceId, TRACE);
    assert.deepEqual(
      links?.map(link => [link.traceId, link.spanId]),
      [[TRACE, mine.spanId]],
    );
  });

  for (const fault of ['gone', 'hanging'] as const)
    test(`a collector that is ${fault} slows no call; what it does not take is counted, and the end is not held up`, async () => {
      if (fault === 'gone') collector.close();
      else collector.isSilent = true;
      await serve();
      const rejections: unknown[] = [];
      const note = (reason: unknown) => rejections.push(reason);
      process.on('unhandledRejection', note);
      const from = performance.now();
      let done = 0;
      while (done < 2600) {
        await Promise.all(Array.from({ length: 50 }, () => call('stopStream', Buffer.from(`{"n":${done++}}`))));
      }
      const ms = performance.now() - from;
      assert.ok(ms < 60_000, `${ms} ms`);
      assert.equal(await metric('breakwater_spans_total{result="exported"}'), 0);
      const lost = async () =>
        (await metric('breakwater_spans_total{result="dropped"}')) +
        (await metric('breakwater_spans_total{result="failed"}'));
      await until(async () => (await lost()) > 500, { what: 'lost spans are counted', deadlineMs: 15_000 });
      const closing = performance.now();
      await gateway?.breakwater.close(5000);
      assert.ok(performance.now() - closing < 5000, `${performance.now() - closing} ms`);
      gateway = undefined;
      process.off('unhandledRejection', note);
      assert.deepEqual(rejections, []);
    });
});

describe('a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-traces-'));
  after(() => rmSync(folder, { recursive: true }));
  const PRELOAD = `import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => { if (url.includes('@opentelemetry')) process.stderr.write('LOADED ' + url + '\\n'); return next(url, context); } });`;

  for (const isTraced of [false, true])
    test(`${isTraced ? 'loads' : 'does not load'} OpenTelemetry ${isTraced ? 'with' : 'without'} traces`, async () => {
      const preload = join(folder, 'preload.mjs');
      const file = join(folder, 'breakwater.yaml');
      writeFileSync(preload, PRELOAD);
      const apps = [{ ...APP, upstreams: [backEnd.url + APP.path] }];
      const traces = isTraced ? { traces: { endpoint } } : {};
      writeFileSync(file, stringify({ listen: '127.0.0.1:0', admin: '127.0.0.1:0', drain: '3s', apps, ...traces }));
      const run = new BreakwaterProcess(file, { NODE_OPTIONS: `--import=${preload}` });
      const [, at = ''] = await run.says(/"listen":"([^"]+)"/);
      await fetch(`${at}${APP.path}/connect`, {
        method: 'POST',
        body: new Uint8Array(CONNECT),
        headers: { 'Content-Type': 'application/json' },
      });
      assert.equal(await run.stop(), 0);
      // The API alone belongs to prom-client.
      assert.equal(/^LOADED \S*@opentelemetry\/(?!api\/)/m.test(run.written), isTraced);
      assert.equal(collector.spans.length, isTraced ? 2 : 0, 'what waits at the end is sent');
    });
});
