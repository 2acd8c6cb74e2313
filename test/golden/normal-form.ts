import type { Loaded } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problems.ts';
import { maskUserinfo } from '../../src/config/secrets.ts';
import { formatDuration, formatShare, formatSize, listed } from '../../src/config/text.ts';
import type { App, Config, HookSettings } from '../../src/config/types.ts';
import { formatAddress } from '../../src/core/host-port.ts';

/** What a configuration means, in few lines: its warnings, then what holds for whom. */
export const normalForm = ({ config, warnings, draft }: Loaded): string => {
  const { listen, admin, drain, wcs, limits, cache, events, log, traces } = config;
  const root = [
    ...warnings.map(warning => `warning: ${formatProblem(warning)}`),
    `listen ${formatAddress(listen)}, admin ${formatAddress(admin)}, drain ${formatDuration(drain)}, WCS waits ${formatDuration(wcs.requestTimeout)}`,
    `limits: body ${formatSize(limits.body)}, headers ${formatSize(limits.headers)}, connections ${limits.connections}`,
    `cache ${cache.memory.entries} in ${formatSize(cache.memory.bytes)}; events ${events.redis ? `redis ${events.redis.url} ${events.redis.prefix} ${formatDuration(events.redis.budget)}` : events.dir} ${formatSize(events.maxBytes)} ${formatDuration(events.keepFor)}; log ${log.level} ${log.body}${log.sample ? '' : ' all'}${traces ? `; traces ${traces.endpoint} ${traces.sample}` : ''}`,
    ...doorLines(config),
    ...callerLines(config),
    ...sharedLines(config),
  ];
  const apps = config.apps.flatMap((app, at) => appLines(app, draft.apps[at]?.hooks ?? []));
  return `${[...root, ...apps].join('\n')}\n`;
};

/** How connections come in, where that is not the usual way. */
const doorLines = ({ tls, proxyProtocol, trustedProxies }: Config): readonly string[] => [
  ...(tls ? [`tls from ${tls.minVersion} on${tls.clientCa ? ', with certificates of clients' : ''}`] : []),
  ...(proxyProtocol ? ['each connection has a PROXY header'] : []),
  ...(trustedProxies.length > 0 ? [`proxies ${trustedProxies.join(' ')} are believed`] : []),
];

/** How many secrets there are, but not which. */
const callerLines = ({ wcs: { secrets, addresses } }: Config): readonly string[] => [
  ...(secrets.length > 0 ? [`signed by one of ${secrets.length}`] : []),
  ...(addresses.length > 0 ? [`callers ${addresses.join(' ')}`] : []),
];

const sharedLines = ({ cache: { sessions, redis } }: Config): readonly string[] => {
  const isUsual = sessions.entries === 100_000 && sessions.keepFor === 86_400_000;
  const usual = isUsual ? [] : [`sessions ${sessions.entries} for ${formatDuration(sessions.keepFor)}`];
  if (!redis) return usual;
  const parts = [
    `redis ${maskUserinfo(redis.url)} ${redis.prefix}* within ${formatDuration(redis.budget)}`,
    ...(redis.ca ? [`ca of ${redis.ca.length} bytes`] : []),
    ...(redis.sentinelPassword === undefined ? [] : ['sentinels have a password']),
  ];
  return [...usual, parts.join('; ')];
};

const appLines = (app: App, hooks: readonly string[]): readonly string[] => {
  const { breaker, concurrency } = app;
  const state = breaker
    ? `${breaker.minCalls} in ${formatDuration(breaker.window)}, ${formatShare(breaker.errorShare)} or ${formatShare(breaker.slowShare)} over ${formatShare(breaker.slowAfter)}, open ${formatDuration(breaker.openFor)} to ${formatDuration(breaker.maxOpenFor)}, ${breaker.probes} probes`
    : 'off';
  const { tls } = app;
  const security = tls
    ? `; tls ${tls.insecure ? 'insecure' : 'verified'}${tls.ca ? `, ca of ${tls.ca.length} bytes` : ''}${tls.client ? ', with a certificate' : ''}${tls.serverName ? ` as ${tls.serverName}` : ''}`
    : '';
  const groups = Map.groupBy(hooks, hook => app.settings(hook));
  return [
    `app ${app.name} at ${app.path || '/'} to ${app.upstreams.join(' ')}${app.credentials ? ` for ${app.credentials.username}` : ''}`,
    `  connect ${formatDuration(app.connectLimit)}; breaker ${state}; concurrency ${concurrency.max}+${concurrency.queue}${security}`,
    ...[...groups].map(([settings, names]) => `  ${listed(names, 4)}: ${settingsText(settings)}`),
  ];
};

const settingsText = ({
  limit,
  attemptLimit,
  idempotent,
  hedge,
  retry,
  fallback,
  key,
  keepFor,
  acknowledge,
}: HookSettings): string => {
  const parts = [
    `limit ${formatDuration(limit)}/${formatDuration(attemptLimit)}`,
    idempotent ? 'idempotent' : '',
    hedge ? `hedge ${JSON.stringify(hedge)}` : 'no hedge',
    retry ? `retry ${retry.attempts} ${formatDuration(retry.backoff)} ${formatShare(retry.budget)}` : 'no retry',
    `fallback ${JSON.stringify(fallback, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value))}`,
    key ? `key ${key.join('+')}` : '',
    `keep ${formatDuration(keepFor)}`,
    ...(acknowledge === 'first' ? ['acknowledge first'] : []),
  ];
  return parts.filter(part => part !== '').join('; ');
};
