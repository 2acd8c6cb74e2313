import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type Draft, type DraftApp, secretsOf } from './draft.ts';
import { readBounded } from './read-bounded.ts';
import type { App, Config } from './types.ts';
import type { Finding } from './validate.ts';

const MAX_CA_BYTES = 1024 * 1024;

/** The content of the file that `cache.redis.ca` names, or what is wrong with it. */
export const readCa = (
  ca: string | undefined,
  configFile: string,
): { readonly content: Buffer | undefined; readonly findings: readonly Finding[] } => {
  if (ca === undefined) return { content: undefined, findings: [] };
  try {
    return { content: readPem(resolve(dirname(configFile), ca)), findings: [] };
  } catch (error) {
    const message = `${ca} ${(error as Error).message}; write the path of a PEM file`;
    return { content: undefined, findings: [{ path: ['cache', 'redis', 'ca'], message }] };
  }
};

const readPem = (file: string): Buffer => {
  const content = readBounded(file, MAX_CA_BYTES);
  try {
    // A certificate in another form is read here too, but not where TLS wants it.
    if (content.includes('-----BEGIN CERTIFICATE-----') && new X509Certificate(content)) return content;
  } catch (error) {
    throw new Error('holds a certificate that cannot be read', { cause: error });
  }
  throw new Error('holds no certificate');
};

/** A draft without faults as what the gateway runs on. */
export const assemble = ({ root, apps }: Draft, ca: Buffer | undefined): Config => ({
  listen: root.listen,
  admin: root.admin,
  drain: root.drain,
  wcs: {
    requestTimeout: root.wcs.requestTimeout,
    secrets: secretsOf({ root }),
    addresses: root.wcs.addresses ?? [],
  },
  limits: root.limits,
  apps: apps.map(assembleApp),
  cache: { ...root.cache, redis: root.cache.redis && { ...root.cache.redis, ca } },
  events: root.events,
  log: root.log,
});

const assembleApp = ({ options, namedHooks, settings }: DraftApp): App => {
  const { restUsername: username, restPassword: password, ...rest } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  return { ...rest, credentials, namedHooks, settings };
};
