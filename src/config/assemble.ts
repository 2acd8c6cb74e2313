import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type Draft, type DraftApp, secretsOf } from './draft.ts';
import { readBounded } from './read-bounded.ts';
import { type ReadFile, routeFinder } from './static-routes.ts';
import type { App, Config } from './types.ts';
import type { Finding } from './validate.ts';

const MAX_CA_BYTES = 1024 * 1024;

/** The content of the file that `ca` of the Redis of `owner` names, or what is wrong with it. */
export const readCa = (
  ca: string | undefined,
  configFile: string,
  owner: 'cache' | 'events',
): { readonly content: Buffer | undefined; readonly findings: readonly Finding[] } => {
  if (ca === undefined) return { content: undefined, findings: [] };
  try {
    return { content: readPem(resolve(dirname(configFile), ca)), findings: [] };
  } catch (error) {
    const message = `${ca} ${(error as Error).message}; write the path of a PEM file`;
    return { content: undefined, findings: [{ path: [owner, 'redis', 'ca'], message }] };
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

/** What the files hold that the configuration names. */
export interface Files {
  /** Of the two `redis.ca`. */
  readonly cas: Readonly<Record<'cache' | 'events', Buffer | undefined>>;
  /** Of the rungs of routes. */
  readonly ofRoutes: ReadFile;
}

/** A draft without faults as what the gateway runs on. */
export const assemble = ({ root, apps }: Draft, { cas, ofRoutes }: Files): Config => ({
  listen: root.listen,
  admin: root.admin,
  drain: root.drain,
  wcs: {
    requestTimeout: root.wcs.requestTimeout,
    secrets: secretsOf({ root }),
    addresses: root.wcs.addresses ?? [],
  },
  limits: root.limits,
  apps: apps.map(app => assembleApp(app, ofRoutes)),
  passthrough: assemblePassthrough(root.passthrough, ofRoutes),
  cache: { ...root.cache, redis: root.cache.redis && { ...root.cache.redis, ca: cas.cache } },
  events: assembleEvents(root.events, cas.events),
  log: root.log,
  traces: root.traces,
});

const assembleEvents = ({ key, ...events }: Draft['root']['events'], ca: Buffer | undefined): Config['events'] => ({
  ...events,
  keys: [key ?? []].flat().map(text => Buffer.from(text, 'base64')),
  redis: events.redis && { ...events.redis, ca },
});

/** The name that calls have which are no hooks, and the one of what no app has. */
export const PASSTHROUGH = 'passthrough';

const findRouteOf = (passthrough: App['passthrough'], read: ReadFile): App['findRoute'] =>
  routeFinder(passthrough ? passthrough.routes : {}, read);

const assemblePassthrough = (written: Draft['root']['passthrough'], read: ReadFile): Config['passthrough'] => {
  if (!written) return undefined;
  const { firstByte, idle, limit, upgrades, routes, ...backed } = written;
  const passthrough = { firstByte, idle, limit, upgrades, routes };
  return { ...backed, name: PASSTHROUGH, path: '', passthrough, findRoute: findRouteOf(passthrough, read) };
};

const assembleApp = ({ options, namedHooks, names, settings }: DraftApp, read: ReadFile): App => {
  const { restUsername: username, restPassword: password, ...rest } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  return { ...rest, credentials, findRoute: findRouteOf(options.passthrough, read), namedHooks, names, settings };
};
