import { type Fields, fieldOf } from './fields.ts';

/** What `Cache-Control` says: directives in lower case with their arguments, empty where they have none. */
export type Directives = ReadonlyMap<string, string>;

const DIRECTIVE = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g;

/** Reads `Cache-Control` (RFC 9111 §5.2). Of a directive that comes twice the first counts, as §4.2.1 allows. */
export const readDirectives = (fields: Fields): Directives => {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of (fieldOf(fields, 'cache-control') ?? '').matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? plain ?? '');
  }
  return directives;
};

/** Directives that forbid to give an answer which is stale (RFC 9111 §4.2.4); `s-maxage` forbids it by §5.2.2.10. */
const NEVER_STALE = ['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage'] as const;

/** True if what is stale by its own word may be given in no case. */
export const forbidsStale = (directives: Directives): boolean => NEVER_STALE.some(name => directives.has(name));

const secondsOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  // What is no number of seconds says "stale" (RFC 9111 §4.2.1).
  return /^\d+$/.test(text) ? Number(text) : 0;
};

const untilExpires = (fields: Fields): number | undefined => {
  const expires = fieldOf(fields, 'expires');
  if (expires === undefined) return undefined;
  const seconds = (Date.parse(expires) - Date.parse(fieldOf(fields, 'date') ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
};

/**
 * For how long an answer is fresh by its own word, in milliseconds from its origin; nothing where it does not say so
 * (RFC 9111 §4.2.1, for a shared cache). It is never guessed.
 */
export const freshMs = (fields: Fields, directives: Directives): number | undefined => {
  if (directives.has('no-cache')) return 0;
  const seconds = secondsOf(directives.get('s-maxage')) ?? secondsOf(directives.get('max-age')) ?? untilExpires(fields);
  return seconds === undefined ? undefined : seconds * 1000;
};

/** For how long after that it may be given where the back-end fails, by its own word (RFC 5861 §4); nothing if it has none. */
export const staleIfErrorMs = (directives: Directives): number | undefined => {
  const seconds = secondsOf(directives.get('stale-if-error'));
  return seconds === undefined ? undefined : seconds * 1000;
};

/** How old an answer was when it came, in milliseconds, by the caches that it came through (RFC 9111 §4.2.3). */
export const ageWhenItCame = (fields: Fields, delayMs: number): number => {
  const seconds = secondsOf(/^[^,]*/.exec(fieldOf(fields, 'age') ?? '0')?.[0]) ?? 0;
  return seconds * 1000 + delayMs;
};
