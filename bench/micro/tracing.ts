import type { Attempt, Call } from '../../src/core/call.ts';
import type { Emit } from '../../src/core/events.ts';
import { createIds } from '../../src/core/id.ts';
import { attemptSpanId, beginTrace, startedTrace, tracedHead } from '../../src/core/trace.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { openTraces } from '../../src/observability/traces.ts';
import { aCall, noGauges, OK } from '../../test/kit/hand-played.ts';
import { OtlpReceiver } from '../../test/otlp-receiver.ts';
import { print } from '../figures.ts';
import type { Table } from '../section.ts';
import { extraNs } from './cost.ts';

const UPSTREAM = 'http://127.0.0.1:8081/apps/EchoApp';
const APPS = 20;
const HOOKS = 40;
const SOURCES = ['upstream', 'hedge', 'cached', 'echo', 'default', 'stored', 'refused', 'unavailable'] as const;

/** All that tracing does to a call and its one attempt. */
const trace = (share: number, newId: () => string, listen: Emit): void => {
  const id = newId();
  const begun = beginTrace(id, '', share);
  const attempt: Attempt = { upstream: UPSTREAM, sent: true, outcome: 'ok', ms: 1 };
  const plain: Call = aCall({ id, head: startedTrace(id), attempts: [attempt] });
  const call = begun ? { ...plain, trace: begun } : plain;
  if (call.trace) tracedHead(call.head, call.trace, attemptSpanId(id, 0));
  listen({ type: 'attempt', call, attempt });
  listen({ type: 'answered', call, answer: OK, ms: 2 });
};

/** The same without anything that knows of traces. */
const plain = (newId: () => string): Call => {
  const id = newId();
  return aCall({
    id,
    head: startedTrace(id),
    attempts: [{ upstream: UPSTREAM, sent: true, outcome: 'ok', ms: 1 } as Attempt],
  });
};

/** What tracing costs a call: switched off, and at two shares, with a collector on this machine that takes all. */
export const measureTracing = async (calls: number): Promise<Table> => {
  const newId = createIds();
  const collector = new OtlpReceiver();
  const endpoint = await collector.open();
  const rows: string[][] = [];
  const ignore = (): void => {};
  for (const [name, share] of [
    ['no call is traced', 0],
    ['1 % are', 0.01],
    ['all are', 1],
  ] as const) {
    const traces =
      share > 0 ? openTraces({ endpoint, version: '0', pathOf: () => '/apps/EchoApp', emit: ignore }) : undefined;
    const listen = traces?.listen ?? ignore;
    rows.push([
      name,
      print(
        (await extraNs(
          () => trace(share, newId, listen),
          () => plain(newId),
          calls,
        )) / 1000,
      ),
    ]);
    await traces?.close(2000);
    collector.spans.length = 0;
  }
  collector.close();
  const notes = [
    'Ids, header and spans of a call and an attempt; what is sent is made into JSON in this process too, and taken in it.',
  ];
  return { title: 'Traces', head: ['what', 'µs/call'], rows, notes };
};

/** How long a scrape takes at the largest set of labels, and how long calls wait for it at most. */
export const measureScrape = async (): Promise<Table> => {
  const metrics = createMetrics({ version: '0', gauges: noGauges });
  for (let app = 0; app < APPS; app++)
    for (let hook = 0; hook < HOOKS; hook++) {
      const call = aCall({ route: { app: `app-${app}`, hook: `hook-${hook}` } });
      for (const source of SOURCES) metrics.listen({ type: 'answered', call, answer: { ...OK, source }, ms: 4 });
      metrics.listen({ type: 'attempt', call, attempt: { upstream: UPSTREAM, sent: true, outcome: 'ok', ms: 4 } });
    }
  let longest = 0;
  let at = performance.now();
  const look = setInterval(() => {
    longest = Math.max(longest, performance.now() - at);
    at = performance.now();
  }, 1);
  const from = performance.now();
  const { body } = await metrics.render(false);
  const ms = performance.now() - from;
  clearInterval(look);
  const rows = [[String(body.split('\n').length), print(body.length / 1e6), print(ms), print(longest)]];
  const notes = [`${APPS} apps of ${HOOKS} hooks, each with all sources of answers.`];
  return { title: 'A scrape', head: ['lines', 'MB', 'ms', 'longest pause of the event loop, ms'], rows, notes };
};
