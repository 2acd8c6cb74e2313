import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Content, Sealer } from './content.ts';

const KEYS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const CONTENT: Content = { query: '?a', head: 'A: ä\r\n', body: Buffer.from([0, 255]) };

const contents = fc.record(
  {
    query: fc.string({ unit: 'grapheme' }),
    head: fc.string({ unit: 'grapheme' }),
    body: fc.uint8Array().map(bytes => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);

describe('content', () => {
  for (const [name, sealer] of [
    ['plain', new Sealer()],
    ['encrypted', new Sealer(KEYS)],
  ] as const) {
    test(`comes out as it went in, ${name}`, () =>
      fc.assert(fc.property(contents, each => assert.deepEqual(sealer.open('id', sealer.seal('id', each)), each))));

    test(`that was changed in any byte is not taken, ${name}`, () => {
      const { keyId, bytes } = sealer.seal('id', CONTENT);
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.throws(() => sealer.open('id', { keyId, bytes: changed }), /its content was damaged on disk/);
      }
      for (let length = 0; length < bytes.length; length++)
        assert.throws(() => sealer.open('id', { keyId, bytes: bytes.subarray(0, length) }), /damaged/);
    });
  }

  test('is never encrypted twice the same, and is bound to its event', () => {
    const sealer = new Sealer(KEYS);
    const [one, other] = [sealer.seal('id', CONTENT), sealer.seal('id', CONTENT)];
    assert.notDeepEqual(one.bytes, other.bytes);
    assert.equal(one.keyId, other.keyId);
    assert.throws(() => sealer.open('another', one), /damaged/);
  });

  test('of a key that is not given is not taken, and the key is named by its id alone', () => {
    const sealed = new Sealer(KEYS.slice(0, 1)).seal('id', CONTENT);
    assert.match(sealed.keyId ?? '', /^[0-9a-f]{16}$/);
    assert.throws(() => new Sealer(KEYS.slice(1)).open('id', sealed), new RegExp(`the key ${sealed.keyId}.*add it`));
  });
});
