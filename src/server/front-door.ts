import { type Code, GatewayError } from '../core/errors.ts';
import { type RequestHead, readHead, readHeadThrough } from './request-head.ts';
import type { Told } from './told.ts';

/** More header fields than any WCS sends by far. node:http itself drops fields past 1000 without a word. */
const MOST_FIELDS = 200;
const LONGEST_TARGET = 8000;

const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const ABSOLUTE = /^https?:\/\/([^/?#@]+)(?=\/)/i;
const TARGET =
  /^\/(?:[\w.~!$&'()*+,;=:@/-]|%(?!00)[0-9A-Fa-f]{2})*(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%(?!00)[0-9A-Fa-f]{2})*)?$/;

/** What the front door looks at; of node:http's IncomingMessage no more than this. */
export interface Requested {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

/** What a request asks for, once it is known to be sound. */
export interface Asked<Match> {
  readonly match: Match;
  /** With its `?`, or empty. */
  readonly query: string;
  /** Bytes announced, or nothing for a chunked body. */
  readonly length: number | undefined;
  readonly head: RequestHead;
  /** What proxies say of its way; read only where some are trusted. */
  readonly told?: Told | undefined;
}

const refuse = (code: Code, message?: string): never => {
  throw new GatewayError(code, message);
};

const VERSIONS: ReadonlySet<string> = new Set(['1.0', '1.1']);

const checkFraming = (request: Requested, head: RequestHead): void => {
  const { hosts, host, transferEncodings, transferEncoding } = head;
  if (!VERSIONS.has(request.httpVersion)) refuse('bad_request', 'a version of HTTP other than 1.0 and 1.1');
  const needsHost = request.httpVersion !== '1.0';
  if (hosts > 1) refuse('bad_request', 'more than one Host field');
  if (hosts === 0 && needsHost) refuse('bad_request', 'no Host field');
  if (hosts === 1 && !HOST.test(host)) refuse('bad_request', 'the Host field is not a host and port');
  // The back-end may look at another one than we do.
  if (transferEncodings === 0) return;
  if (!needsHost) refuse('bad_request', 'Transfer-Encoding in an HTTP/1.0 request');
  if (transferEncodings > 1 || transferEncoding.toLowerCase() !== 'chunked') {
    refuse('bad_request', 'a Transfer-Encoding other than chunked');
  }
};

/** What passes through is the back-end's to understand; `#` and `\` are no part of any target (RFC 3986 §3). */
const TARGET_THROUGH = /^\/[!"$-[\]-~]*$/;

const originForm = (target: string, host: string, form: RegExp): string => {
  if (target.length > LONGEST_TARGET)
    refuse('target_too_long', `the request target is over ${LONGEST_TARGET} characters`);
  // RFC 9112 §3.2.2: a server accepts the absolute form too.
  const [prefix = '', authority] = target.startsWith('/') ? [] : (ABSOLUTE.exec(target) ?? []);
  if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    refuse('bad_request', 'the request target names another host than the Host field');
  }
  const origin = target.slice(prefix.length);
  if (!form.test(origin)) refuse('bad_request', 'the request target is not a path with an optional query');
  return origin;
};

const checkType = ({ contentType, contentEncoding, hasDoubles }: RequestHead): void => {
  if (hasDoubles) refuse('bad_request', 'a field twice that may come once');
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) {
    refuse('unsupported_type', 'the Content-Type is not application/json');
  }
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    refuse('unsupported_type', 'the body has a Content-Encoding');
  }
};

const announced = ({ contentLength, transferEncodings }: RequestHead, maxBytes: number): number | undefined => {
  if (transferEncodings > 0) return undefined;
  if (contentLength === undefined) refuse('length_required');
  const length = Number(contentLength);
  if (length > maxBytes) refuse('too_large', `the body has ${length} bytes, limits.body is ${maxBytes}`);
  return length;
};

/**
 * Lets in what a WCS sends and nothing that two HTTP implementations could read in two ways.
 * Throws a GatewayError with a client code otherwise. `find` says where a path leads, or throws.
 * Sources: RFC 9112 §3.2 (target, Host), §6 (framing); RFC 9110 §15.5 (statuses).
 */
export const frontDoor = <Match>(request: Requested, maxBytes: number, find: (path: string) => Match): Asked<Match> => {
  const raw = request.rawHeaders;
  if (raw.length > 2 * MOST_FIELDS) refuse('headers_too_large', `more than ${MOST_FIELDS} header fields`);
  const head = readHead(raw);
  checkFraming(request, head);
  const target = originForm(request.url ?? '', head.host, TARGET);
  if (request.method !== 'POST') refuse('method_not_allowed');
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const match = find(path);
  checkType(head);
  return { match, query: at < 0 ? '' : target.slice(at), length: announced(head, maxBytes), head };
};

/** What a request asks for that is no hook. */
export interface AskedThrough<Through> {
  readonly through: Through;
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly head: RequestHead;
}

/**
 * Lets in what is for another path than a hook's, if `find` says where that leads; nothing otherwise. Of the request it
 * asks no more than that two HTTP implementations read it in one way. Throws a GatewayError with a client code.
 */
export const sideDoor = <Through>(
  request: Requested,
  find: (path: string) => Through | undefined,
): AskedThrough<Through> | undefined => {
  const raw = request.rawHeaders;
  if (raw.length > 2 * MOST_FIELDS) refuse('headers_too_large', `more than ${MOST_FIELDS} header fields`);
  const head = readHeadThrough(raw);
  checkFraming(request, head);
  const target = originForm(request.url ?? '', head.host, TARGET_THROUGH);
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const through = find(path);
  return through && { through, path, query: at < 0 ? '' : target.slice(at), head };
};
