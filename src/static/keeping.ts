import { now } from '../core/clock.ts';
import { ageWhenItCame, freshMs, readDirectives } from './cache-control.ts';
import { type Fields, fieldOf, linesOf, namesIn } from './fields.ts';
import { type Kept, saidIn, varyOf } from './kept-answers.ts';
import { type Asked, goodForMs } from './may-keep.ts';

/** An answer of the back-end whose head is here. */
export interface Given {
  readonly status: number;
  readonly fields: Fields;
  /** False where its end cannot be told from a break of its connection. */
  readonly hasEnd: boolean;
  /** How long it took to come, in milliseconds. */
  readonly delayMs: number;
}

/**
 * Fields that are not given again: those of one connection (RFC 9110 §7.6.1), those that are made anew, and cookies, which
 * were meant for one client at one time.
 */
const NOT_KEPT: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'content-length', 'age', 'set-cookie', 'set-cookie2'],
  ...['breakwater-answer', 'breakwater-call-id'],
]);

const fieldsToKeep = (fields: Fields): Fields => {
  const named = new Set(namesIn(fieldOf(fields, 'connection')));
  return linesOf(fields, name => !NOT_KEPT.has(name) && !named.has(name));
};

/** All of a 200 that is kept but its body; nothing where it may not be kept. */
export const beginKept = (asked: Asked, { fields, delayMs }: Given, personal: boolean): Kept | undefined => {
  const directives = readDirectives(fields);
  const mostMs = goodForMs(fields, directives, personal);
  const vary = varyOf(fields);
  const kept: Kept = {
    fields: fieldsToKeep(fields),
    body: Buffer.alloc(0),
    vary,
    said: saidIn(asked.fields, vary),
    cameAt: now(),
    ageThen: ageWhenItCame(fields, delayMs),
    freshMs: freshMs(fields, directives),
    goodForMs: mostMs,
  };
  return kept.ageThen < mostMs ? kept : undefined;
};

/** Fields that a 304 says anew (RFC 9110 §15.4.5). */
const SAID_ANEW: ReadonlySet<string> = new Set(['cache-control', 'date', 'expires', 'vary']);

/** True if a 304 to `asked` says that `kept` is what the back-end would answer with now. */
const confirms = (asked: Asked, given: Given, kept: Kept): boolean => {
  const tag = fieldOf(kept.fields, 'etag');
  const noneMatch = fieldOf(asked.fields, 'if-none-match');
  if (noneMatch !== undefined) return tag !== undefined && (fieldOf(given.fields, 'etag') ?? noneMatch) === tag;
  // Of an earlier date it is not known whether it was the last one.
  const modified = fieldOf(kept.fields, 'last-modified');
  return modified !== undefined && modified === fieldOf(asked.fields, 'if-modified-since');
};

/**
 * `kept` as it is after a 304 (RFC 9111 §4.3.4), or nothing where that tells nothing of it. Most browsers ask for what
 * they have in no other way, and what is still true must not grow old.
 */
export const freshened = (kept: Kept, asked: Asked, given: Given, personal: boolean): Kept | undefined => {
  if (!confirms(asked, given, kept)) return undefined;
  const isAnew = (name: string) => SAID_ANEW.has(name) && fieldOf(given.fields, name) !== undefined;
  const fields = [...linesOf(kept.fields, name => !isAnew(name)), ...linesOf(given.fields, isAnew)];
  const age = linesOf(given.fields, name => name === 'age');
  const begun = beginKept(asked, { ...given, fields: [...fields, ...age] }, personal);
  return begun && { ...begun, body: kept.body };
};
