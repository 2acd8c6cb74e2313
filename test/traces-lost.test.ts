import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Event } from '../src/core/events.ts';
import { beginTrace } from '../src/core/trace.ts';
import { openTraces } from '../src/observability/traces.ts';
import { aCall, OK } from './kit/hand-played.ts';
import { OtlpReceiver } from './otlp-receiver.ts';
import { until } from './poll.ts';

const ID = '01900000-0000-7000-8000-000000000001';
const collector = new OtlpReceiver();
let endpoint = '';
before(async () => {
  endpoint = await collector.open();
});
after(() => collector.close());

const open = () => {
  const events: Event[] = [];
  const traces = openTraces({ endpoint, version: '0', pathOf: () => '/a', emit: event => events.push(event) });
  const trace = beginTrace(ID, '', 1);
  const call = aCall({ id: ID, ...(trace && { trace }) });
  const put = (count: number) => {
    for (let at = 0; at < count; at++) traces.listen({ type: 'answered', call, answer: OK, ms: 1 });
  };
  return { traces, put, events };
};

test('spans that wait or are on their way when the end comes are counted as dropped, and told', async () => {
  collector.isSilent = true;
  const { traces, put, events } = open();
  put(600);
  await until(() => collector.requests > 0, { what: 'a batch is on its way' });
  await traces.close(20);
  assert.deepEqual({ ...traces.counts }, { exported: 0, failed: 0, dropped: 600 });
  const told = events.flatMap(event => (event.type === 'traces' ? [event.detail] : []));
  assert.deepEqual(told, ['600 of them still waited at the end']);
});

test('an end in which all arrive drops none', async () => {
  collector.isSilent = false;
  const { traces, put, events } = open();
  put(3);
  await traces.close(5000);
  assert.deepEqual({ ...traces.counts }, { exported: 3, failed: 0, dropped: 0 });
  assert.deepEqual(events, []);
});
