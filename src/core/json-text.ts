/** So deep may objects and arrays nest, and so deep recursion over them is safe. Java's Jackson draws the line here too. */
export const MAX_DEPTH = 1000;

/** The value that `text` is as JSON, or undefined if it is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What cannot be parsed is not JSON; that is the answer, not an error.
    return undefined;
  }
};

/** One member of a JSON object, as places in its text: from the name's first quote to the end of the value. */
export interface Member {
  readonly at: number;
  /** Behind the name's last quote. */
  readonly nameEnd: number;
  readonly valueAt: number;
  readonly end: number;
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const [MINUS, PLUS, DOT, ZERO, NINE, U] = [0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x75];
/** Given for a place where the text is no JSON. */
const FAULT = -1;

const WORDS: ReadonlyMap<number, Buffer> = new Map(
  ['true', 'false', 'null'].map(word => [word.charCodeAt(0), Buffer.from(word)]),
);
const ESCAPES: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));
const HEX = /^[0-9A-Fa-f]{4}$/;

/** The first place from `at` on that is no space. */
const skipSpace = (text: Buffer, from: number): number => {
  let at = from;
  for (;;) {
    const byte = text[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
};

const skipEscape = (text: Buffer, at: number): number => {
  if (ESCAPES.has(text[at + 1])) return at + 2;
  return text[at + 1] === U && HEX.test(text.toString('latin1', at + 2, at + 6)) ? at + 6 : FAULT;
};

/** Bytes of UTF-8 sequences are not looked at: the readers that follow replace what is malformed. */
const skipString = (text: Buffer, from: number): number => {
  const { length } = text;
  for (let at = from + 1; at < length; at++) {
    const byte = text[at] as number;
    if (byte > BACKSLASH) continue;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return FAULT;
    if (byte !== BACKSLASH) continue;
    at = skipEscape(text, at) - 1;
    if (at < 0) return FAULT;
  }
  return FAULT;
};

/** Behind at least one digit. */
const skipDigits = (text: Buffer, from: number): number => {
  let at = from;
  for (let byte = text[at]; byte !== undefined && byte >= ZERO && byte <= NINE; byte = text[at]) at++;
  return at === from ? FAULT : at;
};

const skipNumber = (text: Buffer, from: number): number => {
  let at = text[from] === MINUS ? from + 1 : from;
  at = text[at] === ZERO ? at + 1 : skipDigits(text, at);
  if (at !== FAULT && text[at] === DOT) at = skipDigits(text, at + 1);
  if (at === FAULT || ((text[at] ?? 0) | 0x20) !== 0x65) return at;
  const sign = text[at + 1];
  return skipDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
};

const skipWord = (text: Buffer, from: number): number => {
  const word = WORDS.get(text[from] as number);
  if (!word) return FAULT;
  for (let i = 1; i < word.length; i++) if (text[from + i] !== word[i]) return FAULT;
  return from + word.length;
};

const skipList = (text: Buffer, from: number, depth: number): number => {
  let at = skipSpace(text, from + 1);
  if (text[at] === CLOSE_LIST) return at + 1;
  for (;;) {
    at = skipValue(text, at, depth);
    if (at === FAULT) return FAULT;
    at = skipSpace(text, at);
    if (text[at] === CLOSE_LIST) return at + 1;
    if (text[at] !== COMMA) return FAULT;
    at = skipSpace(text, at + 1);
  }
};

/** Members that are looked for: those with one of `names`, or all. */
interface Search {
  readonly names: readonly Buffer[] | undefined;
  readonly found: Member[];
}

const isName = (text: Buffer, from: number, to: number, name: Buffer): boolean => {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (text[from + i] !== name[i]) return false;
  return true;
};

/** True if the name from `from` to `to` is looked for, or may be: escapes can spell anything. */
const isSought = (text: Buffer, from: number, to: number, { names }: Search): boolean => {
  if (!names) return true;
  for (const name of names) if (isName(text, from, to, name)) return true;
  for (let at = from; at < to; at++) if (text[at] === BACKSLASH) return true;
  return false;
};

/** Tells `search` of each member, if somebody wants to know. */
const skipObject = (text: Buffer, from: number, depth: number, search?: Search): number => {
  let at = skipSpace(text, from + 1);
  if (text[at] === CLOSE) return at + 1;
  for (;;) {
    const nameEnd = text[at] === QUOTE ? skipString(text, at) : FAULT;
    if (nameEnd === FAULT) return FAULT;
    const colon = skipSpace(text, nameEnd);
    const valueAt = skipSpace(text, colon + 1);
    const end = text[colon] === COLON ? skipValue(text, valueAt, depth) : FAULT;
    if (end === FAULT) return FAULT;
    if (search && isSought(text, at + 1, nameEnd - 1, search)) search.found.push({ at, nameEnd, valueAt, end });
    at = skipSpace(text, end);
    if (text[at] === CLOSE) return at + 1;
    if (text[at] !== COMMA) return FAULT;
    at = skipSpace(text, at + 1);
  }
};

/** The place behind the value that begins at `at`, or FAULT; `depth` objects and lists are around it. */
const skipValue = (text: Buffer, at: number, depth: number): number => {
  const byte = text[at];
  if (byte === QUOTE) return skipString(text, at);
  if (byte === OPEN) return depth === MAX_DEPTH ? FAULT : skipObject(text, at, depth + 1);
  if (byte === OPEN_LIST) return depth === MAX_DEPTH ? FAULT : skipList(text, at, depth + 1);
  if (byte !== undefined && byte >= 0x61) return skipWord(text, at);
  return skipNumber(text, at);
};

/** Where the value begins: behind space, and behind a byte order mark, which RFC 8259 §8.1 lets a reader ignore. */
const begin = (text: Buffer): number =>
  skipSpace(text, text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0);

const endsAt = (text: Buffer, end: number): boolean => end !== FAULT && skipSpace(text, end) === text.length;

/**
 * True if `text` is one JSON value (RFC 8259), nested at most MAX_DEPTH deep. Makes nothing of it, and so takes a
 * third of the time of parsing.
 */
export const isJsonText = (text: Buffer): boolean => endsAt(text, skipValue(text, begin(text), 0));

/** `isJsonText`, for a JSON object alone. */
export const isJsonObjectText = (text: Buffer): boolean => {
  const at = begin(text);
  return text[at] === OPEN && endsAt(text, skipObject(text, at, 1));
};

/**
 * The members of a JSON object in their order, equal names as often as they come; nothing for what is no object. With
 * `names`, as UTF-8, only those that have one of them, and those whose name is spelt with an escape and so may be one.
 */
export const readMembers = (text: Buffer, names?: readonly Buffer[]): readonly Member[] | undefined => {
  const at = begin(text);
  if (text[at] !== OPEN) return undefined;
  const search: Search = { names, found: [] };
  return endsAt(text, skipObject(text, at, 1, search)) ? search.found : undefined;
};
