import { findKey } from './keys.ts';
import { formatPath, type Path } from './problems.ts';

const HOOK = '{ limit: 3s, fallback: [cached, unavailable] }';
const ROUTE = '{ fallback: [cached, unavailable] }';
const REDIS = '{ url: redis://127.0.0.1:6379/0 }';

/**
 * What may stand under each key that has keys below it, by the names of `KEYS`: shown where something else is written. A
 * test holds them against the schema. `passthrough` at the top of the file has words of its own.
 */
export const EXAMPLES: Readonly<Record<string, string>> = {
  tls: '{ cert: /etc/breakwater/tls.crt, key: /etc/breakwater/tls.key }',
  wcs: '{ requestTimeout: 15s }',
  limits: '{ body: 1MiB }',
  'limits.rate': '{ calls: 100, burst: 200 }',
  cache: '{ memory: { bytes: 64MiB } }',
  'cache.memory': '{ bytes: 64MiB }',
  'cache.answers': '{ bytes: 64MiB }',
  'cache.sessions': '{ keepFor: 24h }',
  'cache.redis': REDIS,
  events: '{ dir: ./data/events }',
  'events.redis': REDIS,
  log: '{ level: info }',
  traces: '{ endpoint: "http://127.0.0.1:4318/v1/traces" }',
  defaults: '{ limit: 3s }',
  'apps[]': '{ name: EchoApp, path: /apps/EchoApp, upstreams: ["http://127.0.0.1:8081/apps/EchoApp"] }',
  'apps[].breaker': '{ openFor: 5s }',
  'apps[].concurrency': '{ max: 20 }',
  'apps[].ejection': '{ failures: 5 }',
  'apps[].health': '{ path: /health }',
  'apps[].tls': '{ ca: /etc/breakwater/back-end-ca.pem }',
  'apps[].hedge': '{ after: p95 }',
  'apps[].retry': '{ attempts: 2 }',
  'apps[].passthrough': '{ firstByte: 30s }',
  'apps[].passthrough.routes': `{ "/api/*": ${ROUTE} }`,
  'apps[].passthrough.routes.*': ROUTE,
  'apps[].hooks': `{ connect: ${HOOK} }`,
  'apps[].hooks.*': HOOK,
};

/** Keys below which each key is a name or glob of one's own choice. */
const OF_ONES_OWN: ReadonlySet<unknown> = new Set(['hooks', 'routes']);

/** The name of `KEYS` for a place in the file. */
const keyOf = (path: Path): string =>
  path
    .map((step, at) => {
      if (typeof step === 'number') return '[]';
      const name = OF_ONES_OWN.has(path[at - 1]) ? '*' : step;
      return at === 0 ? name : `.${name}`;
    })
    .join('');

/** What could stand at `path`, with its key before it; nothing where no keys are wanted. */
export const exampleAt = (path: Path): string | undefined => {
  const example = path.length === 1 && path[0] === 'passthrough' ? undefined : findKey(EXAMPLES, keyOf(path));
  const key = path.at(-1);
  return example && typeof key === 'string' ? `${formatPath([key])}: ${example}` : example;
};
