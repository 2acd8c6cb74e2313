import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { now } from '../core/clock.ts';
import type { RedisAddress } from './redis-url.ts';

/** What the gateway says to Redis; the same for all layouts. */
export interface RedisClient {
  readonly status: string;
  get(name: string): Promise<string | null>;
  set(name: string, text: string, unit: 'PX', keepForMs: number): Promise<unknown>;
  /** Only where there is nothing. */
  set(name: string, text: string, unit: 'PX', keepForMs: number, condition: 'NX'): Promise<unknown>;
  del(name: string): Promise<unknown>;
  /** Not in a cluster. */
  select(db: number): Promise<unknown>;
  on(event: string, listener: (error: Error) => void): unknown;
  disconnect(): void;
}

/**
 * The first command over a new connection, sent once the database of the address is had: the client by itself goes on in
 * database 0 if it cannot be, and says so only on the side.
 */
export const inDatabase = <T>(client: RedisClient, { db }: RedisAddress, ask: () => Promise<T>): Promise<T> =>
  db === 0 ? ask() : client.select(db).then(ask);

/** What a journal says to it beside: one script, and how it is set up. */
export interface ScriptClient extends RedisClient {
  eval(script: string, names: number, ...rest: readonly (string | Buffer | number)[]): Promise<unknown>;
  /** Its texts come as bytes. */
  evalshaBuffer(sha: string, names: number, ...rest: readonly (string | Buffer | number)[]): Promise<unknown>;
  config(verb: 'GET', name: string): Promise<unknown>;
}

const CONNECT_MS = 2000;
/** A connection that owes an answer for so long is dropped and made anew. */
const SILENT_MS = 2000;
const GOODBYE_MS = 500;
const LOADING_MS = 500;
const RETRY_MS = 100;
const LONGEST_RETRY_MS = 1000;
const DEMOTED_EVERY_MS = 4000;

/** A second at most, so that a Redis that is back is seen soon. */
const retry = (times: number): number => Math.min(times * RETRY_MS, LONGEST_RETRY_MS);

/**
 * Behind a name that moves with a failover, the old master says READONLY until one connects anew. A replica that stays
 * one says so to every write, hence not each time.
 */
const createDemotionTest = (): ((error: Error) => boolean) => {
  let lastAt = -DEMOTED_EVERY_MS;
  return ({ message }) => {
    if (!message.startsWith('READONLY') || now() - lastAt < DEMOTED_EVERY_MS) return false;
    lastAt = now();
    return true;
  };
};

export interface ClientOptions {
  readonly address: RedisAddress;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca?: Buffer | undefined;
  readonly sentinelPassword?: string | undefined;
}

const tlsOf = ({ address, ca }: ClientOptions) => (address.isSecure ? (ca ? { ca } : {}) : undefined);

const common = (options: ClientOptions) => {
  const { username, password } = options.address;
  const tls = tlsOf(options);
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    disconnectTimeout: GOODBYE_MS,
    connectionName: 'breakwater',
    disableClientInfo: true,
    protocol: 2,
    // Who cannot be asked now is not asked: no command waits for a connection, and none is sent a second time.
    autoResendUnfulfilledCommands: false,
    // At 1 and more, commands whose connection closed would never settle if the next one comes up at the first try.
    maxRetriesPerRequest: 0,
    // It takes INFO, which an ACL user may lack, and would wait where the probe of SharedRedis looks again.
    enableReadyCheck: false,
  } as const satisfies CommonRedisOptions & { tls?: object; disconnectTimeout: number };
};

const createCluster = (options: ClientOptions): Cluster => {
  const settings = {
    // Connections to nodes are made when they are first needed; what needs them waits, no longer than its budget.
    enableOfflineQueue: true,
    enableReadyCheck: false,
    clusterRetryStrategy: retry,
    // A command that met a node that has just gone is not put off: it could overtake a later one on the same key.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
    redisOptions: common(options),
  };
  // Certificates name hosts, and the client would connect to their addresses.
  const byName = (host: string, done: (error: null, address: string) => void) => done(null, host);
  return new Cluster(
    [...options.address.nodes],
    options.address.isSecure ? { ...settings, dnsLookup: byName } : settings,
  );
};

const createStandalone = (options: ClientOptions): Redis => {
  const { db, nodes } = options.address;
  return new Redis({
    ...common(options),
    enableOfflineQueue: false,
    retryStrategy: retry,
    reconnectOnError: createDemotionTest(),
    db,
    ...nodes[0],
  });
};

const createSentinel = (options: ClientOptions): Redis => {
  const { address, sentinelPassword } = options;
  const tls = tlsOf(options);
  return new Redis({
    ...common(options),
    // Tells a master from one that sentinels have yet to demote.
    enableReadyCheck: true,
    maxLoadingRetryTime: LOADING_MS,
    enableOfflineQueue: false,
    retryStrategy: retry,
    reconnectOnError: createDemotionTest(),
    db: address.db,
    sentinels: [...address.nodes],
    name: address.master,
    sentinelRetryStrategy: retry,
    sentinelCommandTimeout: CONNECT_MS,
    enableTLSForSentinelMode: address.isSecure,
    ...(tls === undefined ? {} : { sentinelTLS: tls }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  });
};

const CREATE = { standalone: createStandalone, sentinel: createSentinel, cluster: createCluster } as const;

/** Makes a client that begins to connect at once, and for ever anew. It throws nothing; `error` events tell what fails. */
export const createRedisClient = (options: ClientOptions): RedisClient => CREATE[options.address.layout](options);

/** The same for who brings a script of their own. */
export const createScriptClient = (options: ClientOptions): ScriptClient =>
  // The client has these for all commands; its types leave out some that answer in bytes.
  CREATE[options.address.layout](options) as unknown as ScriptClient;
