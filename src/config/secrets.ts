import { hideInJson } from '../core/secrets.ts';

const SECRET_KEY = /secret|passw|pwd|token|credential/i;
/**
 * Up to the last @ before the path, and not beyond a closing quote: passwords are not always written as URLs want them.
 * What messages show as the form of a URL holds no secret.
 */
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)(?!\[user:password@\])(?:[^/"\\\n]|\\.)*@/gi;
/** A slash in the password is the usual fault of an address of Redis. */
const REDIS_USERINFO = /\b(rediss?(?:\+[a-z]+)?:\/\/)(?!\[user:password@\])(?:[^\s"\\]|\\.)*@/gi;
/** Elsewhere it is one, where what follows the colon is no port. */
const LOOSE_USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)(?!\[)[^\s/:@"]*:(?!\d{1,5}[/"\\])(?:[^\s"\\]|\\.)*@/gi;
/** Keys of rungs whose value is JSON for WCS. */
const JSON_KEYS: ReadonlySet<unknown> = new Set(['body', 'echo']);

/** What stands in place of a secret. */
export const MASK = '***';

/** True for the name of a key whose value nobody should read over a shoulder. A path, or a glob of paths, is none. */
export const isSecretKey = (key: string | number | undefined): boolean =>
  typeof key === 'string' && !/^[/*?]/.test(key) && SECRET_KEY.test(key);

/** `text` without the user and password of any URL in it. */
export const maskUserinfo = (text: string): string =>
  [REDIS_USERINFO, USERINFO, LOOSE_USERINFO].reduce((kept, pattern) => kept.replace(pattern, `$1${MASK}@`), text);

/** `text` without userinfo and without each of the `secrets`, also where they are escaped as in JSON. */
export const maskSecrets = (text: string, secrets: Iterable<string>): string => {
  let masked = maskUserinfo(text);
  for (const secret of secrets) {
    if (secret === '') continue;
    masked = masked.replaceAll(JSON.stringify(secret).slice(1, -1), MASK).replaceAll(secret, MASK);
  }
  return masked;
};

/** A copy of `value` in which every scalar below a secret key, and every URL's userinfo, is masked. */
export const maskValue = (value: unknown, key?: string | number): unknown => {
  if (Array.isArray(value)) return value.map(item => maskValue(item, key));
  if (typeof value === 'object' && value !== null) {
    // As full of secrets as what WCS and back-ends say.
    if (JSON_KEYS.has(key)) return hideInJson(value, MASK);
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, maskValue(item, isSecretKey(key) ? key : name)]),
    );
  }
  if (isSecretKey(key)) return MASK;
  // As JSON, so that a quote in a password does not look like the end of the text.
  return typeof value === 'string' ? JSON.parse(maskUserinfo(JSON.stringify(value))) : value;
};
