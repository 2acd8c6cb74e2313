import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, samples } from '../../test/samples.ts';
import { GatewayError } from '../core/errors.ts';
import { MAX_DEPTH } from '../core/json-text.ts';
import { isJsonObject, parseJson, parseObject, stringifyJson } from './json.ts';

const isNotJson = (error: unknown) => error instanceof GatewayError && error.code === 'not_json';
const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth);
const roundTrip = (text: string) => stringifyJson(parseJson(text));

const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,30})$/);
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.stringMatching(/^(\.[0-9]{1,25})?$/),
    fc.stringMatching(/^([eE][+-]?[0-9]{1,4})?$/),
  )
  .map(parts => parts.join(''));

test('every number comes out as it was spelled', () => {
  fc.assert(
    fc.property(numberText, number => {
      for (const text of [number, `[${number}]`, `{"a":${number}}`, `{"a":[0,${number},"1.0"]}`]) {
        assert.equal(roundTrip(text), text);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the numbers that proxies are known to spoil survive', () => {
  const text = '{"a":12345678901234567890.0,"b":1.0,"c":1e400,"d":-0,"e":9007199254740993,"f":1E5,"g":[-0.0,0.10]}';
  assert.equal(roundTrip(text), text);
  assert.equal(roundTrip('{ "a" :\n 1.0 , "b" : [\t-0 ] }'), '{"a":1.0,"b":[-0]}');
});

test('numbers that survive stay numbers', () => {
  assert.deepEqual(parseJson('{"a":5060,"b":0.5,"c":1.0}'), { a: 5060, b: 0.5, c: JSON.rawJSON('1.0') });
});

test('any JSON value comes out as it went in', () => {
  fc.assert(fc.property(fc.json(), text => assert.equal(roundTrip(text), JSON.stringify(JSON.parse(text)))));
  for (const { file } of samples()) {
    if (file.endsWith('.json'))
      assert.deepEqual(Buffer.from(stringifyJson(parseObject(compact(file)))), compact(file), file);
  }
});

test('any script in a string survives, lone surrogates as escapes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const bytes = Buffer.from(JSON.stringify({ text }));
      assert.equal(stringifyJson(parseObject(bytes)), bytes.toString());
    }),
  );
});

test('__proto__ and constructor are names like any other', () => {
  const text = '{"__proto__":{"admin":true},"constructor":1.0}';
  const object = parseObject(text);
  assert.deepEqual(Object.keys(object), ['__proto__', 'constructor']);
  assert.equal('admin' in object, false);
  assert.equal(stringifyJson(object), text);
});

test('of equal names the last wins', () => {
  assert.equal(roundTrip('{"a":1,"a":2}'), '{"a":2}');
  assert.equal(roundTrip('{"a":1.0,"a":{"b":2.0},"a":3.0}'), '{"a":3.0}');
});

test('a number kept as text is no object, and an object that looks like one is', () => {
  assert.equal(isJsonObject(parseJson('1.0')), false);
  assert.equal(isJsonObject(parseJson('{"rawJSON":"1.0"}')), true);
  assert.equal(isJsonObject(undefined), false);
});

test('anything but an object in UTF-8 is refused as not_json', () => {
  const bad = [
    '',
    ' ',
    'null',
    '1',
    '1.0',
    '"text"',
    '[]',
    '[{}]',
    '{',
    '{"a":}',
    '{}x',
    "{'a':1}",
    '{"a":01}',
    'NaN',
    '<html>',
  ];
  for (const text of bad) assert.throws(() => parseObject(Buffer.from(text)), isNotJson, text);
  const bytes = ['7b2261223a22ff227d', '7b2261223a22c080227d', 'fffe7b007d00', '7b2261223a22eda080227d'];
  for (const hex of bytes) assert.throws(() => parseObject(Buffer.from(hex, 'hex')), isNotJson, hex);
});

test('a byte order mark is skipped', () => {
  assert.deepEqual(parseObject(Buffer.from('\uFEFF{"a":1}')), { a: 1 });
});

test('depth bombs are refused, with and without numbers that need care', () => {
  for (const depth of [MAX_DEPTH + 1, 100_000]) {
    for (const text of [
      nested(depth),
      `[1.0,${nested(depth)}]`,
      `{"a":${nested(depth)}}`,
      nested(depth, '{"a":[', ']}'),
    ]) {
      assert.throws(() => parseJson(text), isNotJson);
    }
    assert.throws(() => parseJson('['.repeat(depth)), isNotJson);
  }
});

test('what is just deep enough is read and written', () => {
  const text = nested(MAX_DEPTH);
  assert.equal(roundTrip(text), text);
  const inner = `{"a":${nested(MAX_DEPTH - 2)},"b":1.0}`;
  assert.equal(roundTrip(`[${inner}]`), `[${inner}]`);
});

test('brackets inside strings do not count as depth', () => {
  const text = JSON.stringify({ a: '['.repeat(5000), b: '{"\\' });
  assert.equal(roundTrip(text), text);
});

test('a megabyte of text made to be slow to read is refused', () => {
  const mega = 1 << 20;
  const starts = [`{"a":"${'\\"'.repeat(mega / 2)}`, `{"a":${' '.repeat(mega)}`, `[${'-'.repeat(mega)}`];
  // A pattern that backtracks would need minutes for some of these.
  for (const text of [...starts, `[${':'.repeat(mega)}`, `[${'1'.repeat(mega)}x`, `${' '.repeat(mega)}x`]) {
    assert.throws(() => parseJson(text), isNotJson);
  }
});
