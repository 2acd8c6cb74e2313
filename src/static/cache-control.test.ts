import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageWhenItCame, forbidsStale, freshMs, readDirectives } from './cache-control.ts';

const said = (text: string) => readDirectives(['Cache-Control', text]);
const freshOf = (...fields: string[]) => freshMs(fields, readDirectives(fields));

test('directives are read in any case, quoted or not, and the first of a kind counts', () => {
  assert.deepEqual(
    [...said('Max-Age=60 , private="Set-Cookie, X", no-store,max-age=5, ,ext')],
    [
      ['max-age', '60'],
      ['private', 'Set-Cookie, X'],
      ['no-store', ''],
      ['ext', ''],
    ],
  );
  assert.deepEqual([...readDirectives([])], []);
  assert.equal(readDirectives(['cache-control', 'a', 'Cache-Control', 'no-store']).has('no-store'), true);
});

test('what a quoted text holds is no directive', () => {
  assert.equal(said('ext="no-store, private"').has('no-store'), false);
  assert.equal(said('ext="a\\", no-store, \\"b"').has('no-store'), false);
});

test('four directives forbid what is stale', () => {
  for (const text of ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage=5'])
    assert.equal(forbidsStale(said(text)), true, text);
  assert.equal(forbidsStale(said('max-age=0, public')), false);
});

test('freshness is what the answer says of it, for a shared cache first', () => {
  assert.equal(freshOf('Cache-Control', 'max-age=60, s-maxage=5'), 5000);
  assert.equal(freshOf('Cache-Control', 'max-age=60'), 60_000);
  assert.equal(freshOf('Cache-Control', 'max-age=60, no-cache'), 0);
  assert.equal(freshOf('Cache-Control', 'max-age=soon'), 0);
  const date = ['Date', 'Tue, 24 Nov 2026 10:00:00 GMT'];
  assert.equal(freshOf(...date, 'Expires', 'Tue, 24 Nov 2026 10:01:00 GMT'), 60_000);
  assert.equal(freshOf(...date, 'Expires', 'Tue, 24 Nov 2026 09:00:00 GMT'), 0);
  assert.equal(freshOf(...date, 'Expires', '0'), 0);
  assert.equal(freshOf(...date), undefined);
});

test('an answer that came through caches is as old as they say', () => {
  assert.equal(ageWhenItCame(['Age', '30'], 250), 30_250);
  assert.equal(ageWhenItCame(['Age', '30', 'Age', '99'], 0), 30_000);
  assert.equal(ageWhenItCame(['Age', 'old'], 10), 10);
  assert.equal(ageWhenItCame([], 10), 10);
});
