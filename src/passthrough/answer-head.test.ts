import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { answerHead } from './answer-head.ts';

const read = (headers: Record<string, string>) =>
  answerHead({
    statusCode: 200,
    statusMessage: 'Fine',
    headers,
    rawHeaders: Object.entries(headers).flat(),
  } as IncomingMessage);

test('an answer has an end of its own with a length or in chunks, else that of its connection', () => {
  assert.deepEqual(read({ 'content-length': '2' }), {
    status: 200,
    message: 'Fine',
    headers: ['content-length', '2'],
    hasEnd: true,
  });
  assert.deepEqual(read({ 'transfer-encoding': 'Chunked' }), {
    status: 200,
    message: 'Fine',
    headers: [],
    hasEnd: true,
  });
  assert.equal(read({}).hasEnd, false);
  assert.equal(read({ 'transfer-encoding': 'identity' }).hasEnd, false);
});

test('an answer that is coded in another way for its transfer is refused', () => {
  for (const coding of ['gzip, chunked', 'gzip', 'chunked, chunked'])
    assert.throws(() => read({ 'transfer-encoding': coding }), { code: 'body' }, coding);
});
