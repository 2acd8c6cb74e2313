import { createHmac, timingSafeEqual } from 'node:crypto';

/** RFC 9110 §11.1: the scheme in any case. */
const FORM = /^WCS +([0-9a-f]{32})$/i;

/** True if an `Authorization` has the form of WCS's own, whatever its hash. */
export const isSignature = (authorization: string): boolean => FORM.test(authorization);

const hashOf = (secret: string, body: string | Buffer): Buffer => createHmac('md5', secret).update(body).digest();

/** The `Authorization` that WCS sends with this body (WCS: `rest_hook_send_hash`, Authorization on backend). */
export const sign = (secret: string, body: string | Buffer): string => `WCS ${hashOf(secret, body).toString('hex')}`;

/**
 * True if `authorization` is `WCS` and the HMAC-MD5 of the body, byte for byte, under one of the secrets. The time it takes tells nothing about a secret.
 */
export const isSigned = (secrets: readonly string[], authorization: string, body: Buffer): boolean => {
  const [, hex] = FORM.exec(authorization) ?? [];
  if (hex === undefined) return false;
  const claimed = Buffer.from(hex, 'hex');
  let isValid = false;
  // Each is looked at, so that the time does not tell which one it was.
  for (const secret of secrets) if (timingSafeEqual(hashOf(secret, body), claimed)) isValid = true;
  return isValid;
};
