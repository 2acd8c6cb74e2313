import { parseJson } from '../core/json-text.ts';
import { hideInJson, hideSecrets } from '../core/secrets.ts';

const HIDDEN = '[redacted]';

const SHOWN_CHARS = 4096;
const READ_BYTES = 65_536;

/**
 * A body as it may be logged: JSON on one line, at most 4 KiB of it, with the value of every key that sounds like a
 * secret taken out, and secrets inside of texts too. A body that is no JSON object or is large is told by its size alone,
 * because nothing says where its secrets are.
 */
export const redactBody = (body: Buffer): string => {
  if (body.length === 0) return '';
  if (body.length > READ_BYTES) return `[${body.length} bytes, too many to log]`;
  const value = parseJson(body.toString());
  if (value === undefined) return `[${body.length} bytes, not JSON]`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `[${body.length} bytes, no JSON object]`;
  const text = JSON.stringify(hideInJson(value, HIDDEN));
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}[${text.length - SHOWN_CHARS} more]` : text;
};

/** Header lines, or a query, without the secrets in them. */
export const redactText = (text: string): string => hideSecrets(text, HIDDEN);

const PATH_CHARS = 200;

/** A path that is no hook's as it may be told: not endless, and without what looks like a secret. */
export const shownPath = (path: string): string => hideSecrets(path.slice(0, PATH_CHARS), HIDDEN);
