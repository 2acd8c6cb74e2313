import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Hook } from './catalogue.ts';

type Body = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !JSON.isRawJSON(value);

const NONE: readonly string[] = [];

/**
 * A value as arrays alone, members sorted by name, so that all spellings of it have one JSON text. What was an object
 * begins with `{}`, which nothing else becomes. Handing arrays to JSON.stringify takes half the time of writing text.
 */
const inOrder = (value: unknown, leaveOut: readonly string[] = NONE): unknown => {
  if (Array.isArray(value)) return value.map(item => inOrder(item));
  if (!isObject(value)) return value;
  const members: unknown[] = [{}];
  for (const name of Object.keys(value).sort()) {
    if (!leaveOut.includes(name)) members.push(name, inOrder(value[name]));
  }
  return members;
};

/** The value at `custom.token`, in a list so that an absent one (empty list) is not a null one. */
const at = (body: Body, path: string): readonly unknown[] => {
  let value: unknown = body;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return [];
    value = value[name];
  }
  return [value];
};

/** The client's address out of `/ip:port/…` or `/ip/…`; empty for the forms of session id that have none. */
const clientAddress = (sessionId: unknown): string => {
  const [before, peer] = typeof sessionId === 'string' ? sessionId.split('/', 2) : [];
  if (before !== '' || peer === undefined) return '';
  // IPv6 comes in full, eight groups, with or without brackets; so what is no address as a whole has a port.
  const whole = peer.replace(/^\[([^\]]*)\]/, '$1');
  const address = isIP(whole) === 0 ? whole.replace(/:\d{1,5}$/, '') : whole;
  return isIP(address) === 0 ? '' : address;
};

/** What is left of the body without the volatile fields; the address stays, since the back-end may judge by it. */
const steadyPart = (hook: Hook, body: Body): unknown => [
  inOrder(body, hook.volatile),
  hook.volatile.includes('sessionId') ? clientAddress(body.sessionId) : '',
];

const namedPart = (fields: readonly string[], body: Body): unknown => {
  const values = fields.map(path => at(body, path));
  return values.some(value => value.length > 0) ? [fields, inOrder(values)] : undefined;
};

// An Authorization of scheme WCS is a hash over the body, so it is new whenever a session id is.
const credentials = (authorization: string | undefined): string | null =>
  authorization === undefined || /^WCS(\s|$)/i.test(authorization) ? null : authorization;

/**
 * Under which name a verdict on this caller and this wish is kept: a SHA-256, so that it gives away no secret.
 * With configured `fields` it covers those (one that is absent differs from one that is null), without them all of the
 * body but the hook's volatile fields; always also the hook and the Authorization header, unless that is WCS's own.
 * Nothing if the caller cannot be told: a hook without a key of its own, or none of the fields in the body.
 * The app is not covered. `body` is the parsed request, with numbers that would not survive kept as their text.
 */
export const callerKey = (
  hook: Hook,
  fields: readonly string[] | undefined,
  body: Body,
  authorization: string | undefined,
): string | undefined => {
  if (!fields && !hook.keyed) return undefined;
  const part = fields ? namedPart(fields, body) : steadyPart(hook, body);
  if (part === undefined) return undefined;
  return hash('sha256', JSON.stringify([hook.name, credentials(authorization), part]), 'base64url');
};
