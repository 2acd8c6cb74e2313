import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../core/errors.ts';
import { isJsonObjectText, MAX_DEPTH } from '../core/json-text.ts';

declare global {
  /** A number as its source text, made by `JSON.rawJSON` and printed unchanged by `JSON.stringify`. */
  interface RawJson {
    readonly rawJSON: string;
  }
  // ECMAScript's "JSON.parse source text access", in Node 24 but not yet in TypeScript's library.
  interface JSON {
    rawJSON(text: string): RawJson;
    isRawJSON(value: unknown): value is RawJson;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

export type JsonValue = string | number | boolean | null | RawJson | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** True for `{…}`: not for arrays, null or a number kept as text. */
export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);

// Whole numbers of up to 15 digits survive a double; any other spelling is compared with what JavaScript makes of it.
// Only what stands where a value may begin counts, as reading with a reviver takes five times as long.
const SUSPECT_NUMBER = /(?:^|[:,[])\s*(?:-0|-?\d+[.eE]|-?\d{16})/;

const keepText = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
  typeof value === 'number' && context.source !== undefined && String(value) !== context.source
    ? JSON.rawJSON(context.source)
    : value;

const isDeeper = (value: JsonValue, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some(member => isDeeper(member, levels - 1));
};

const decode = (input: Buffer | string): string => {
  if (typeof input === 'string') return input;
  if (!isUtf8(input)) throw new GatewayError('not_json', 'the body is not valid UTF-8');
  const text = input.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
};

const read = (text: string): JsonValue => {
  try {
    return (SUSPECT_NUMBER.test(text) ? JSON.parse(text, keepText) : JSON.parse(text)) as JsonValue;
  } catch {
    // Bad JSON, or so deep that the reviver ran out of stack. No cause: its message quotes the body.
    throw new GatewayError('not_json');
  }
};

/**
 * Reads JSON without losing anything that `stringifyJson` could not give back: a number that JavaScript would round or
 * respell (beyond 2^53, `1.0`, `1e400`, `-0`) is kept as its text. A byte order mark is skipped (RFC 8259 §8.1), of
 * equal names the last wins, `__proto__` is a name like any other.
 * Throws `not_json` for anything else than JSON in UTF-8, and for more than MAX_DEPTH levels.
 */
export const parseJson = (input: Buffer | string): JsonValue => {
  const text = decode(input);
  const value = read(text);
  // A text that is too deep has as many opening brackets as closing ones.
  if (text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) {
    throw new GatewayError('not_json', `the body nests deeper than ${MAX_DEPTH} levels`);
  }
  return value;
};

/** Like `parseJson`, for a body that must be `{…}`; throws `not_json` for any other value. */
export const parseObject = (input: Buffer | string): JsonObject => {
  const value = parseJson(input);
  if (!isJsonObject(value)) throw new GatewayError('not_json');
  return value;
};

/** Throws `not_json` where `parseObject` does, without making anything of the body, in a third of the time. */
export const checkObject = (body: Buffer): void => {
  if (!isUtf8(body) || !isJsonObjectText(body)) throw new GatewayError('not_json');
};

/** Compact JSON text; numbers that were kept as text come out as they came in. */
export const stringifyJson = (value: JsonValue): string => JSON.stringify(value);
