import { z } from 'zod';
import { FallbackOption, keyOption } from '../hooks/ladder.ts';
import { PriorityOption } from '../hooks/priority.ts';
import { count, duration, share, size } from '../options/fields.ts';
import { ListenerTlsOptions, UpstreamTlsOptions } from '../options/tls.ts';
import { PassthroughOptions } from '../passthrough/options.ts';
import { BreakerOptions } from '../resilience/breaker.ts';
import { BulkheadOptions } from '../resilience/bulkhead.ts';
import { EjectionOptions } from '../resilience/ejection.ts';
import { HealthOptions } from '../resilience/health.ts';
import { HedgeOptions } from '../resilience/hedge.ts';
import { RateOptions } from '../resilience/rate.ts';
import { RetryOptions } from '../resilience/retry.ts';
import { KeptAnswersOptions } from '../static/options.ts';
import { MemoryOptions } from '../store/memory.ts';
import { RedisJournalOptions, RedisOptions } from '../store/redis-options.ts';
import { address, isCollector, isSubnet, normaliseUpstream, upstreamFault } from './address.ts';
import { shown } from './shown.ts';

/** A text of one form; `wanted` completes the sentence "write …". */
const text = (pattern: RegExp, wanted: string) => {
  const error = (issue: { input?: unknown }) => `is ${shown(issue.input)}; write ${wanted}`;
  return z.string({ error }).regex(pattern, { error });
};

/** A secret: no message quotes it. */
const secret = (wanted: string) =>
  z.string({ error: `is no text; write ${wanted}` }).min(1, { error: `is empty; write ${wanted}` });

const SECRET = `a text such as \${WCS_HOOK_SECRET}`;
const secrets = () =>
  z
    .union([secret(SECRET), z.array(secret(SECRET)).min(1, { error: `is an empty list; write ${SECRET}` })], {
      error: `is neither a text nor a list of texts; write ${SECRET}`,
    })
    .meta({ description: 'a text, or a list of texts while it is being changed' });

const MIB = 1024 * 1024;

const KEY = '32 random bytes as base64, from the environment: $BREAKWATER_EVENTS_KEY';
const key = () => secret(KEY).refine(text => /^[A-Za-z0-9+/]{43}=$/.test(text), { error: `is no key; write ${KEY}` });
const keys = () =>
  z
    .union([key(), z.array(key()).min(1, { error: `is an empty list; write ${KEY}` })], {
      error: `is neither a text nor a list of texts; write ${KEY}`,
    })
    .meta({ description: 'a text, or a list of texts of which the first encrypts' });

const acknowledge = z.enum(['after', 'first']);

const subnet = () => {
  const error = (issue: { input?: unknown }) =>
    `is ${shown(issue.input)}; write an address such as 10.0.0.5, or a network such as 10.0.0.0/8`;
  return z.string({ error }).refine(isSubnet, { error });
};

/** `unix` stands for whoever comes over a Unix socket. */
const proxy = () => {
  const error = (issue: { input?: unknown }) =>
    `is ${shown(issue.input)}; write an address or a network of proxies, such as 10.0.0.0/8, or unix for those on a Unix socket`;
  return z.string({ error }).refine(text => text === 'unix' || isSubnet(text), { error });
};

const orFalse = <S extends z.ZodType>(options: S) =>
  z.union([z.literal(false), options]).meta({ description: 'false to switch it off, or keys below it' });

const trueOrFalse = <S extends z.ZodType>(options: S) =>
  z
    .union([z.literal(false), z.literal(true).transform((): z.output<S> => options.parse({})), options])
    .meta({ description: 'true or false, or keys below it' });

const glob = () => text(/^[A-Za-z0-9_.*?-]+$/, 'a hook name or glob such as connect, "*StatusEvent"');

const name = () =>
  text(/^[A-Za-z0-9_-]+$/, 'a name of letters, digits, _ and -').meta({ description: 'letters, digits, _ and -' });

const path = () =>
  text(/^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@%-]+\/?)*$/, 'a path that begins with /, such as /apps/EchoApp').transform(
    whole => (whole.endsWith('/') ? whole.slice(0, -1) : whole),
  );

