import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VERDICTS, type Verdict } from './verdicts.ts';

const storedAt = fc.maxSafeNat();
const admission = fc.record({
  version: fc.constant(1 as const),
  storedAt,
  status: fc.constant(200 as const),
  patch: fc.string(),
});
const refusal = fc.record(
  {
    version: fc.constant(1 as const),
    storedAt,
    status: fc.constant(403 as const),
    contentType: fc.string(),
    body: fc.uint8Array().map(bytes => Buffer.from(bytes)),
  },
  { requiredKeys: ['version', 'storedAt', 'status', 'body'] },
);
// Objects of the arbitraries may have no prototype, which a comparison minds.
const anyVerdict: fc.Arbitrary<Verdict> = fc.oneof(admission, refusal).map(verdict => ({ ...verdict }));

const ADMISSION: Verdict = { version: 1, storedAt: 5, status: 200, patch: '{}' };

describe('verdicts as they are kept', () => {
  test('come out of their text as they went in', () =>
    fc.assert(
      fc.property(anyVerdict, verdict => assert.deepEqual(VERDICTS.decode(VERDICTS.encode(verdict)), verdict)),
    ));

  test('are read from no text that is none, and no text makes the reading throw', () =>
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => assert.equal(VERDICTS.decode(text), undefined))));

  test('are not read from a text that was cut', () =>
    fc.assert(
      fc.property(anyVerdict, fc.nat(), (verdict, length) => {
        const text = VERDICTS.encode(verdict);
        assert.equal(VERDICTS.decode(text.slice(0, length % text.length)), undefined);
      }),
    ));

  test('of another version, status or shape are as good as none', () => {
    const changes = [
      { version: 2 },
      { version: '1' },
      { status: 404 },
      { storedAt: '5' },
      { storedAt: 1e300 },
      { patch: 1 },
    ];
    for (const change of changes) {
      assert.equal(VERDICTS.decode(JSON.stringify({ ...ADMISSION, ...change })), undefined, JSON.stringify(change));
    }
  });

  test('of a later release that only says more are read', () =>
    assert.deepEqual(VERDICTS.decode(JSON.stringify({ ...ADMISSION, more: true })), ADMISSION));

  test('say the same whatever their date', () =>
    fc.assert(
      fc.property(anyVerdict, storedAt, (verdict, at) => {
        const own = VERDICTS.own(verdict);
        assert.notEqual(own, verdict);
        VERDICTS.redate(own, { ...verdict, storedAt: at });
        assert.equal(VERDICTS.saysTheSame(own, verdict), true);
        assert.equal(own.storedAt, at);
      }),
    ));

  test('do not say the same if they differ in more', () =>
    fc.assert(
      fc.property(anyVerdict, anyVerdict, (a, b) => {
        const isSame = JSON.stringify({ ...a, storedAt: 0 }) === JSON.stringify({ ...b, storedAt: 0 });
        assert.equal(VERDICTS.saysTheSame(a, b), isSame);
      }),
    ));

  test('are doubted a second after they were said', () => {
    assert.equal(VERDICTS.isDoubtful({ ...ADMISSION, storedAt: Date.now() }), false);
    assert.equal(VERDICTS.isDoubtful({ ...ADMISSION, storedAt: Date.now() - 1500 }), true);
  });
});
