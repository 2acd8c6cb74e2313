const SECRET_KEY = /pass|pwd|secret|token|auth|credential/i;
const HIDDEN = '[redacted]';

const SHOWN_CHARS = 4096;
const READ_BYTES = 65_536;
const MAX_DEPTH = 32;

/** Secrets inside texts: query parameters, a URL's user, authorization schemes, and the keys of an SDP. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /((?:^|[?&;#\s])[^=&?;#\s]{0,64}(?:pass|pwd|secret|token|auth|credential)[^=&?;#\s]{0,64}=)[^&;#\s"']+/gi,
    `$1${HIDDEN}`,
  ],
  [/(\/\/)[^/\s@"']+@/g, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic|Digest|WCS)\s+[A-Za-z0-9+/=._~-]{4,}/gi, `$1 ${HIDDEN}`],
  [/(a=(?:ice-pwd|crypto|key-mgmt):)[^\r\n]+/gi, `$1${HIDDEN}`],
];

const redactText = (text: string, depth: number): string => {
  if (text.startsWith('{') || text.startsWith('[')) {
    const inner = parse(text);
    if (inner !== undefined) return JSON.stringify(redact(inner, depth + 1));
  }
  return SECRET_TEXTS.reduce((kept, [pattern, instead]) => kept.replace(pattern, instead), text);
};

const redactEntry = ([key, value]: [string, unknown], depth: number): [string, unknown] => [
  key,
  SECRET_KEY.test(key) ? HIDDEN : redact(value, depth + 1),
];

const redact = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return redactText(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map(item => redact(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(entry => redactEntry(entry, depth)));
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What cannot be parsed is not JSON; that is the answer, not an error.
    return undefined;
  }
};

/**
 * A body as it may be logged: JSON on one line, at most 4 KiB of it, with the value of every key that sounds like a
 * secret taken out, and secrets inside of texts too. A body that is not JSON or is large is told by its size alone,
 * because nothing says where its secrets are.
 */
export const redactBody = (body: Buffer): string => {
  if (body.length === 0) return '';
  if (body.length > READ_BYTES) return `[${body.length} bytes, too many to log]`;
  const value = parse(body.toString());
  if (value === undefined) return `[${body.length} bytes, not JSON]`;
  const text = JSON.stringify(redact(value, 0));
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}[${text.length - SHOWN_CHARS} more]` : text;
};
