import { hideSecrets } from '../core/secrets.ts';
import { maskValue } from './secrets.ts';

const MAX_SHOWN = 80;

/** `value` as a message quotes it: on one line, not endless, and without what secret keys in it hold. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  // Masked before it is cut, because half a password is recognised by nobody.
  const text = hideSecrets(JSON.stringify(maskValue(value)), '***');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};
