import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import type { Passage } from '../core/passage.ts';
import { beginTrace } from '../core/trace.ts';
import { Spans } from './spans.ts';

test('the span of what passes through tells its scheme, its path without the query, and what has passed', () => {
  const scope = { resource: resourceFromAttributes({}), version: '0', pathOf: () => '/a' };
  const passage = { request: { method: 'PUT' }, path: '/a/b', bytesIn: 7, bytesOut: 9, hasBegun: true };
  const trace = beginTrace('01900000-0000-7000-8000-000000000001', '', 1) ?? assert.fail();
  const head = 'X-Forwarded-Proto: https\r\n';
  const call = aCall({ trace, head, passage: passage as unknown as Passage });
  const { attributes = {} } = new Spans(scope).ofCall({ type: 'answered', call, answer: OK, ms: 1 }) ?? {};
  const names = ['url.scheme', 'url.path', 'http.request.body.size', 'http.response.body.size'];
  assert.deepEqual(
    names.map(name => attributes[name]),
    ['https', '/a/b', 7, 9],
  );
});
