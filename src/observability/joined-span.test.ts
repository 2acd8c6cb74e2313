import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { aCall, handPlayed, OK } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { beginTrace } from '../core/trace.ts';
import { coalesce } from '../resilience/coalesce.ts';
import { Spans } from './spans.ts';

const spans = new Spans({ resource: resourceFromAttributes({}), version: '0', pathOf: () => '/a' });

const traced = (id: string, share = 1): Call => {
  const trace = beginTrace(id, '', share);
  return aCall({ id, ...(trace && { trace }) });
};

/** Where the span of `call` points. */
const linksOf = (call: Call) =>
  spans.ofCall({ type: 'answered', call, answer: OK, ms: 1 })?.links.map(({ context }) => context.spanId);

test('a call that shares the answer of another has a span that points at that one', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const [first, second, third] = [
    traced('01900000-0000-7000-8000-000000000001'),
    traced('01900000-0000-7000-8000-000000000002'),
    traced('01900000-0000-7000-8000-000000000003', 0),
  ];
  const answers = [first, second, third].map(call => layer(call));
  calls[0]?.answer();
  await Promise.all(answers);
  assert.deepEqual(linksOf(first), []);
  assert.deepEqual(linksOf(second), [first.trace?.spanId]);
  assert.equal(linksOf(third), undefined);
});

test('a call is told with the scheme that its client spoke', () => {
  const call = traced('01900000-0000-7000-8000-000000000004');
  const schemeOf = (head: string) =>
    spans.ofCall({ type: 'answered', call: { ...call, head }, answer: OK, ms: 1 })?.attributes['url.scheme'];
  assert.equal(schemeOf('X-Forwarded-Host: a\r\nX-Forwarded-Proto: https\r\nVia: 1.1 breakwater\r\n'), 'https');
  assert.equal(schemeOf('X-Forwarded-Host: a\r\nX-Forwarded-Proto: http\r\n'), 'http');
});