const upstream = () =>
  text(/^\S+$/, 'a URL such as http://127.0.0.1:8081/apps/EchoApp')
    .refine(url => upstreamFault(url) === undefined, { error: issue => upstreamFault(String(issue.input)) })
    .transform(normaliseUpstream);

const COLLECTOR = 'the http or https URL of an OTLP collector, such as http://127.0.0.1:4318/v1/traces';
/** Where spans go. As in OTLP's own exporters an address without a path means its usual one. */
const collector = () =>
  text(/^\S+$/, COLLECTOR)
    .refine(isCollector, { error: issue => `is ${shown(issue.input)}; write ${COLLECTOR}` })
    .transform(url => (new URL(url).pathname === '/' ? new URL('/v1/traces', url).href : url));

const list = <S extends z.ZodType>(item: S, wanted: string) =>
  z
    .array(item, { error: issue => `is ${shown(issue.input)}; write a list of ${wanted}` })
    .min(1, { error: `is empty; write a list of ${wanted}` });

const upstreams = () => list(upstream(), 'at least one URL, such as ["http://127.0.0.1:8081/apps/EchoApp"]');

/** The keys of one hook or glob in `hooks`. */
export const HookOptions = z
  .strictObject({
    fallback: FallbackOption,
    key: keyOption,
    keepFor: duration(),
    acknowledge,
    priority: PriorityOption,
    limit: duration(),
    attemptLimit: duration(),
    idempotent: z.boolean(),
    hedge: orFalse(HedgeOptions),
    retry: orFalse(RetryOptions),
  })
  .partial();

/** How upstreams are treated: keys of an app, and of `passthrough` at the top of the file. */
const ofUpstreams = {
  connectLimit: duration(),
  breaker: orFalse(BreakerOptions),
  concurrency: BulkheadOptions,
  ejection: orFalse(EjectionOptions),
  slowStart: duration(),
  health: orFalse(HealthOptions),
  resolve: duration(),
  tls: UpstreamTlsOptions,
};

/** The same with what holds where they are not written. */
const presetOfUpstreams = {
  connectLimit: ofUpstreams.connectLimit.prefault('500ms'),
  breaker: ofUpstreams.breaker.prefault({}),
  concurrency: ofUpstreams.concurrency.prefault({}),
  ejection: ofUpstreams.ejection.prefault({}),
  slowStart: ofUpstreams.slowStart.prefault('10s'),
  health: ofUpstreams.health.prefault(false),
  resolve: ofUpstreams.resolve.prefault('30s'),
  tls: ofUpstreams.tls.optional(),
};

const settings = {
  limit: duration(),
  attemptLimit: duration(),
  ...ofUpstreams,
  // The path may stand in `defaults` alone.
  health: orFalse(HealthOptions.partial({ path: true })),
  idempotent: z
    .union([z.boolean(), z.array(glob())])
    .meta({ description: 'true, false, or a list of hook names or globs' }),
  hedge: orFalse(HedgeOptions),
  retry: orFalse(RetryOptions),
  fallback: FallbackOption,
  passthrough: trueOrFalse(PassthroughOptions),
  hooks: z.record(glob(), HookOptions),
};

/** What an app of WCS sends along as Basic credentials, in which no name can hold a colon. */
const credentials = {
  restUsername: secret('the restUsername of the app in WCS')
    .regex(/^[^:]*$/, { error: 'holds a colon, which only a password can; write the restUsername of the app in WCS' })
    .optional(),
  restPassword: secret('the restPassword of the app in WCS').optional(),
};

/** The keys of one app. */
export const AppOptions = z.strictObject({
  name: name(),
  path: path(),
  upstreams: upstreams(),
  ...credentials,
  ...z.strictObject(settings).partial().shape,
});

/** `true`, which is enough for an app, says nothing here. */
const withoutUpstreams = (input: unknown): string =>
  `is ${shown(input)}, but what no app has needs upstreams of its own; write two lines: "passthrough:" and "  upstreams: [http://127.0.0.1:8080]", or take it out`;

