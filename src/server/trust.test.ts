import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readTold } from './told.ts';
import { type Client, createTrust } from './trust.ts';

const PROXY: Client = { address: '10.0.0.1', scheme: 'http' };
const trust = createTrust(['10.0.0.0/8', 'fd00::/8', '192.0.2.1']);

/** Who asks, if a trusted proxy sends these fields. */
const client = (fields: Readonly<Record<string, string>>, peer = PROXY): Client =>
  trust.clientOf(peer, readTold(Object.entries(fields).flat()));

const CASES: readonly (readonly [string, Readonly<Record<string, string>>, Partial<Client>])[] = [
  ['nothing told', {}, { address: '10.0.0.1' }],
  ['one address', { 'X-Forwarded-For': '203.0.113.7' }, { address: '203.0.113.7' }],
  [
    'an address that the client made up before its own',
    { 'X-Forwarded-For': '127.0.0.1, 203.0.113.7' },
    { address: '203.0.113.7' },
  ],
  [
    'trusted proxies on the way',
    { 'X-Forwarded-For': '1.1.1.1, 203.0.113.7, 192.0.2.1,10.9.9.9' },
    { address: '203.0.113.7' },
  ],
  ['a mapped address of a proxy', { 'X-Forwarded-For': '203.0.113.7, ::ffff:10.0.0.2' }, { address: '203.0.113.7' }],
  ['trusted ones alone', { 'X-Forwarded-For': '10.0.0.5, 10.0.0.6' }, { address: '10.0.0.5' }],
  ['a port', { 'X-Forwarded-For': '203.0.113.7:4711' }, { address: '203.0.113.7' }],
  ['IPv6', { 'X-Forwarded-For': '2001:db8::5' }, { address: '2001:db8::5' }],
  ['IPv6 with a port', { 'X-Forwarded-For': '[2001:db8::5]:4711' }, { address: '2001:db8::5' }],
  ['what is no address', { 'X-Forwarded-For': '203.0.113.7, _hidden' }, { address: 'unknown' }],
  ['an empty field', { 'X-Forwarded-For': ' , ' }, { address: '10.0.0.1' }],
  ['a scheme alone', { 'X-Forwarded-Proto': 'HTTPS' }, { address: '10.0.0.1', scheme: 'https' }],
  ['a scheme that is none', { 'X-Forwarded-Proto': 'javascript' }, { scheme: 'http' }],
  [
    'scheme and host for all hops',
    {
      'X-Forwarded-For': '203.0.113.7, 10.0.0.9',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'app.example:8443',
    },
    { address: '203.0.113.7', scheme: 'https', host: 'app.example:8443' },
  ],
  [
    'a scheme for each hop',
    { 'X-Forwarded-For': '1.1.1.1, 203.0.113.7, 10.0.0.9', 'X-Forwarded-Proto': 'ftp, https, http' },
    { address: '203.0.113.7', scheme: 'https' },
  ],
  ['a host that is none', { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Host': 'a b' }, { address: '203.0.113.7' }],
  [
    'the standard field',
    { Forwarded: 'for=203.0.113.7;proto=https;host=app.example' },
    { address: '203.0.113.7', scheme: 'https', host: 'app.example' },
  ],
  [
    'the standard field with quotes and proxies',
    { Forwarded: 'for=1.1.1.1, For="[2001:db8::5]:47\\11" ; Proto=https;by=x, for="10.0.0.3"' },
    { address: '2001:db8::5', scheme: 'https' },
  ],
  ['the standard field without an address', { Forwarded: 'proto=https' }, { address: 'unknown', scheme: 'https' }],
  [
    'the standard field with a quote that the client has opened',
    { Forwarded: 'for=1.1.1.1, for=10.0.0.9;a=", for="[2001:db8::5]:80"' },
    { address: 'unknown' },
  ],
  ['the standard field cut short', { Forwarded: 'for=203.0.113.7;' }, { address: 'unknown' }],
  ['the standard field with a hidden one', { Forwarded: 'for=203.0.113.7, for=_gazonk' }, { address: 'unknown' }],
  [
    'both, and they agree',
    { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7;proto=https' },
    { address: '203.0.113.7', scheme: 'https' },
  ],
  [
    'both, and they differ',
    { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=10.1.1.1;proto=https' },
    { address: 'unknown', scheme: 'http' },
  ],
];

describe('who asks', () => {
  for (const [what, fields, expected] of CASES) {
    test(`is told by a trusted proxy: ${what}`, () => assert.deepEqual(client(fields), { ...PROXY, ...expected }));
  }

  test('is the peer itself where that is not trusted, whatever it says', () => {
    const stranger: Client = { address: '203.0.113.9', scheme: 'https' };
    for (const [, fields] of CASES) assert.equal(client(fields, stranger), stranger);
  });

  test('is the peer itself where nobody is trusted', () => {
    const nobody = createTrust([]);
    assert.equal(nobody.isOn, false);
    assert.equal(nobody.clientOf(PROXY, readTold(['X-Forwarded-For', '1.1.1.1'])), PROXY);
  });

  test('is told over a Unix socket where unix is trusted', () => {
    const unix = createTrust(['unix']);
    const told = readTold(['X-Forwarded-For', '203.0.113.7']);
    assert.equal(unix.clientOf({ address: 'unix', scheme: 'http' }, told).address, '203.0.113.7');
    assert.equal(unix.clientOf(PROXY, told), PROXY);
  });

  test('is never somebody whom only the client has named', () => {
    const part = fc.constantFrom('for=', '10.0.0.9', '1.1.1.1', '"', '\\', ',', ';', 'a=', '[', ']', ' ', 'x');
    const made = fc.array(part, { maxLength: 12 }).map(parts => parts.join(''));
    fc.assert(
      fc.property(made, text => {
        assert.equal(client({ 'X-Forwarded-For': `${text}, 203.0.113.7` }).address, '203.0.113.7');
        // An open quote may swallow what the proxy adds; then nobody is known, and nobody else is believed.
        for (const added of ['203.0.113.7', '"203.0.113.7"']) {
          const { address } = client({ Forwarded: `${text}, for=${added}` });
          assert.ok(['203.0.113.7', 'unknown'].includes(address), address);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
