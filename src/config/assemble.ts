import { dirname, resolve } from 'node:path';
import { readCertificates } from '../tls/pem.ts';
import { type Draft, type DraftApp, secretsOf } from './draft.ts';
import { type ReadFile, routeFinder } from './static-routes.ts';
import type { TlsFiles } from './tls-files.ts';
import type { App, Config } from './types.ts';
import type { Finding } from './validate.ts';

/** The content of the file that `ca` of the Redis of `owner` names, or what is wrong with it. */
export const readCa = (
  ca: string | undefined,
  configFile: string,
  owner: 'cache' | 'events',
): { readonly content: Buffer | undefined; readonly findings: readonly Finding[] } => {
  if (ca === undefined) return { content: undefined, findings: [] };
  try {
    return { content: readCertificates(resolve(dirname(configFile), ca)).pem, findings: [] };
  } catch (error) {
    const message = `${ca} ${(error as Error).message}; write the path of a PEM file`;
    return { content: undefined, findings: [{ path: [owner, 'redis', 'ca'], message }] };
  }
};

/** What the files hold that the configuration names. */
export interface Files {
  /** Of the two `redis.ca`. */
  readonly cas: Readonly<Record<'cache' | 'events', Buffer | undefined>>;
  /** Of the rungs of routes. */
  readonly ofRoutes: ReadFile;
  readonly tls: TlsFiles;
}

/** A draft without faults as what the gateway runs on. */
export const assemble = ({ root, apps }: Draft, { cas, ofRoutes, tls }: Files): Config => ({
  listen: root.listen,
  admin: root.admin,
  tls: tls.listener,
  proxyProtocol: root.proxyProtocol,
  trustedProxies: root.trustedProxies ?? [],
  drain: root.drain,
  wcs: {
    requestTimeout: root.wcs.requestTimeout,
    secrets: secretsOf({ root }),
    addresses: root.wcs.addresses ?? [],
  },
  limits: root.limits,
  apps: apps.map(app => assembleApp(app, ofRoutes, tls.apps.get(app.index))),
  passthrough: assemblePassthrough(root.passthrough, ofRoutes, tls.passthrough),
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

const assemblePassthrough = (
  written: Draft['root']['passthrough'],
  read: ReadFile,
  tls: App['tls'],
): Config['passthrough'] => {
  if (!written) return undefined;
  const { firstByte, idle, limit, upgrades, routes, ...backed } = written;
  const passthrough = { firstByte, idle, limit, upgrades, routes };
  return { ...backed, tls, name: PASSTHROUGH, path: '', passthrough, findRoute: findRouteOf(passthrough, read) };
};

const assembleApp = ({ options, namedHooks, names, settings }: DraftApp, read: ReadFile, tls: App['tls']): App => {
  const { restUsername: username, restPassword: password, ...rest } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  return { ...rest, tls, credentials, findRoute: findRouteOf(options.passthrough, read), namedHooks, names, settings };
};
