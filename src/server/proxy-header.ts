import { isIPv4, isIPv6, SocketAddress } from 'node:net';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** With its line break (version 1, §2.1). */
const LONGEST_LINE = 107;
const HEAD_BYTES = 16;
/** Extensions (TLV) behind the addresses are skipped; what is longer than this is no header of a proxy that is known. */
const LONGEST_REST = 4096;

const PLAIN = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/;
const UNKNOWN = /^PROXY UNKNOWN(?: .*)?$/;

/** What the first bytes of a connection say. */
export type ProxyHeader =
  | { readonly is: 'partial' }
  /** `source` is the client's address; absent where the proxy speaks for itself. */
  | { readonly is: 'whole'; readonly bytes: number; readonly source?: string }
  | { readonly is: 'wrong'; readonly why: string };

const PARTIAL: ProxyHeader = { is: 'partial' };
const wrong = (why: string): ProxyHeader => ({ is: 'wrong', why });

const startsAlike = (bytes: Buffer, whole: Buffer): boolean => {
  const count = Math.min(bytes.length, whole.length);
  return bytes.compare(whole, 0, count, 0, count) === 0;
};

/** In the one form that the operating system uses too. */
const plainForm = (address: string, family: 'ipv4' | 'ipv6'): string => new SocketAddress({ address, family }).address;

const readLine = (line: string, bytes: number): ProxyHeader => {
  if (UNKNOWN.test(line)) return { is: 'whole', bytes };
  const [, protocol, source = '', target = '', ...ports] = PLAIN.exec(line) ?? [];
  const isAddress = protocol === 'TCP4' ? isIPv4 : isIPv6;
  const isSound = isAddress(source) && isAddress(target) && ports.every(port => Number(port) <= 65_535);
  if (protocol === undefined || !isSound) return wrong('its line is not of version 1');
  return { is: 'whole', bytes, source: plainForm(source, protocol === 'TCP4' ? 'ipv4' : 'ipv6') };
};

const readVersion1 = (bytes: Buffer): ProxyHeader => {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf('\r\n');
  if (end >= 0) return readLine(bytes.toString('latin1', 0, end), end + 2);
  return bytes.length < LONGEST_LINE ? PARTIAL : wrong(`its line is longer than ${LONGEST_LINE} bytes`);
};

/** Address family and protocol in one byte (version 2, §2.2); of those that are no TCP none tells an address. */
const readSource = (kind: number, rest: Buffer): string | undefined | ProxyHeader => {
  if (kind === 0x11 && rest.length >= 12) return rest.subarray(0, 4).join('.');
  if (kind === 0x21 && rest.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, at) => rest.readUInt16BE(at * 2).toString(16));
    return plainForm(groups.join(':'), 'ipv6');
  }
  if (kind === 0x00 || (kind === 0x31 && rest.length >= 216)) return undefined;
  return wrong('it tells of a connection that is not TCP, or its addresses are cut short');
};

const readVersion2 = (bytes: Buffer): ProxyHeader => {
  if (bytes.length < HEAD_BYTES) return PARTIAL;
  const [command = 0, kind = 0] = bytes.subarray(SIGNATURE.length);
  if (command !== 0x20 && command !== 0x21) return wrong('its version or command is none that there is');
  const length = bytes.readUInt16BE(14);
  if (length > LONGEST_REST) return wrong(`it is longer than ${LONGEST_REST} bytes`);
  const end = HEAD_BYTES + length;
  if (bytes.length < end) return PARTIAL;
  // The proxy asks for itself, whatever it says of addresses.
  if (command === 0x20) return { is: 'whole', bytes: end };
  const source = readSource(kind, bytes.subarray(HEAD_BYTES, end));
  if (typeof source === 'object') return source;
  return source === undefined ? { is: 'whole', bytes: end } : { is: 'whole', bytes: end, source };
};

const LINE_BEGIN = Buffer.from('PROXY ');

/**
 * Reads the PROXY header that a connection begins with, version 1 or 2, from the bytes that are there so far.
 * Source: haproxy.org/download/3.0/doc/proxy-protocol.txt.
 */
export const readProxyHeader = (bytes: Buffer): ProxyHeader => {
  if (startsAlike(bytes, SIGNATURE)) return readVersion2(bytes);
  if (startsAlike(bytes, LINE_BEGIN)) return readVersion1(bytes);
  return wrong('the connection does not begin with one');
};
