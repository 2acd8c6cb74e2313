import { isTraceparent } from '../core/trace.ts';

/** What the front door and the forwarding need of a header block, read in one pass. */
export interface RequestHead {
  hosts: number;
  host: string;
  transferEncodings: number;
  transferEncoding: string;
  contentLengths: number;
  contentLength: string | undefined;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  authorization: string;
  /** True if a field came twice of which two readers might take different ones. */
  hasDoubles: boolean;
  /** The first valid `traceparent`, or empty. */
  trace: string;
  /** True if there is a `tracestate`, which goes on with a `traceparent` alone. */
  hasTracestate: boolean;
  /** True if a field asks for more than one plain exchange of a request and an answer. */
  asksForMore: boolean;
  /** The `Connection` fields, joined. */
  connection: string;
  /** The end-to-end fields as text, a line each; names, order and values as they came. */
  block: string;
}

/** What `Connection` may say without naming another field. */
const NAMES_NOTHING = /^(?:[\s,]|keep-alive|close)*$/i;

/** Reads one field; true if it goes on to the back-end. */
type Read = (head: RequestHead, value: string) => boolean;

const drop: Read = () => false;

const readMore: Read = head => {
  head.asksForMore = true;
  return false;
};

const readHost: Read = (head, value) => {
  head.hosts++;
  head.host = value;
  return false;
};

const readTransferEncoding: Read = (head, value) => {
  head.transferEncodings++;
  head.transferEncoding = value;
  return false;
};

const readConnection: Read = (head, value) => {
  head.connection += `,${value}`;
  return false;
};

const readContentLength: Read = (head, value) => {
  head.contentLengths++;
  head.contentLength = value;
  return false;
};

const readContentType: Read = (head, value) => {
  if (head.contentType !== undefined) head.hasDoubles = true;
  head.contentType = value;
  return true;
};

const readContentEncoding: Read = (head, value) => {
  if (head.contentEncoding !== undefined) head.hasDoubles = true;
  head.contentEncoding = value;
  return true;
};

/** An empty one goes no further, so that it cannot stand in front of the one that counts. */
const readAuthorization: Read = (head, value) => {
  if (head.authorization !== '') head.hasDoubles = true;
  head.authorization = value;
  return value !== '';
};

/** One that is not valid, or not the first, is dropped, and a trace begun instead (W3C Trace Context §3.2). */
const readTrace: Read = (head, value) => {
  const isFirst = head.trace === '' && isTraceparent(value);
  if (isFirst) head.trace = value;
  return isFirst;
};

const readTracestate: Read = head => {
  head.hasTracestate = true;
  return true;
};

/**
 * Fields that mean something here. Those dropped are hop-by-hop (RFC 9110 §7.6.1), or said by the gateway itself, or
 * Expect, which has been met by the time the body is here, or Accept-Encoding: answers are checked and kept as JSON,
 * so they must not come compressed.
 */
const FIELDS: ReadonlyMap<string, Read> = new Map([
  ['host', readHost],
  ['transfer-encoding', readTransferEncoding],
  ['connection', readConnection],
  ['content-length', readContentLength],
  ['content-type', readContentType],
  ['content-encoding', readContentEncoding],
  ['authorization', readAuthorization],
  ['traceparent', readTrace],
  ['tracestate', readTracestate],
  ...['expect', 'te', 'trailer', 'upgrade', 'proxy-connection'].map(name => [name, readMore] as const),
  ...['keep-alive', 'proxy-authenticate', 'proxy-authorization'].map(name => [name, drop] as const),
  ...['accept-encoding', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'].map(
    name => [name, drop] as const,
  ),
  ...['call-id', 'attempt', 'deadline-ms', 'received-at', 'replayed'].map(
    name => [`breakwater-${name}`, drop] as const,
  ),
  ['idempotency-key', drop],
]);

/** What passes through may be compressed, and the key that makes a request idempotent is the client's own. */
const FIELDS_THROUGH: typeof FIELDS = new Map(
  [...FIELDS].filter(([name]) => name !== 'accept-encoding' && name !== 'idempotency-key'),
);

const EMPTY: RequestHead = {
  hosts: 0,
  host: '',
  transferEncodings: 0,
  transferEncoding: '',
  contentLengths: 0,
  contentLength: undefined,
  contentType: undefined,
  contentEncoding: undefined,
  authorization: '',
  hasDoubles: false,
  trace: '',
  hasTracestate: false,
  asksForMore: false,
  connection: '',
  block: '',
};

const NOTHING: ReadonlySet<string> = new Set();

const readFields = (raw: readonly string[], without: ReadonlySet<string>, fields: typeof FIELDS): RequestHead => {
  const head = { ...EMPTY };
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const lower = name.toLowerCase();
    const read = fields.get(lower);
    if (read ? read(head, value) && !without.has(lower) : !without.has(lower)) head.block += `${name}: ${value}\r\n`;
  }
  return head;
};

/**
 * Reads node:http's `rawHeaders`, names and values in turn. Fields that `Connection` names do not go on, but for
 * `Authorization`: the back-end must see whom the gateway has let in, and whose answer it keeps. Nor does a `tracestate`
 * without the trace that it tells of (W3C Trace Context §3.3).
 */
export const readHead = (raw: readonly string[]): RequestHead => readAs(raw, FIELDS);

/** `readHead` for a request that is no hook. */
export const readHeadThrough = (raw: readonly string[]): RequestHead => readAs(raw, FIELDS_THROUGH);

const readAs = (raw: readonly string[], fields: typeof FIELDS): RequestHead => {
  const head = readFields(raw, NOTHING, fields);
  const hasStray = head.hasTracestate && head.trace === '';
  if (NAMES_NOTHING.test(head.connection) && !hasStray) return head;
  const named = head.connection.split(',').map(token => token.trim().toLowerCase());
  const without = new Set(named);
  without.delete('authorization');
  if (hasStray) without.add('tracestate');
  return { ...head, block: readFields(raw, without, fields).block };
};
