import { GatewayError } from '../core/errors.ts';

/** A whole head without its last line break: status line, then field lines of token, colon and printable value. */
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const LENGTH = /^\d{1,15}$/;
const KEEP_ALIVE = /(?:^|[\s,])timeout=(\d{1,6})/i;

/** Throws the `body` error of an answer that no HTTP/1.1 server would give. */
export const refuse = (what: string): never => {
  throw new GatewayError('body', `the upstream answered something that is not HTTP/1.1: ${what}`);
};

/** Fields of the head that say how to go on; they are not part of the answer. */
interface Fields {
  length: number | undefined;
  transferEncoding: string | undefined;
  connection: string;
  keepAlive: string;
  /** End-to-end fields, name and value in turn. */
  headers: string[];
}

type Read = (fields: Fields, value: string) => void;

const drop: Read = () => {};

const readLength: Read = (fields, value) => {
  if (!LENGTH.test(value)) refuse(`Content-Length ${JSON.stringify(value.slice(0, 40))}`);
  const length = Number(value);
  if (fields.length !== undefined && fields.length !== length) refuse('two lengths');
  fields.length = length;
};

const readTransferEncoding: Read = (fields, value) => {
  fields.transferEncoding = fields.transferEncoding === undefined ? value : `${fields.transferEncoding},${value}`;
};

const readConnection: Read = (fields, value) => {
  fields.connection += `,${value.toLowerCase()}`;
};

const readKeepAlive: Read = (fields, value) => {
  fields.keepAlive = value;
};

/** Hop-by-hop fields (RFC 9110 §7.6.1), and what the next hop says anew: the length, and where an answer came from. */
const OWN: ReadonlyMap<string, Read> = new Map([
  ['content-length', readLength],
  ['transfer-encoding', readTransferEncoding],
  ['connection', readConnection],
  ['keep-alive', readKeepAlive],
  ...['breakwater-answer', 'breakwater-call-id'].map(name => [name, drop] as const),
  ...['te', 'trailer', 'upgrade', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info'].map(
    name => [name, drop] as const,
  ),
]);

/** What `Connection` may say without naming another field. */
const NAMES_NOTHING = /^(?:[\s,]|keep-alive|close)*$/;
/** Heads that are remembered: a back-end says the same for all answers of one length within one second. */
const MOST_HEADS = 100;

/** Where a body ends (RFC 9112 §6.3): after so many bytes, behind the last chunk, or with the connection. */
export type Framing = number | 'chunks' | 'until-close';

/** What the head of an answer says. */
export interface ResponseHead {
  readonly status: number;
  /** End-to-end fields, name and value in turn. */
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** True if the connection may serve another call, once the answer is whole. */
  readonly mayReuse: boolean;
  /** How long the other side keeps an idle connection, if it says so. */
  readonly idleMs: number;
}

const withoutNamed = (headers: string[], connection: string): string[] => {
  if (NAMES_NOTHING.test(connection)) return headers;
  const named = new Set(connection.split(',').map(token => token.trim()));
  return headers.filter((_, i) => !named.has((headers[i - (i % 2)] as string).toLowerCase()));
};

const readFields = (lines: readonly string[]): Fields => {
  const fields: Fields = {
    length: undefined,
    transferEncoding: undefined,
    connection: '',
    keepAlive: '',
    headers: [],
  };
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const read = OWN.get(name.toLowerCase());
    if (read) read(fields, value);
    else fields.headers.push(name, value);
  }
  return fields;
};

const framingOf = ({ length, transferEncoding }: Fields, status: number, isHttp11: boolean): Framing => {
  if (status === 204 || status === 304) return 0;
  if (transferEncoding === undefined) return length ?? 'until-close';
  if (transferEncoding.toLowerCase() !== 'chunked' || !isHttp11) refuse('a transfer coding other than chunked');
  if (length !== undefined) refuse('both a length and chunks');
  return 'chunks';
};

/**
 * Reads the head of an answer to a POST, strictly: what two parsers could read in two ways is refused, since the rest
 * of the connection would belong to somebody else's answer (RFC 9112 §6, §11.2). `text` ends before its empty line.
 * Of an informational answer the status alone means something. Throws a GatewayError `body`.
 */
export const readResponseHead = (text: string): ResponseHead => {
  if (!HEAD.test(text)) refuse('a malformed head');
  const status = Number(text.slice(9, 12));
  if (status === 101) refuse('an upgrade that nobody asked for');
  const isHttp11 = text[7] === '1';
  const fields = readFields(text.split('\r\n'));
  const { connection, keepAlive, headers } = fields;
  const framing = status < 200 ? 0 : framingOf(fields, status, isHttp11);
  const staysOpen = isHttp11 ? !connection.includes('close') : connection.includes('keep-alive');
  const seconds = KEEP_ALIVE.exec(keepAlive)?.[1];
  return {
    status,
    headers: withoutNamed(headers, connection),
    framing,
    mayReuse: staysOpen && framing !== 'until-close',
    idleMs: seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000,
  };
};

/** `readResponseHead` for the answers of one upstream, with a memory: most heads come again. */
export const createHeadReader = (): ((text: string) => ResponseHead) => {
  const known = new Map<string, ResponseHead>();
  return text => {
    const found = known.get(text);
    if (found) return found;
    const head = readResponseHead(text);
    if (known.size === MOST_HEADS) known.clear();
    known.set(text, head);
    return head;
  };
};
