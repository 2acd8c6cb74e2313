import { hash } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { type Member, readMembers } from '../core/json-text.ts';
import type { Hook } from './catalogue.ts';

type Body = Readonly<Record<string, unknown>>;

// An Authorization of scheme WCS is a hash over the body, so it is new whenever a session id is.
const credentials = (authorization: string): string => (/^WCS(\s|$)/i.test(authorization) ? '' : authorization);

/** A SHA-256, so that a key gives away no secret. `whose` is JSON and so ends by itself: `what` may be any text. */
const digest = (whose: readonly unknown[], what = ''): string =>
  hash('sha256', JSON.stringify(whose) + what, 'base64url');

/**
 * What counts of a volatile session id: the client's address out of `"/ip:port/…"` or `"/ip/…"`, nothing if it has none.
 * Spelt with escapes it may hide one, so then all of it counts.
 */
const clientAddress = (value: string): string => {
  if (value.includes('\\')) return value;
  const peer = /^"\/([^/"]*)/.exec(value)?.[1] ?? '';
  const host = peer.replace(/:\d{1,5}$/, '');
  if (isIPv4(host)) return host;
  // IPv6 comes in full, eight groups, with or without brackets; so what is no address as a whole has a port.
  return [peer, host].map(text => text.replace(/^\[(.*)\]$/, '$1')).find(text => isIP(text) !== 0) ?? '';
};

/** Puts pieces of a text in a row, a comma behind each; pieces with nothing but a comma between them are taken as one. */
class Row {
  readonly #text: string;
  #row = '';
  #from = 0;
  #to = -1;

  constructor(text: string) {
    this.#text = text;
  }

  add({ at, end }: Member): void {
    if (at !== this.#to + 1) this.#put(at);
    this.#to = end;
  }

  toString(): string {
    this.#put(0);
    return this.#row;
  }

  #put(next: number): void {
    if (this.#to > this.#from) this.#row += `${this.#text.slice(this.#from, this.#to)},`;
    this.#from = next;
  }
}

/**
 * Under which name a verdict is kept for a hook with a key of its own: it covers the hook, the Authorization header
 * unless that is WCS's own, and all of the body but the hook's volatile fields. The body is taken as it is spelt, not
 * parsed: another order, another escape or a name that comes twice makes another key, which is a miss and no mix-up.
 * Of a volatile session id the client's address stays, since the back-end may judge by it. The app is not covered.
 * Nothing if the caller cannot be told: a hook without a key of its own, or a body that is no JSON object.
 */
export const bodyKey = (hook: Hook, body: Buffer, authorization: string): string | undefined => {
  const members = hook.keyed ? readMembers(body) : undefined;
  if (!members) return undefined;
  // Latin-1 gives every byte a character of its own, so that even bad UTF-8 stays apart.
  const text = body.toString('latin1');
  const steady = new Row(text);
  const addresses: string[] = [];
  for (const member of members) {
    const name = text.slice(member.at + 1, member.nameEnd - 1);
    if (!hook.volatile.includes(name)) steady.add(member);
    else if (name === 'sessionId') addresses.push(clientAddress(text.slice(member.valueAt, member.end)));
  }
  return digest([hook.name, credentials(authorization), addresses], steady.toString());
};

const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value);

/** The value at `custom.token`, in a list so that an absent one (empty list) is not a null one. */
const at = (body: Body, path: string): readonly unknown[] => {
  let value: unknown = body;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return [];
    value = value[name];
  }
  return [value];
};

/**
 * Under which name a verdict is kept where the configuration names the fields that tell who calls: it covers those, the
 * hook, and the Authorization header as for `bodyKey`. Nothing if the body has none of the fields. `body` is the parsed
 * request, with numbers that would not survive kept as their text.
 */
export const fieldsKey = (
  hook: string,
  fields: readonly string[],
  body: Body,
  authorization: string,
): string | undefined => {
  const values = fields.map(path => at(body, path));
  return values.some(value => value.length > 0)
    ? digest([hook, credentials(authorization), fields, values])
    : undefined;
};
