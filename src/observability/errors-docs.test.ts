import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CODES } from '../core/errors.ts';
import { errorsDocument } from './errors-docs.ts';
import { PARAGRAPHS } from './errors-paragraphs.ts';

test('each code has exactly one paragraph, and each paragraph has a code', () => {
  const text = readFileSync(errorsDocument.file, 'utf8');
  assert.deepEqual(
    Array.from(text.matchAll(/^## (\w+)$/gm), ([, code]) => code),
    CODES,
  );
  assert.deepEqual(Object.keys(PARAGRAPHS).toSorted(), CODES.toSorted());
});

test('each paragraph says what happened, what WCS got and what to do', () => {
  for (const [code, parts] of Object.entries(PARAGRAPHS))
    for (const part of Object.values(parts)) assert.match(part, /^\S.{8,}\.$/s, `${code}: ${part}`);
});

test('docs/errors.md is what the table says', () => {
  const text = readFileSync(errorsDocument.file, 'utf8');
  assert.equal(text, errorsDocument.render(), `${errorsDocument.file} is out of date; run npm run docs`);
});