const root = {
  listen: address().prefault('127.0.0.1:8090'),
  admin: address().prefault('127.0.0.1:9090'),
  tls: ListenerTlsOptions.optional(),
  proxyProtocol: z.boolean().default(false),
  trustedProxies: list(proxy(), 'addresses or networks of proxies, such as [10.0.0.0/8]')
    .meta({ description: 'list of addresses and networks: 10.0.0.5, 10.0.0.0/8, fd00::/8, unix' })
    .optional(),
  drain: duration().prefault('20s'),
  wcs: z
    .strictObject({
      requestTimeout: z
        .union([z.literal(0), duration()])
        .meta({ description: 'a duration such as 15s, or 0 if WCS never gives up' })
        .prefault('15s'),
      properties: text(/\S/, "the path of WCS's flashphoner.properties").optional(),
      secret: secrets().optional(),
      addresses: list(subnet(), 'addresses or networks, such as [10.0.0.5]')
        .meta({ description: 'list of addresses and networks: 10.0.0.5, 10.0.0.0/8, fd00::/8' })
        .optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      body: size(1024).prefault('1MiB'),
      headers: size(1024).prefault('16KiB'),
      connections: count().default(10_000),
      perAddress: count(0).default(0),
      headersWithin: duration().prefault('10s'),
      bodyRate: z
        .union([z.literal(0), size()])
        .meta({ description: 'a size such as 1KiB, or 0 for any rate' })
        .prefault('1KiB'),
      rate: RateOptions.optional(),
    })
    .prefault({}),
  cache: z
    .strictObject({
      memory: MemoryOptions.prefault({}),
      answers: KeptAnswersOptions.prefault({}),
      sessions: z
        .strictObject({
          entries: count().max(10_000_000, { error: 'is more than 10000000; name fewer entries' }).default(100_000),
          keepFor: duration().prefault('24h'),
        })
        .prefault({}),
      redis: RedisOptions.optional(),
    })
    .prefault({}),
  events: z
    .strictObject({
      dir: text(/\S/, 'a folder such as ./data/events').prefault('./data/events'),
      maxBytes: size(MIB).prefault('1GiB'),
      keepFor: duration().prefault('24h'),
      share: share().prefault('25%'),
      key: keys().optional(),
      redis: RedisJournalOptions.optional(),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
      body: z.enum(['none', 'redacted']).default('none'),
      sample: z.boolean().default(true),
    })
    .prefault({}),
  traces: z
    .strictObject({
      endpoint: collector(),
      sample: share().prefault('100%'),
    })
    .optional(),
  passthrough: z
    .strictObject(
      { upstreams: upstreams(), ...PassthroughOptions.shape, ...presetOfUpstreams },
      { error: issue => (issue.code === 'invalid_type' ? withoutUpstreams(issue.input) : undefined) },
    )
    .optional(),
};

/** The configuration file as it is written. Every key that there is stands here or in the options of a policy. */
export const FileOptions = z.strictObject({
  ...root,
  defaults: z.strictObject(settings).partial().prefault({}),
  apps: list(AppOptions, 'at least one app, each behind a dash: - name: EchoApp'),
});

/** The keys that belong to no app, read. */
export const RootOptions = z.object(root);
export type RootOptions = z.output<typeof RootOptions>;

/** What an app's keys come to once `defaults` and the app are merged; what varies by hook is left out. */
export const MergedApp = z.object({
  name: name(),
  path: path(),
  upstreams: upstreams(),
  ...credentials,
  ...presetOfUpstreams,
  // No path is a fault of the whole, which `backed-rules.ts` tells.
  health: orFalse(HealthOptions.extend({ path: HealthOptions.shape.path.default('') })).prefault(false),
  passthrough: settings.passthrough.prefault(false),
});
export type MergedApp = z.output<typeof MergedApp>;

/** What a hook's keys come to once `defaults`, the app and all matching globs are merged. */
export const MergedHook = z.object({
  limit: duration().optional(),
  attemptLimit: duration().optional(),
  idempotent: z.union([z.boolean(), z.array(z.string())]).default(false),
  hedge: orFalse(HedgeOptions).prefault({}),
  retry: orFalse(RetryOptions).prefault({}),
  fallback: FallbackOption.default('auto'),
  key: keyOption.optional(),
  keepFor: duration().prefault('10m'),
  acknowledge: acknowledge.default('after'),
  priority: PriorityOption.default('auto'),
});
export type MergedHook = z.output<typeof MergedHook>;
