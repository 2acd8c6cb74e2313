import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, sampleFiles } from '../../test/samples.ts';
import { readMembers } from './members.ts';

const read = (text: string) => readMembers(text)?.map(member => member.text);

/** What the members say, by JSON.parse alone. */
const meaning = (text: string): unknown => readMembers(text)?.map(member => JSON.parse(`{${member.text}}`));

const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const spaced = fc.tuple(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), spaces, fc.nat({ max: 2 }));

test('the members of any object are those that JSON.parse finds, however it is spaced', () => {
  fc.assert(
    fc.property(spaced, ([object, space, indent]) => {
      const text = `${space}${JSON.stringify(object, undefined, indent)}${space}`;
      const parsed = Object.entries(JSON.parse(text)).map(([name, value]) => Object.fromEntries([[name, value]]));
      assert.deepEqual(meaning(text), parsed);
      const names = readMembers(text)?.map(({ name }) => JSON.parse(`"${name}"`));
      assert.deepEqual(names, Object.keys(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
  for (const file of sampleFiles().filter(name => name.endsWith('.json'))) {
    const text = compact(file).toString('latin1');
    assert.deepEqual(Object.assign({}, ...(meaning(text) as object[])), JSON.parse(text), file);
  }
});

test('space may stand around every part', () => {
  assert.deepEqual(read(' {\n"a" : 1\t,"b":\r{ "c" : [ ] } } '), ['"a" : 1', '"b":\r{ "c" : [ ] }']);
});

test('an empty object has no members', () => {
  assert.deepEqual(readMembers('{}'), []);
  assert.deepEqual(readMembers(' { } '), []);
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
  bad.push(
    '{"a"}',
    '{"a":}',
    '{"a":,"b":1}',
    '{"a" 1}',
    '{a:1}',
    "{'a':1}",
    '{"a":1 "b":2}',
    '{"a":1 2}',
    '{"a":"x"y}',
  );
  bad.push(
    '{"a',
    '{"a":"x',
    '{"a":"x\\"}',
    '{"a":[}',
    '{"a":{}',
    '{"a":[]]}',
    '{"a":/**/1}',
    '\u00a0{}',
    '\u00ef\u00bb\u00bf{}',
  );
  for (const text of bad) assert.equal(readMembers(text), undefined, text);
});

test('any text at all is borne, and no character is lost between two members', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', ' ', '1', 'a', '\u00ff'),
  });
  const dense = (text: string) => text.replaceAll(/[ \t\r\n]/g, '');
  const nearly = hostile.map(inner => `{"a":1,"b":${inner}}`);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), hostile, nearly), text => {
      const members = read(text);
      if (members) assert.equal(dense(`{${members}}`), dense(text));
    }),
    { numRuns: 3000 },
  );
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
  for (const text of texts) assert.equal(readMembers(text), undefined);
});
