import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDirectives } from './cache-control.ts';
import { type Asked, goodForMs, hasChanged, mayKeepAnswerTo, mayUseKept, takesBack } from './may-keep.ts';

const asked = (fields: string[] = [], method = 'GET'): Asked => ({ method, host: 'h', target: '/', fields });
const mayKeep = (fields: string[], personal = false, method = 'GET') => {
  const request = asked(fields, method);
  return mayKeepAnswerTo(request, readDirectives(request.fields), personal);
};
const goodFor = (fields: string[], personal = false) => goodForMs(fields, readDirectives(fields), personal);

const FOR_EVER = Number.POSITIVE_INFINITY;

test('only GET fills, GET and HEAD are filled from, and neither with a body', () => {
  assert.equal(mayKeep([]), true);
  for (const method of ['HEAD', 'POST', 'OPTIONS', 'get']) assert.equal(mayKeep([], false, method), false, method);
  assert.equal(mayUseKept(asked([], 'HEAD'), false), true);
  assert.equal(mayUseKept(asked([], 'POST'), false), false);
  assert.equal(mayKeep(['Content-Length', '0']), true);
  assert.equal(mayKeep(['Content-Length', '2']), false);
  assert.equal(mayUseKept(asked(['Transfer-Encoding', 'chunked']), true), false);
});

test('a request with credentials is neither answered from what is kept nor kept, unless persons are told apart', () => {
  for (const name of ['Authorization', 'cookie']) {
    assert.equal(mayKeep([name, 'x']), false, name);
    assert.equal(mayUseKept(asked([name, 'x']), false), false, name);
    assert.equal(mayKeep([name, 'x'], true), true, name);
    assert.equal(mayUseKept(asked([name, 'x']), true), true, name);
  }
});

test('a client that says no-store is heard', () => {
  assert.equal(mayKeep(['Cache-Control', 'no-store'], true), false);
  assert.equal(mayUseKept(asked(['Cache-Control', 'no-store']), false), true);
});

test('what is for one client, or for nobody to keep, is not kept unless the operator says so', () => {
  for (const field of [
    ['Set-Cookie', 'a=1'],
    ['Cache-Control', 'private'],
    ['Cache-Control', 'no-store'],
    ['Cache-Control', 'private="x"'],
    ['Cache-Control', 'no-cache'],
  ]) {
    assert.equal(goodFor(field), 0, field.join(': '));
    assert.equal(goodFor(field, true), FOR_EVER, field.join(': '));
  }
  assert.equal(goodFor([]), FOR_EVER);
  assert.equal(goodFor(['Cache-Control', 'max-age=0']), FOR_EVER);
});

test('what must never be given stale is good while it is fresh', () => {
  assert.equal(goodFor(['Cache-Control', 'max-age=60, must-revalidate']), 60_000);
  assert.equal(goodFor(['Cache-Control', 's-maxage=5']), 5000);
  assert.equal(goodFor(['Cache-Control', 'must-revalidate']), 0);
  assert.equal(goodFor(['Cache-Control', 'max-age=60, must-revalidate, stale-if-error=60']), 60_000);
});

test('what may be given stale for a while after an error is good for so long', () => {
  assert.equal(goodFor(['Cache-Control', 'max-age=60, stale-if-error=30']), 90_000);
  assert.equal(goodFor(['Cache-Control', 'stale-if-error=30']), 30_000);
  assert.equal(goodFor(['Cache-Control', 'stale-if-error=30'], true), FOR_EVER);
});

test('an answer that varies with everything is not kept, whatever the operator says', () => {
  assert.equal(goodFor(['Vary', 'Accept, *'], true), 0);
});

test('a back-end takes back what it said by a refusal or an end, not by what one client may have caused', () => {
  for (const status of [200, 401, 403, 404, 410, 451]) assert.equal(takesBack(status), true, `${status}`);
  for (const status of [206, 302, 304, 400, 406, 408, 412, 416, 429, 500])
    assert.equal(takesBack(status), false, `${status}`);
  assert.deepEqual([200, 204, 303, 404, 500].map(hasChanged), [true, true, true, false, false]);
});
