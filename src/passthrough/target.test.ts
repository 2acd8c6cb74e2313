import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leadsOut, simplest } from './target.ts';

test('a path leads out where any server could see more .. than there is above them', () => {
  for (const path of [
    '/..',
    '/a/../..',
    '/%2e%2E/',
    '/.%2e',
    '/%2E.',
    '/..%2f',
    '/a%2f..%2f..',
    '/..%5C',
    '/..;a/b',
    '/a//../..',
  ])
    assert.equal(leadsOut(path), true, path);
});

test('a path that stays below is let be', () => {
  for (const path of [
    '',
    '/',
    '/a/..',
    '/a/b/../..',
    '/...',
    '/.',
    '/..a',
    '/a..',
    '/%2e',
    '/;..',
    '/a;b=../..c',
    '/%252e%252e',
  ])
    assert.equal(leadsOut(path), false, path);
});

test('what a URL parser makes of a path that is let be is still below', () => {
  const part = fc.constantFrom('..', '.', '', 'a', '%2e%2e', '.%2E', 'b;c', '%2f', '...');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), parts => {
      const path = `/${parts.join('/')}`;
      if (!leadsOut(path)) assert.ok(new URL(`http://host/base/of/it${path}`).pathname.startsWith('/base/of/it'));
    }),
  );
});

test('the simplest form of a path is that of the most lenient server', () => {
  const forms = [
    '/a/connect',
    '/a//connect',
    '/a/x/../connect',
    '/A/%63onnect',
    '/a/connect;b',
    '/a/./connect/',
    '/a%2fconnect',
  ];
  assert.deepEqual([...new Set(forms.map(simplest))], ['/a/connect']);
});
