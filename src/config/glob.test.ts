import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareGlobs, isLiteral, matchesGlob, mayBegin } from './glob.ts';

const asPattern = (glob: string): RegExp =>
  new RegExp(`^${glob.replaceAll(/[.-]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`);

test('a glob matches whatever the same regular expression matches', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const names = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(fc.property(letters, names, (glob, name) => matchesGlob(glob, name) === asPattern(glob).test(name)));
});

test('a hostile name against a glob of many stars is decided at once', () => {
  const started = performance.now();
  assert.equal(matchesGlob(`${'*a'.repeat(20)}b`, 'a'.repeat(20_000)), false);
  assert.ok(performance.now() - started < 1000);
});

test('case counts, as it does for WCS', () => {
  assert.equal(matchesGlob('connect', 'Connect'), false);
});

test('a name beats a glob, more letters beat fewer, fewer stars beat more', () => {
  const globs = ['connect', '*', 'On*Event', '*Event', 'Stream*Event', '*n*n*', 'call'];
  assert.deepEqual(globs.toSorted(compareGlobs), [
    '*',
    '*n*n*',
    '*Event',
    'On*Event',
    'Stream*Event',
    'call',
    'connect',
  ]);
});

test('only what has no wildcard is a name as it stands', () => {
  assert.deepEqual(['connect', 'conn?ct', '*'].map(isLiteral), [true, false, false]);
});

test('a glob may begin with whatever some name that fits it begins with', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 5 });
  const names = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
  fc.assert(
    fc.property(
      letters,
      names,
      names,
      (glob, prefix, rest) => !matchesGlob(glob, prefix + rest) || mayBegin(glob, prefix),
    ),
  );
  assert.deepEqual(
    ['*', '/a/*', '/a/b', '/*/b', '/a/?', '/a', '/b/*', '?a', ''].map(glob => mayBegin(glob, '/a/')),
    [true, true, true, true, true, false, false, false, false],
  );
});
