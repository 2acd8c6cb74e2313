import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIds } from './id.ts';
import { attemptSpanId, beginDelivery, beginTrace, isTraceparent, startedTrace, tracedHead } from './trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const newId = createIds();

test('a traceparent is one by the rules of its version', () => {
  const line = `${TRACE}-${SPAN}-01`;
  for (const sound of [`00-${line}`, `01-${line}`, `cc-${line}-more`, `00-${TRACE}-${SPAN}-ff`])
    assert.ok(isTraceparent(sound), sound);
  const zeros = `00-${'0'.repeat(32)}-${SPAN}-01`;
  for (const wrong of [
    '',
    `ff-${line}`,
    `00-${line}-more`,
    `00-${line}x`,
    `00-${line.toUpperCase()}`,
    zeros,
    `0-${line}`,
  ])
    assert.ok(!isTraceparent(wrong), wrong);
});

test('the sampled flag of who was before decides, whatever the share', () => {
  const id = newId();
  const from = (flags: string, share: number) => beginTrace(id, `00-${TRACE}-${SPAN}-${flags}`, share);
  assert.equal(from('00', 1), undefined);
  assert.deepEqual(from('03', 0), {
    traceId: TRACE,
    parentId: SPAN,
    spanId: id.replaceAll('-', '').slice(16),
    flags: '03',
  });
});

test('of calls without a trace the share is traced, under the id of the call', () => {
  const ids = Array.from({ length: 20_000 }, newId);
  assert.ok(ids.every(id => beginTrace(id, '', 0) === undefined));
  assert.ok(ids.every(id => beginTrace(id, '', 1)?.traceId === id.replaceAll('-', '')));
  const traced = ids.filter(id => beginTrace(id, '', 0.1)).length;
  assert.ok(traced > 1700 && traced < 2300, `${traced} of 20000`);
});

test('what a call started can be gone on with', () => {
  const id = newId();
  const line = startedTrace(id, '01').slice('traceparent: '.length, -2);
  const trace = beginTrace(newId(), line, 0);
  assert.deepEqual([trace?.traceId, trace?.parentId], [id.replaceAll('-', ''), id.replaceAll('-', '').slice(16)]);
});

test('spans of a call and its attempts have ids of their own, none of them zero', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 126 }), fc.integer({ min: 0, max: 126 }), (one, other) => {
      const id = newId();
      const ids = [id.replaceAll('-', '').slice(16), attemptSpanId(id, one), attemptSpanId(id, other)];
      assert.equal(new Set(ids).size, one === other ? 2 : 3);
      for (const span of ids) assert.match(span, /^(?!0{16})[0-9a-f]{16}$/);
    }),
  );
});

test('a head tells of the attempt, and its other lines stay', () => {
  const trace = { traceId: TRACE, flags: '01' };
  assert.equal(
    tracedHead('A: b\r\nTraceParent: old\r\nC: traceparent: d\r\n', trace, SPAN),
    `A: b\r\ntraceparent: 00-${TRACE}-${SPAN}-01\r\nC: traceparent: d\r\n`,
  );
});

test('a late delivery begins a trace of its own and points at the call, if that was sampled', () => {
  const id = newId();
  const head = (flags: string) => `A: b\r\ntraceparent: 00-${TRACE}-${SPAN}-${flags}\r\n`;
  const trace = beginDelivery(id, head('01'));
  assert.deepEqual(trace?.origin, { traceId: TRACE, spanId: id.replaceAll('-', '').slice(16) });
  assert.notEqual(trace?.traceId, TRACE);
  assert.equal(trace?.spanId, undefined);
  assert.equal(beginDelivery(id, head('00')), undefined);
  assert.equal(beginDelivery(id, 'A: b\r\n'), undefined);
});
