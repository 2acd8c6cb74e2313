import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, linesOf, namesIn } from './fields.ts';

const FIELDS = ['Accept', ' a ', 'Vary', 'X', 'ACCEPT', 'b'];

test('lines of a field are read as one list, whatever their case', () => {
  assert.equal(fieldOf(FIELDS, 'accept'), 'a, b');
  assert.equal(fieldOf(FIELDS, 'vary'), 'X');
  assert.equal(fieldOf(FIELDS, 'cookie'), undefined);
  assert.equal(fieldOf(['Cookie', ''], 'cookie'), '');
});

test('names in a list lose case, blanks and empty members', () => {
  assert.deepEqual(namesIn('Accept, ,X-Y ,*'), ['accept', 'x-y', '*']);
  assert.deepEqual(namesIn(undefined), []);
});

test('lines are taken as they came', () => {
  assert.deepEqual(
    linesOf(FIELDS, name => name === 'accept'),
    ['Accept', ' a ', 'ACCEPT', 'b'],
  );
});
