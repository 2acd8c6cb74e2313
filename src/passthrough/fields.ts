import type { IncomingMessage } from 'node:http';
import { type Fields, fieldOf, linesOf, namesIn } from '../static/fields.ts';

/** Hop-by-hop (RFC 9110 §7.6.1), and what the gateway says itself. */
const NOT_ON: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authentication-info'],
  ...['breakwater-answer', 'breakwater-call-id'],
]);

/**
 * What must not come in trailers (RFC 9110 §6.5.1), since a server that takes them for fields of the head would obey: framing,
 * routing, conditions, who asks, what the body is. And what the gateway says itself.
 */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...['content-length', 'content-type', 'content-encoding', 'content-range', 'trailer'],
  ...['host', 'expect', 'max-forwards', 'cache-control', 'pragma', 'range', 'vary', 'age', 'expires', 'date'],
  ...['authorization', 'cookie', 'set-cookie', 'www-authenticate', 'location', 'retry-after'],
  ...['via', 'forwarded', 'traceparent', 'tracestate'],
]);
const FAMILIES_NOT_IN_TRAILERS = /^(?:if|proxy|x-forwarded|breakwater)-/;

/** What was sent behind the body of a message and goes on, name and value in pairs. */
export const trailersOf = ({
  rawTrailers,
  rawHeaders,
}: Pick<IncomingMessage, 'rawTrailers' | 'rawHeaders'>): [string, string][] => {
  if (rawTrailers.length === 0) return [];
  const named = new Set(namesIn(fieldOf(rawHeaders, 'connection')));
  const isOut = (name: string) => NOT_ON.has(name) || NOT_IN_TRAILERS.has(name) || FAMILIES_NOT_IN_TRAILERS.test(name);
  const kept = linesOf(rawTrailers, name => !isOut(name) && !named.has(name));
  return Array.from({ length: kept.length / 2 }, (_, i) => kept.slice(2 * i, 2 * i + 2) as [string, string]);
};

const LENGTH = /^content-length$/i;

/**
 * The fields of an answer that go on to the client, as they came and in order, with the length as the last: behind a length
 * node:http takes a `Content-Disposition` for UTF-8, and refuses most names that are not ASCII (nodejs/node#58240). `raw` is
 * its `rawHeaders`.
 */
export const endToEnd = (raw: Fields): string[] => {
  const named = new Set(namesIn(fieldOf(raw, 'connection')));
  const fields = linesOf(raw, name => !NOT_ON.has(name) && !named.has(name));
  const at = fields.findIndex((name, i) => i % 2 === 0 && LENGTH.test(name));
  return at < 0 ? fields : [...fields.toSpliced(at, 2), ...fields.slice(at, at + 2)];
};

/** White space around a value (RFC 9110 §5.5). `trim` would take more: the byte A0, of which UTF-8 makes many letters. */
const BLANKS = /^[ \t]+|[ \t]+$/g;

/**
 * A header block as http-proxy-3 and node:http take it: a property for each name as it was first written, and a list where
 * a field comes several times, which leave as so many lines.
 */
export const asObject = (block: string): Record<string, string | string[]> => {
  const names = new Map<string, string>();
  const fields: Record<string, string | string[]> = Object.create(null);
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const lower = line.slice(0, colon).toLowerCase();
    const name = names.get(lower) ?? line.slice(0, colon);
    const value = line.slice(colon + 1).replace(BLANKS, '');
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
    names.set(lower, name);
  }
  return fields;
};
