import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, sampleFiles } from '../../test/samples.ts';
import { isJsonText, MAX_DEPTH, readMembers } from './json-text.ts';

const isJson = (text: string) => isJsonText(Buffer.from(text));

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** The members of `text` as they are spelt. */
const read = (text: string) => {
  const bytes = Buffer.from(text);
  return readMembers(bytes)?.map(({ at, end }) => bytes.toString('utf8', at, end));
};

/** What the members say, by JSON.parse alone. */
const meaning = (text: string): unknown => read(text)?.map(member => JSON.parse(`{${member}}`));

const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const spaced = (value: fc.Arbitrary<unknown>) =>
  fc
    .tuple(value, spaces, fc.nat({ max: 2 }))
    .map(([json, space, indent]) => `${space}${JSON.stringify(json, undefined, indent)}${space}`);
const tokens = ['{', '}', '[', ']', '"', '\\', ':', ',', ' ', '\n', '-', '0', '1', '.', 'e', 'E', '+', 'u', 'a'];
const hostile = fc.string({
  unit: fc.constantFrom(...tokens, 'true', 'null', 'fals', '\u0001', 'é', '"a":1', '\\u00e9'),
});

test('what JSON.parse reads is JSON, and nothing else', () => {
  const edited = fc.tuple(spaced(fc.jsonValue()), fc.nat(), hostile).map(([text, at, what]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + what + text.slice(place + (at % 3));
  });
  const texts = fc.oneof(spaced(fc.jsonValue()), edited, hostile, fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(texts, text => assert.equal(isJson(text), parses(text), text)),
    { numRuns: 5000 },
  );
  for (const file of sampleFiles().filter(name => name.endsWith('.json'))) assert.ok(isJsonText(compact(file)), file);
});

test('numbers, words and escapes are read to the letter', () => {
  const good = ['0', '-0', '10', '1.0', '1e5', '1E+5', '-1.5e-10', 'true', 'false', 'null', '"\\u00E9\\n\\/\\""', '""'];
  const bad = [
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '1e+',
    '+1',
    '0x1',
    'NaN',
    'True',
    'tru',
    'nulll',
    '"\\x"',
    '"\\u00g0"',
    '"\\u00',
  ];
  for (const text of good) assert.ok(isJson(text), text);
  for (const text of [...bad, '"\t"', '"', "'a'", '', ' ', '1 2', '[1,]', '[,1]', '//', '\u00a01'])
    assert.ok(!isJson(text), text);
});

test('a byte order mark in front is passed over, and bytes that are no UTF-8 are text', () => {
  assert.ok(isJson('\uFEFF{"a":1}'));
  assert.ok(!isJson('{"a":1}\uFEFF'));
  assert.ok(isJsonText(Buffer.from([0x22, 0xff, 0xfe, 0x22])));
});

test('nesting ends at the depth where WCS would stop too', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(isJson(nested(MAX_DEPTH)));
  assert.ok(!isJson(nested(MAX_DEPTH + 1)));
  assert.ok(!isJson('{"a":'.repeat(MAX_DEPTH + 1) + 1 + '}'.repeat(MAX_DEPTH + 1)));
});

test('the members of any object are those that JSON.parse finds, however it is spaced', () => {
  fc.assert(
    fc.property(spaced(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())), text => {
      const parsed = Object.entries(JSON.parse(text)).map(([name, value]) => Object.fromEntries([[name, value]]));
      assert.deepEqual(meaning(text), parsed);
    }),
    { numRuns: 500 },
  );
});

test('a member is told by where its name and its value are', () => {
  const text = Buffer.from('{ "ab" : [1] }');
  assert.deepEqual(readMembers(text), [{ at: 2, nameEnd: 6, valueAt: 9, end: 12 }]);
});

test('only members that are looked for are told, and those whose name has an escape in it', () => {
  const text = Buffer.from('{"abc":1,"b":2,"ab":3,"\\u0061b":4,"b":{"ab":5},"ab":6}');
  const told = (...names: string[]) =>
    readMembers(
      text,
      names.map(name => Buffer.from(name)),
    )?.map(({ at, end }) => text.toString('utf8', at, end));
  assert.deepEqual(told('ab'), ['"ab":3', '"\\u0061b":4', '"ab":6']);
  assert.deepEqual(told('b', 'abc'), ['"abc":1', '"b":2', '"\\u0061b":4', '"b":{"ab":5}']);
  assert.deepEqual(told(), ['"\\u0061b":4']);
  assert.equal(readMembers(Buffer.from('{"a":1'), [Buffer.from('x')]), undefined);
});

test('space may stand around every part', () => {
  assert.deepEqual(read(' {\n"a" : 1\t,"b":\r{ "c" : [ ] } } '), ['"a" : 1', '"b":\r{ "c" : [ ] }']);
});

test('an empty object has no members', () => {
  assert.deepEqual(read('{}'), []);
  assert.deepEqual(read(' { } '), []);
});

test('names that come twice come twice, and escapes stay as they are', () => {
  assert.deepEqual(read('{"a":1,"a":2,"\\u0061":3}'), ['"a":1', '"a":2', '"\\u0061":3']);
});

test('quotes, brackets and commas inside strings are text', () => {
  const texts = ['"a\\"b":"\\\\"', '"b":"},{\\"]"', '"c":["\\\\\\"","}"]', '"d":{"}":"]"}'];
  assert.deepEqual(read(`{${texts}}`), texts);
});

test('what is no object has no members', () => {
  const bad = [
    '',
    ' ',
    '[]',
    '[{}]',
    'null',
    '1',
    '"{}"',
    '{',
    '}',
    '{}x',
    '{},',
    '{}{}',
    '{,}',
    '{"a":1,}',
    '{,"a":1}',
  ];
  bad.push('{"a"}', '{"a":}', '{"a" 1}', '{a:1}', '{"a":1 "b":2}', '{"a":"x"y}', '{"a', '{"a":[}', '{"a":/**/1}');
  for (const text of bad) assert.equal(read(text), undefined, text);
});

test('a megabyte made to be slow to read takes no longer than any other', () => {
  const mega = 1 << 20;
  const texts = [
    '{"a":"'.padEnd(mega, '\\"'),
    '{"a":"'.padEnd(mega, '\\'),
    '{"a":'.padEnd(mega, '['),
    '{'.padEnd(mega),
  ];
  // A scan that goes back over what it has read would need minutes for some of these.
  for (const text of texts) assert.equal(read(text), undefined);
});
