import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { JournalError, type StoredEvent } from '../journal.ts';

/** The parts of an event that may hold secrets. */
export type Content = Pick<StoredEvent, 'query' | 'head' | 'body'>;

/** Content as it lies on disk, and the id of the key that it is encrypted with, if it is. */
export interface Sealed {
  readonly keyId: string | null;
  readonly bytes: Uint8Array;
}

const KEY_BYTES = 32;
/** NIST SP 800-38D §8.2.2: 96 random bits, for at most 2^32 events with one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** A checksum of what follows, and the lengths of query and head. */
const PREFIX_BYTES = 12;

const frame = ({ query, head, body }: Content): Buffer => {
  const [queryBytes, headBytes] = [Buffer.from(query), Buffer.from(head)];
  const framed = Buffer.concat([Buffer.alloc(PREFIX_BYTES), queryBytes, headBytes, body]);
  framed.writeUInt32LE(queryBytes.length, 4);
  framed.writeUInt32LE(headBytes.length, 8);
  framed.writeUInt32LE(crc32(framed.subarray(4)), 0);
  return framed;
};

const unframe = (framed: Buffer): Content => {
  if (framed.length < PREFIX_BYTES || framed.readUInt32LE(0) !== crc32(framed.subarray(4)))
    throw new JournalError('failed', 'its content was damaged on disk');
  const headAt = PREFIX_BYTES + framed.readUInt32LE(4);
  const bodyAt = headAt + framed.readUInt32LE(8);
  return {
    query: framed.toString('utf8', PREFIX_BYTES, headAt),
    head: framed.toString('utf8', headAt, bodyAt),
    body: framed.subarray(bodyAt),
  };
};

/** Names a key without telling it: keys are random, so a hash of one cannot be searched backwards. */
const idOf = (key: Uint8Array): string =>
  createHash('sha256').update('breakwater journal key\n').update(key).digest('hex').slice(0, 16);

/**
 * Puts the secret parts of events into bytes and back. With keys of 32 bytes they are encrypted with the first one, by
 * AES-256-GCM, and bound to the id of their event; any of the keys opens them. Throws a JournalError for content that
 * was damaged, or whose key is not there.
 */
export class Sealer {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #first: string | undefined;

  constructor(keys: readonly Uint8Array[] = []) {
    for (const key of keys) {
      if (key.length === KEY_BYTES) continue;
      throw new JournalError('failed', `a key of the journal has ${key.length} bytes; it needs ${KEY_BYTES}`);
    }
    this.#keys = new Map(keys.map(key => [idOf(key), key]));
    this.#first = this.#keys.keys().next().value;
  }

  seal(id: string, content: Content): Sealed {
    const key = this.#keys.get(this.#first ?? '');
    if (!key || this.#first === undefined) return { keyId: null, bytes: frame(content) };
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id));
    const sealed = [nonce, cipher.update(frame(content)), cipher.final(), cipher.getAuthTag()];
    return { keyId: this.#first, bytes: Buffer.concat(sealed) };
  }

  open(id: string, { keyId, bytes }: Sealed): Content {
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (keyId === null) return unframe(sealed);
    const key = this.#keys.get(keyId);
    if (key) return unframe(decrypt(key, id, sealed));
    throw new JournalError(
      'failed',
      `it is encrypted with the key ${keyId}, which is not among the keys given; add it`,
    );
  }
}

const decrypt = (key: Uint8Array, id: string, sealed: Buffer): Buffer => {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new JournalError('failed', 'its content was damaged on disk', error);
  }
};
