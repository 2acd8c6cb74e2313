import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isJsonObject, type JsonObject, type JsonValue, parseJson, parseObject, stringifyJson } from './json.ts';
import { applyPatch, diff } from './merge-patch.ts';

/** An object without the members that are null, which no merge patch can express; arrays are left as they are. */
const withoutNulls = (value: JsonValue): JsonValue =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => member !== null)
          .map(([name, member]) => [name, withoutNulls(member)]),
      )
    : value;

const anyObject: fc.Arbitrary<JsonObject> = fc
  .dictionary(fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'custom'), fc.string()), fc.jsonValue())
  .map(object => parseObject(JSON.stringify(object)));

/** A pair that has much in common, as a request and its answer have. */
const relatives = fc.tuple(anyObject, anyObject, anyObject).map(([common, from, to]) => {
  const join = (...parts: JsonObject[]): JsonObject => Object.fromEntries(parts.flatMap(part => Object.entries(part)));
  return [join(common, from), join(to, common)] as const;
});

test('the examples of RFC 7396 appendix A', () => {
  const rows = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ] as const;
  for (const [target, patch, result] of rows) {
    assert.equal(stringifyJson(applyPatch(parseJson(target), parseJson(patch))), result, `${target} + ${patch}`);
  }
});

test('a patch leads from one object to the other, all but explicit nulls', () => {
  fc.assert(
    fc.property(relatives, ([from, to]) => {
      const reached = applyPatch(from, diff(from, to));
      assert.deepEqual(withoutNulls(reached), withoutNulls(to));
    }),
    { numRuns: 500 },
  );
});

test('equal objects differ by an empty patch, and an empty patch changes nothing', () => {
  fc.assert(
    fc.property(anyObject, object => {
      assert.deepEqual(diff(object, parseObject(stringifyJson(object))), {});
      assert.deepEqual(applyPatch(object, {}), object);
    }),
  );
});

test('a patch that went through text is the same patch', () => {
  fc.assert(
    fc.property(relatives, ([from, to]) => {
      const patch = diff(from, to);
      assert.deepEqual(applyPatch(from, parseJson(stringifyJson(patch))), applyPatch(from, patch));
    }),
  );
});

test('neither side is ever changed', () => {
  fc.assert(
    fc.property(relatives, ([from, to]) => {
      const [before, after] = [stringifyJson(from), stringifyJson(to)];
      applyPatch(from, diff(from, to));
      applyPatch(from, to);
      assert.deepEqual([stringifyJson(from), stringifyJson(to)], [before, after]);
    }),
  );
});

test('numbers beyond 2^53 are told apart and survive', () => {
  const from = parseObject('{"a":9007199254740993,"b":1.0,"c":12345678901234567890}');
  const to = parseObject('{"a":9007199254740992,"b":1,"c":12345678901234567890}');
  assert.equal(stringifyJson(diff(from, to)), '{"a":9007199254740992,"b":1}');
  assert.equal(
    stringifyJson(applyPatch(from, diff(from, to))),
    '{"a":9007199254740992,"b":1,"c":12345678901234567890}',
  );
});

test('only what differs is in the patch, at the depth where it differs', () => {
  const from = parseObject('{"a":{"b":1,"c":{"d":2}},"e":[1,{"f":2}],"g":null}');
  const to = parseObject('{"a":{"b":1,"c":{"d":3}},"e":[1,{"f":2}],"g":null,"h":{}}');
  assert.deepEqual(diff(from, to), { a: { c: { d: 3 } }, h: {} });
});

test('a __proto__ member is patched as data and pollutes nothing', () => {
  const patch = diff({}, parseObject('{"__proto__":{"admin":true}}'));
  const patched = applyPatch({ a: 1 }, patch);
  assert.equal(stringifyJson(patched), '{"a":1,"__proto__":{"admin":true}}');
  assert.equal(Object.getPrototypeOf(patched), Object.prototype);
  assert.equal('admin' in {}, false);
});
