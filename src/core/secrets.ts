import { parseJson } from './json-text.ts';

/** Parts of names that stand for something that only its owner should read. */
const WORDS = 'pass|pwd|secret|token|auth|credential|jwt|cookie|signature|ticket|accesscode';
/** As a rule that of a stream or of an interface; but `appKey` names an application and is known to every page. */
const KEY = '(?<!app[_-]?|public[_-]?)key';

const SECRET_NAME = new RegExp(`${WORDS}|${KEY}$|^(?:pin|otp|pw|sig)$`, 'i');

/** True for the name of a field whose value is most likely a secret: `sipPassword`, `authToken`, `apiKey`. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/**
 * A name like that in a text, what stands between it and its value, and the value: up to the closing quote, or to where
 * a value without quotes must end. Quotes may be escaped, as in JSON in a string. The bounds keep it linear.
 */
const NAMED = new RegExp(
  `((?:(?:${WORDS})(?:[\\w.[\\]-]|%5[BD]){0,64}|\\b(?:pin|otp|pw|sig)|${KEY})["'\\\\]{0,8}\\s{0,8}(?:=>?|:|%3[AD])\\s{0,8})` +
    `(?:(\\\\{0,8}["'])[^]*?(?:(?<!\\\\)\\2|$)|(?<=:\\s{1,8})[^\\r\\n&;,#"'<>}\\]]+|[^\\s&;,#"'<>}\\]]+)`,
  'gi',
);

/** What comes before a secret in a text, as the first group, and the secret. */
const SECRETS: readonly RegExp[] = [
  // Header lines, also those of SIP: whatever they hold.
  /(\b(?:(?:proxy-)?authorization|(?:www|proxy)-authenticate|(?:set-)?cookie)[ \t]{0,8}:)[^\r\n]+/gi,
  // RFC 7616 spells its secrets out, one after the other.
  /(\bDigest\s{1,8})\w+\s{0,8}=[^\r\n]+/gi,
  /(\b(?:Bearer|Basic|Digest|WCS)\s{1,8})[A-Za-z0-9+/=._~-]{4,}/gi,
  /(a=(?:ice-pwd|crypto|key-mgmt):)[^\r\n]+/gi,
  // Passwords of cameras hold slashes and at signs, whatever RFC 3986 says.
  /(?<!\/)(\/\/)(?!\/)[^\s"'<>]{0,512}@/g,
  /(\bsips?:[^\s:@"'<>]{1,128}:)[^\s@"'<>]{1,128}@/gi,
  // A JSON Web Token tells itself.
  /((?<![\w-]))eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g,
  NAMED,
];

/** `text` with `mask` in place of all that looks like a secret: rather too much of it than too little. */
export const hideSecrets = (text: string, mask: string): string =>
  SECRETS.reduce(
    (kept, pattern) => kept.replace(pattern, (whole, before) => `${before}${mask}${whole.endsWith('@') ? '@' : ''}`),
    text,
  );

/** So deep may values nest that are looked into. */
const MAX_DEPTH = 32;

const hideInText = (text: string, mask: string, depth: number): string => {
  const inner = /^\s*[{["]/.test(text) ? parseJson(text) : undefined;
  return inner === undefined ? hideSecrets(text, mask) : JSON.stringify(hide(inner, mask, depth + 1));
};

/** `{ "name": "token", "value": … }`: a list of parameters that is no object. */
const namesSecret = (entries: readonly [string, unknown][]): boolean =>
  entries.some(([key, value]) => /^(?:name|key)$/i.test(key) && typeof value === 'string' && isSecretName(value));

const hideInObject = (object: object, mask: string, depth: number): object => {
  const entries = Object.entries(object);
  const isNamed = namesSecret(entries);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const isSecret = isSecretName(key) || (isNamed && /^value$/i.test(key));
      // A name comes from outside too: that of a parameter may be a whole address.
      return [hideSecrets(key, mask), isSecret ? mask : hide(value, mask, depth + 1)];
    }),
  );
};

const hide = (value: unknown, mask: string, depth: number): unknown => {
  const isText = typeof value === 'string';
  if (!isText && (typeof value !== 'object' || value === null)) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (isText) return hideInText(value, mask, depth);
  return Array.isArray(value) ? value.map(item => hide(item, mask, depth + 1)) : hideInObject(value, mask, depth);
};

/** A copy of a JSON value with `mask` in place of what stands under secret names, and of secrets in texts. */
export const hideInJson = (value: unknown, mask: string): unknown => hide(value, mask, 0);

/** What `JSON.parse` has against a text, or the stack that begins with it, without the piece of the text that it quotes. */
export const withoutQuotedJson = (message: string): string =>
  message.replace(/,? (?:\.\.\.)?"[\s\S]*"(?:\.\.\.)? is not valid JSON/, ' in JSON');
