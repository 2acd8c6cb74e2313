import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import type { Answer } from '../core/call.ts';
import { Recent } from './recent.ts';

const answered = (recent: Recent, changes: Partial<Answer>, id = 'x'): void =>
  recent.listen({ type: 'answered', call: aCall({ id }), answer: { ...OK, ...changes }, ms: 1.26 });

test("the back-end's own answers are not noted, those of the gateway and passed-on failures are", () => {
  const recent = new Recent();
  answered(recent, {});
  answered(recent, { source: 'hedge' });
  assert.equal(recent.count, 0);
  answered(recent, { source: 'cached', reason: 'breaker' }, 'first');
  answered(recent, { reason: 'status', status: 502 }, 'second');
  const [second, first] = recent.list();
  assert.deepEqual([first?.callId, first?.source, first?.reason], ['first', 'cached', 'breaker']);
  assert.deepEqual([second?.callId, second?.status, second?.ms], ['second', 502, 1.3]);
});

test('fifty are kept, newest first, and no body, query or name that WCS made up is among what is told', () => {
  const recent = new Recent();
  for (let at = 0; at < 175; at++) answered(recent, { source: 'echo', body: Buffer.from('secret') }, `c${at}`);
  const list = recent.list();
  assert.deepEqual([list.length, list[0]?.callId, list[49]?.callId], [50, 'c174', 'c125']);
  assert.deepEqual(Object.keys(list[0] ?? {}), ['at', 'callId', 'app', 'hook', 'source', 'reason', 'status', 'ms']);
});

test('what was listed does not change when more is noted', () => {
  const recent = new Recent();
  answered(recent, { source: 'echo' }, 'a');
  const list = recent.list();
  for (let at = 0; at < 60; at++) answered(recent, { source: 'echo' }, 'b');
  assert.equal(list[0]?.callId, 'a');
});
