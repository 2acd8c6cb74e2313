import { readCertificates } from '../tls/pem.ts';
import { type Draft, type DraftApp, type DraftBacked, secretsOf } from './draft.ts';
import { fileFault, wholePath } from './named-file.ts';
import { type ReadFile, routeFinder } from './static-routes.ts';
import type { TlsFiles } from './tls-files.ts';
import type { App, Backed, Config } from './types.ts';
import type { Finding } from './validate.ts';

/** The content of the file that `ca` of the Redis of `owner` names, or what is wrong with it. */
export const readCa = (
  ca: string | undefined,
  configFile: string,
  owner: 'cache' | 'events',
): { readonly content: Buffer | undefined; readonly findings: readonly Finding[] } => {
  if (ca === undefined) return { content: undefined, findings: [] };
  try {
    return { content: readCertificates(wholePath(ca, configFile)).pem, findings: [] };
  } catch (error) {
    const message = fileFault(ca, configFile, error, 'a PEM file');
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
export const assemble = ({ root, apps, others }: Draft, { cas, ofRoutes, tls }: Files): Config => ({
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
  passthrough: others && assembleBacked(others, ofRoutes, tls.passthrough),
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

const assembleBacked = ({ options }: DraftBacked, read: ReadFile, tls: Backed['tls']): Backed => {
  const { passthrough } = options;
  return { ...options, tls, findRoute: routeFinder(passthrough ? passthrough.routes : {}, read) };
};

const assembleApp = (app: DraftApp, read: ReadFile, tls: App['tls']): App => {
  const { namedHooks, names, settings } = app;
  const { restUsername: username, restPassword: password, ...options } = app.options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  return { ...assembleBacked({ ...app, options }, read, tls), credentials, namedHooks, names, settings };
};
