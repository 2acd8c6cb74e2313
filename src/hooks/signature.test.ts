import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignature, isSigned, sign } from './signature.ts';

const ascii = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at)).join('');

/** Those whose key is a text; the others' keys are bytes that no text in UTF-8 has. */
const RFC_2202: readonly (readonly [string, Buffer, string])[] = [
  ['\x0b'.repeat(16), Buffer.from('Hi There'), '9294727a3638bb1c13f48ef8158bfc9d'],
  ['Jefe', Buffer.from('what do ya want for nothing?'), '750c783e6ab0b503eaa86e310a5db738'],
  [ascii(0x01, 0x19), Buffer.alloc(50, 0xcd), '697eaf0aca3a3aea3a75164746ffaa79'],
  ['\x0c'.repeat(16), Buffer.from('Test With Truncation'), '56461ef2342edc00f9bab995690efd4c'],
];

for (const [at, [secret, body, hash]] of RFC_2202.entries())
  test(`the hash is HMAC-MD5: vector ${at + 1} of RFC 2202`, () => {
    assert.equal(sign(secret, body), `WCS ${hash}`);
    assert.ok(isSigned([secret], `WCS ${hash}`, body));
    assert.ok(isSigned([secret], `WCS ${hash.toUpperCase()}`, body), 'upper case');
    assert.ok(!isSigned([secret], `WCS ${hash}`, Buffer.concat([body, Buffer.from(' ')])), 'another body');
    assert.ok(!isSigned([`${secret}x`], `WCS ${hash}`, body), 'another secret');
  });

const BODY = Buffer.from('{"nodeId":"n","name":"имя"}');

test('any of several secrets may have signed, and no other', () => {
  const secrets = ['old', 'new', 'ключ'];
  for (const secret of secrets) assert.ok(isSigned(secrets, sign(secret, BODY), BODY), secret);
  for (const secret of ['', 'ol', 'old,new', 'Old']) assert.ok(!isSigned(secrets, sign(secret, BODY), BODY), secret);
  assert.ok(!isSigned([], sign('', BODY), BODY), 'without a secret nothing is signed');
});

const HEX = createHmac('md5', 's').update(BODY).digest('hex');
const FORMS: Readonly<Record<string, string>> = {
  nothing: '',
  'the hash alone': HEX,
  'another scheme': `Basic ${HEX}`,
  'the scheme alone': 'WCS ',
  'no space': `WCS${HEX}`,
  'a tab': `WCS\t${HEX}`,
  'a digit less': `WCS ${HEX.slice(1)}`,
  'a digit more': `WCS ${HEX}0`,
  'no hex': `WCS ${'g'.repeat(32)}`,
  'a hash with a prefix': `WCS 0x${HEX.slice(2)}`,
  'something behind it': `WCS ${HEX} `,
  'a second line': `WCS ${HEX}\n`,
  'two of them': `WCS ${HEX}, WCS ${HEX}`,
};

for (const [what, authorization] of Object.entries(FORMS))
  test(`no signature: ${what}`, () => {
    assert.ok(!isSignature(authorization));
    assert.ok(!isSigned(['s'], authorization, BODY));
  });

test('the scheme may be written in any case, and with more than one space', () => {
  for (const form of [`WCS ${HEX}`, `wcs ${HEX}`, `WCS   ${HEX}`]) {
    assert.ok(isSignature(form), form);
    assert.ok(isSigned(['s'], form, BODY), form);
  }
});

test('every byte of a body counts, whether or not it is text', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, at, bits) => {
        const body = Buffer.from(bytes);
        const authorization = sign('s', body);
        assert.ok(isSigned(['s'], authorization, body));
        const place = at % body.length;
        body[place] = (body[place] as number) ^ bits;
        assert.ok(!isSigned(['s'], authorization, body));
      },
    ),
  );
});
