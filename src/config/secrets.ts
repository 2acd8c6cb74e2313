const SECRET_KEY = /secret|passw|token|credential/i;
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"']+@/gi;

/** What stands in place of a secret. */
export const MASK = '***';

/** True for the name of a key whose value nobody should read over a shoulder. */
export const isSecretKey = (key: string | number | undefined): boolean =>
  typeof key === 'string' && SECRET_KEY.test(key);

/** `text` without the user and password of any URL in it. */
export const maskUserinfo = (text: string): string => text.replace(USERINFO, `$1${MASK}@`);

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
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, maskValue(item, isSecretKey(key) ? key : name)]),
    );
  }
  if (isSecretKey(key)) return MASK;
  return typeof value === 'string' ? maskUserinfo(value) : value;
};
