import { readFileSync, statSync } from 'node:fs';

/** The bytes of a file of at most `maxBytes`. Throws an Error whose message says what is wrong, in an operator's words. */
export const readBounded = (file: string, maxBytes: number): Buffer => {
  let bytes: number;
  try {
    bytes = statSync(file).size;
    if (bytes <= maxBytes) return readFileSync(file);
  } catch (error) {
    throw new Error(plainWords(error as NodeJS.ErrnoException), { cause: error });
  }
  throw new Error(`has ${bytes} bytes, and at most ${maxBytes} are read`);
};

const plainWords = ({ code, message }: NodeJS.ErrnoException): string => {
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder, not a file';
  if (code === 'EACCES') return 'may not be read by this user, which its owner and mode must allow';
  return `cannot be read: ${message}`;
};

/** `bytes` as text. Throws an Error if they are not UTF-8. */
export const decodeUtf8 = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Error('is not UTF-8', { cause: error });
  }
};
