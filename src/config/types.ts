import type { ListenAddress } from '../core/host-port.ts';
import type { PriorityOption } from '../hooks/priority.ts';
import type { UpstreamTls } from '../options/tls.ts';
import type { PassthroughOptions } from '../passthrough/options.ts';
import type { BreakerOptions } from '../resilience/breaker.ts';
import type { BulkheadOptions } from '../resilience/bulkhead.ts';
import type { EjectionOptions } from '../resilience/ejection.ts';
import type { HealthOptions } from '../resilience/health.ts';
import type { HedgeOptions } from '../resilience/hedge.ts';
import type { RateOptions } from '../resilience/rate.ts';
import type { RetryOptions } from '../resilience/retry.ts';
import type { KeptAnswersOptions, LoadedRouteOptions } from '../static/options.ts';
import type { MemoryOptions } from '../store/memory.ts';
import type { LoadedRedisOptions } from '../store/redis-options.ts';
import type { ListenerTls } from '../tls/listener.ts';

/** A JSON object as it came from a file; its values are data, never read by name. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One rung of a ladder. `file` is the path as written; `content` its bytes, read and found to be a JSON object. */
export type Rung =
  | 'cached'
  | 'echo'
  | 'store'
  | 'refuse'
  | 'unavailable'
  | 'provisional'
  | { readonly body: JsonObject }
  | { readonly file: string; readonly content: Buffer }
  | { readonly echo: JsonObject };

/**
 * What holds for one hook of one app, after defaults, app and all matching hook globs are merged.
 * Durations are milliseconds, shares 0 to 1, sizes bytes, here and below.
 */
export interface HookSettings {
  readonly limit: number;
  /** Never more than `limit`. */
  readonly attemptLimit: number;
  readonly idempotent: boolean;
  readonly hedge: HedgeOptions | false;
  readonly retry: RetryOptions | false;
  readonly fallback: 'auto' | readonly Rung[];
  readonly key: readonly string[] | undefined;
  readonly keepFor: number;
  /** Whether a notification is answered after its back-end was asked, or as soon as it is stored. */
  readonly acknowledge: 'after' | 'first';
  readonly priority: PriorityOption;
}

/** Upstreams under one name, and how they are treated. */
export interface Backed {
  readonly name: string;
  /** Begins with `/` and does not end with one; empty when every path is meant. */
  readonly path: string;
  /** Normalised URLs without a trailing slash. */
  readonly upstreams: readonly string[];
  readonly connectLimit: number;
  readonly breaker: BreakerOptions | false;
  readonly concurrency: BulkheadOptions;
  /** Of several upstreams: when one is left out because it is worse than the others. */
  readonly ejection: EjectionOptions | false;
  /** Over how long the share of an upstream grows that comes back. */
  readonly slowStart: number;
  readonly health: HealthOptions | false;
  /** How often names of upstreams are asked for again. */
  readonly resolve: number;
  /** How https upstreams are spoken to; absent: they must have a certificate of an authority that Node knows. */
  readonly tls: UpstreamTls | undefined;
  /** How what is no hook goes to the upstreams; false: it does not. */
  readonly passthrough: PassthroughOptions | false;
  /** What holds for GETs of a path whose back-end fails; nothing where no route has it. */
  findRoute(path: string): LoadedRouteOptions | undefined;
}

export interface App extends Backed {
  /** What WCS sends as Basic credentials for this app; absent: nothing. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Hook names written literally in `hooks`; each gets a metric label of its own. */
  readonly namedHooks: readonly string[];
  /** True for a hook name that a name or glob in `hooks` matches. */
  names(hook: string): boolean;
  /** What holds for a hook name. The same object for the same set of matching globs, so it can be a map's key. */
  settings(hook: string): HookSettings;
}

/** The whole configuration: validated, defaults filled in, frozen. */
export interface Config {
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  /** How `listen` speaks TLS; absent: in the clear. */
  readonly tls: ListenerTls | undefined;
  /** Whether each connection begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Addresses and networks of proxies that are believed; `unix` for those on a Unix socket. None: nobody is. */
  readonly trustedProxies: readonly string[];
  readonly drain: number;
  readonly wcs: {
    readonly requestTimeout: number;
    /** Any of these may have signed a request; none: requests are not signed. */
    readonly secrets: readonly string[];
    /** Addresses and networks that hooks may come from; none: from anywhere. */
    readonly addresses: readonly string[];
  };
  readonly limits: {
    readonly body: number;
    readonly headers: number;
    readonly connections: number;
    /** Most connections of one client address; 0: no cap. */
    readonly perAddress: number;
    readonly headersWithin: number;
    /** Bytes a second; 0: any rate. */
    readonly bodyRate: number;
    /** How much of the back-ends one client may have; absent: as much as it asks for. */
    readonly rate?: RateOptions | undefined;
  };
  readonly apps: readonly App[];
  /** Where paths lead that no app has; absent: nowhere. */
  readonly passthrough: Backed | undefined;
  readonly cache: {
    readonly memory: MemoryOptions;
    /** Of what passes through. */
    readonly answers: KeptAnswersOptions;
    readonly sessions: { readonly entries: number; readonly keepFor: number };
    readonly redis: LoadedRedisOptions | undefined;
  };
  readonly events: {
    /** As written; a relative one counts from the folder of the configuration. */
    readonly dir: string;
    readonly maxBytes: number;
    readonly keepFor: number;
    /** How much of the room at the upstreams late deliveries may take while calls flow. */
    readonly share: number;
    /** The first encrypts, all decrypt; none: nothing is encrypted. 32 bytes each. */
    readonly keys: readonly Buffer[];
    /** Set: events are stored there, and neither in `dir` nor encrypted. */
    readonly redis: LoadedRedisOptions | undefined;
  };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    readonly body: 'none' | 'redacted';
    /** Whether of warnings of a kind, and of lines on stored events, only some are written. */
    readonly sample: boolean;
  };
  /** Where spans go, and the share of calls that are traced if nobody before has decided; absent: nothing is traced. */
  readonly traces: { readonly endpoint: string; readonly sample: number } | undefined;
}
