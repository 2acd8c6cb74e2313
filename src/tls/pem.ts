import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readBounded } from '../core/read-bounded.ts';

const MAX_BYTES = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Files that a certificate with its chain, and its private key, are in. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its chain, and the key that belongs to it. */
export interface Pair {
  /** PEM, as the files have it. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When all certificates of the chain hold, in milliseconds since 1970. */
  readonly begins: number;
  readonly ends: number;
}

/** What is wrong with a file of a pair, and what to do; `of` says which of the two it is. */
export class PairError extends Error {
  override readonly name = 'PairError';
  readonly of: keyof PairFiles;

  constructor(of: keyof PairFiles, message: string, cause?: unknown) {
    super(message, { cause });
    this.of = of;
  }
}

interface Certificates {
  readonly pem: Buffer;
  /** In the order of the file; at least one. */
  readonly all: readonly X509Certificate[];
}

/** The certificates of a PEM file. Throws an Error whose message says what is wrong with it. */
export const readCertificates = (file: string): Certificates => {
  const pem = readBounded(file, MAX_BYTES);
  const texts = pem.toString('latin1').match(CERTIFICATE) ?? [];
  // In another form it would be read here too, but not where TLS wants it.
  if (texts.length === 0) throw new Error('holds no certificate');
  try {
    return { pem, all: texts.map(text => new X509Certificate(text)) };
  } catch (cause) {
    throw new Error('holds a certificate that cannot be read', { cause });
  }
};

const readKey = (file: string): { readonly pem: Buffer; readonly key: KeyObject } => {
  const pem = readBounded(file, MAX_BYTES);
  if (!/-----BEGIN (?:\w+ )*PRIVATE KEY-----/.test(pem.toString('latin1'))) throw new Error('holds no private key');
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch (cause) {
    throw new Error('holds a private key that cannot be read, or that asks for a password', { cause });
  }
};

const reading = <Result>(of: keyof PairFiles, file: string, read: (file: string) => Result): Result => {
  try {
    return read(file);
  } catch (error) {
    const wanted =
      of === 'cert' ? 'a certificate in PEM, with its chain' : 'its private key in PEM, without a password';
    throw new PairError(of, `${file} ${(error as Error).message}; write the path of ${wanted}`, error);
  }
};

/** Reads a pair that TLS can be spoken with, whatever its time. Throws a PairError that names the file and the remedy. */
export const readPair = (files: PairFiles): Pair => {
  const { pem: cert, all } = reading('cert', files.cert, readCertificates);
  const { pem, key } = reading('key', files.key, readKey);
  if (!all[0]?.checkPrivateKey(key))
    throw new PairError('key', `${files.key} is not the key of ${files.cert}; write two that belong together`);
  try {
    createSecureContext({ cert, key: pem });
  } catch (error) {
    const message = `${files.cert} cannot be used: ${(error as Error).message}; have another one made`;
    throw new PairError('cert', message, error);
  }
  return {
    cert,
    key: pem,
    begins: Math.max(...all.map(each => each.validFromDate.getTime())),
    ends: Math.min(...all.map(each => each.validToDate.getTime())),
  };
};
