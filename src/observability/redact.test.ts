import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactBody } from './redact.ts';

const SECRET = 'Hunter2Hunter2';

const redacted = (value: unknown): string => redactBody(Buffer.from(JSON.stringify(value)));

const HIDDEN: Readonly<Record<string, unknown>> = {
  'a SIP password': { sipPassword: SECRET },
  'a token in any case': { AUTHTOKEN: SECRET },
  'an access list': { aclAuth: SECRET },
  'a number': { password: 123 },
  'a whole object under a secret key': { credentials: { user: 'u', value: SECRET } },
  'a key deep inside': { custom: [{ a: { token: SECRET } }] },
  'JSON inside of a text': { custom: JSON.stringify({ token: SECRET }) },
  'a query parameter': { url: `https://host/x?aclAuth=${SECRET}&y=1` },
  'a query parameter of a relative address': { url: `x?y=1&access_token=${SECRET}` },
  'the password of an address': { name: `rtsp://admin:${SECRET}@10.0.0.1/cam` },
  'an authorization scheme': { header: `Bearer ${SECRET}` },
  'the keys of an SDP': { sdp: `v=0\r\na=ice-pwd:${SECRET}\r\na=crypto:1 AES inline:${SECRET}\r\n` },
};

for (const [what, value] of Object.entries(HIDDEN))
  test(`${what} is taken out of a logged body`, () => {
    const text = redacted(value);
    assert.doesNotMatch(text, /Hunter2|123/);
    assert.match(text, /\[redacted\]/);
  });

test('what is no secret stays', () => {
  const value = { appKey: 'defaultApp', name: 'rtsp://10.0.0.1/cam?x=1', n: 1, on: true, none: null, list: ['a'] };
  assert.equal(redacted(value), JSON.stringify(value));
});

test('a key named __proto__ is data like any other', () => {
  assert.equal(redactBody(Buffer.from('{"__proto__":{"token":"x"}}')), '{"__proto__":{"token":"[redacted]"}}');
});

test('what is not JSON, or is large, is told by its size alone', () => {
  assert.equal(redactBody(Buffer.from(`password=${SECRET}`)), '[23 bytes, not JSON]');
  assert.equal(redactBody(Buffer.alloc(70_000, '1')), '[70000 bytes, too many to log]');
  assert.equal(redactBody(Buffer.alloc(0)), '');
});

test('what is JSON but no object has no names, so it is told by its size as well', () => {
  for (const text of [`["${SECRET}"]`, `"${SECRET}"`, '123', 'null'])
    assert.equal(redactBody(Buffer.from(text)), `[${text.length} bytes, no JSON object]`);
});

test('a long body is cut at 4 KiB, and says so', () => {
  const text = redacted({ text: 'x'.repeat(10_000) });
  assert.equal(text.length, 4096 + '[5915 more]'.length);
  assert.match(text, /\[5915 more\]$/);
});

test('nested texts and arrays without end are cut, not followed', () => {
  const nested = (depth: number) => Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.match(redactBody(nested(100)), /too deep/);
  assert.doesNotThrow(() => redactBody(Buffer.from(`{"a":${'['.repeat(60_000)}`)));
  assert.doesNotThrow(() => redactBody(nested(30_000)));
});

test('no JSON value makes redaction fail, or shows what a secret key holds', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('token', 'userPassword', 'MYSECRET', 'authKey'), (value, key) => {
      const text = redacted({ value, [key]: SECRET });
      assert.doesNotMatch(text, /Hunter2/);
    }),
  );
});
