import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotModified } from './conditional.ts';

const TAGGED = ['ETag', '"v1"', 'Last-Modified', 'Tue, 24 Nov 2026 10:00:00 GMT'];
const noneMatch = (text: string, kept: string[] = TAGGED) => isNotModified(['If-None-Match', text], kept);
const since = (text: string, kept: string[] = TAGGED) => isNotModified(['If-Modified-Since', text], kept);

test('a client that has the entity tag needs no body, weak or not', () => {
  assert.equal(noneMatch('"v0", W/"v1"'), true);
  assert.equal(noneMatch('"v1"', ['ETag', 'W/"v1"']), true);
  assert.equal(noneMatch('*', []), true);
  assert.equal(noneMatch('"v2"'), false);
  assert.equal(noneMatch('v1'), false);
  assert.equal(noneMatch('"v1"', []), false);
});

test('a date counts where there is no entity tag in the request, and only as a date', () => {
  assert.equal(since('Tue, 24 Nov 2026 10:00:00 GMT'), true);
  assert.equal(since('Tue, 24 Nov 2026 10:00:01 GMT'), true);
  assert.equal(since('Tue, 24 Nov 2026 09:59:59 GMT'), false);
  assert.equal(since('yesterday'), false);
  assert.equal(since('Tue, 24 Nov 2026 10:00:00 GMT', []), false);
  const both = ['If-None-Match', '"v2"', 'If-Modified-Since', 'Tue, 24 Nov 2026 10:00:00 GMT'];
  assert.equal(isNotModified(both, TAGGED), false);
  assert.equal(isNotModified([], TAGGED), false);
});
