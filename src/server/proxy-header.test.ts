import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readProxyHeader } from './proxy-header.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of version 2. */
const binary = (command: number, kind: number, rest: Buffer, length = rest.length): Buffer => {
  const head = Buffer.alloc(16);
  head.write(SIGNATURE, 'latin1');
  head.writeUInt8(command, 12);
  head.writeUInt8(kind, 13);
  head.writeUInt16BE(length, 14);
  return Buffer.concat([head, rest]);
};

const IPV4 = Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0xd9, 0x03, 0x01, 0xbb]);
const IPV6 = Buffer.alloc(36);
IPV6.set([0x20, 0x01, 0x0d, 0xb8], 0);
IPV6[15] = 5;
const TLV = Buffer.from([0x05, 0x00, 0x03, 1, 2, 3]);
const UNIX = Buffer.alloc(216, 'a');

const WHOLE: readonly (readonly [string, Buffer, string | undefined])[] = [
  ['version 1, TCP4', Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 55555 443\r\n'), '203.0.113.7'],
  ['version 1, TCP6', Buffer.from('PROXY TCP6 2001:DB8:0:0::5 ::1 55555 443\r\n'), '2001:db8::5'],
  ['version 1, UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1, UNKNOWN with more', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['version 2, TCP4', binary(0x21, 0x11, IPV4), '203.0.113.7'],
  ['version 2, TCP4 with extensions', binary(0x21, 0x11, Buffer.concat([IPV4, TLV, TLV])), '203.0.113.7'],
  ['version 2, TCP6', binary(0x21, 0x21, IPV6), '2001:db8::5'],
  ['version 2, Unix', binary(0x21, 0x31, UNIX), undefined],
  ['version 2, unspecified', binary(0x21, 0x00, TLV), undefined],
  ['version 2, LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['version 2, LOCAL with addresses', binary(0x20, 0x11, IPV4), undefined],
];

describe('a PROXY header', () => {
  for (const [what, header, source] of WHOLE) {
    test(`is read: ${what}; it is partial until its last byte, and what follows is left`, () => {
      for (let count = 0; count < header.length; count++)
        assert.equal(readProxyHeader(header.subarray(0, count)).is, 'partial', `${count} bytes`);
      const expected = { is: 'whole', bytes: header.length, ...(source !== undefined && { source }) };
      assert.deepEqual(readProxyHeader(header), expected);
      assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from('POST / HTTP/1.1\r\n\r\n')])), expected);
    });
  }

  const WRONG: readonly (readonly [string, Buffer])[] = [
    ['missing', Buffer.from('POST / HTTP/1.1\r\n')],
    ['of TLS', Buffer.from([0x16, 0x03, 0x01])],
    ['with a wrong address', Buffer.from('PROXY TCP4 203.0.113 10.0.0.1 1 2\r\n')],
    ['with an address of the other kind', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n')],
    ['with a port too high', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n')],
    ['without ports', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4\r\n')],
    ['with two blanks', Buffer.from('PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['of UDP', Buffer.from('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['with a line that does not end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`)],
    ['of version 3', binary(0x31, 0x11, IPV4)],
    ['with a command that is none', binary(0x22, 0x11, IPV4)],
    ['of UDP, version 2', binary(0x21, 0x12, IPV4)],
    ['with addresses cut short', binary(0x21, 0x11, IPV4.subarray(0, 11))],
    ['with IPv6 addresses cut short', binary(0x21, 0x21, IPV4)],
    ['longer than any', binary(0x21, 0x11, IPV4, 5000)],
  ];
  for (const [what, header] of WRONG) {
    test(`is refused ${what}`, () => assert.equal(readProxyHeader(header).is, 'wrong'));
  }

  test('of any bytes is judged without an error, and never longer than what is there', () => {
    const begins = [Buffer.alloc(0), Buffer.from('PROXY TCP4 '), Buffer.from(`${SIGNATURE}\x21`, 'latin1')];
    fc.assert(
      fc.property(fc.constantFrom(...begins), fc.uint8Array({ maxLength: 300 }), (begin, rest) => {
        const bytes = Buffer.concat([begin, rest]);
        const header = readProxyHeader(bytes);
        assert.ok(header.is !== 'whole' || header.bytes <= bytes.length);
      }),
    );
  });
});
