import type { Loaded } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problems.ts';
import { maskUserinfo } from '../../src/config/secrets.ts';
import { formatDuration, formatShare, formatSize, listed } from '../../src/config/text.ts';
import type { App, Backed, Config, HookSettings } from '../../src/config/types.ts';
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
    ...clientLines(config),
    ...callerLines(config),
    ...sharedLines(config),
    ...answersLine(config),
  ];
  const apps = config.apps.flatMap((app, at) => appLines(app, draft.apps[at]?.hooks ?? []));
  const others = config.passthrough
    ? [`all else to ${config.passthrough.upstreams.join(' ')}`, ...backedLines(config.passthrough)]
    : [];
  const routes = [...config.apps, ...[config.passthrough ?? []].flat()].flatMap(routeLines);
  return `${[...root, ...apps, ...others, ...routes].join('\n')}\n`;
};

/** What one client may have, where that is not the usual. */
const clientLines = ({ limits: { perAddress, headersWithin, bodyRate, rate } }: Config): readonly string[] => {
  const isUsual = perAddress === 0 && headersWithin === 10_000 && bodyRate === 1024 && !rate;
  if (isUsual) return [];
  const calls = rate ? `; ${rate.calls}+${rate.burst} calls by ${rate.by}` : '';
  return [
    `clients: ${perAddress} connections, headers ${formatDuration(headersWithin)}, body ${formatSize(bodyRate)}/s${calls}`,
  ];
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

const throughText = ({ passthrough }: Backed): string => {
  if (!passthrough) return '';
  const { firstByte, idle, limit, upgrades } = passthrough;
  return `; lets through: ${[firstByte, idle, limit].map(ms => (ms === 0 ? 'no limit' : formatDuration(ms))).join(', ')}, ${upgrades} upgrades`;
};

const securityText = ({ tls }: Backed): string =>
  tls
    ? `; tls ${tls.insecure ? 'insecure' : 'verified'}${tls.ca ? `, ca of ${tls.ca.length} bytes` : ''}${tls.client ? ', with a certificate' : ''}${tls.serverName ? ` as ${tls.serverName}` : ''}`
    : '';

const backedLines = (backed: Backed): readonly string[] => {
  const { breaker, concurrency } = backed;
  const state = breaker
    ? `${breaker.minCalls} in ${formatDuration(breaker.window)}, ${formatShare(breaker.errorShare)} or ${formatShare(breaker.slowShare)} over ${formatShare(breaker.slowAfter)}, open ${formatDuration(breaker.openFor)} to ${formatDuration(breaker.maxOpenFor)}, ${breaker.probes} probes`
    : 'off';
  return [
    `  connect ${formatDuration(backed.connectLimit)}; breaker ${state}; concurrency ${placesText(concurrency)}+${concurrency.queue}${throughText(backed)}${securityText(backed)}`,
    ...replicaLines(backed),
  ];
};

const appLines = (app: App, hooks: readonly string[]): readonly string[] => {
  const groups = Map.groupBy(hooks, hook => app.settings(hook));
  return [
    `app ${app.name} at ${app.path || '/'} to ${app.upstreams.join(' ')}${app.credentials ? ` for ${app.credentials.username}` : ''}`,
    ...backedLines(app),
    ...[...groups].map(([settings, names]) => `  ${listed(names, 4)}: ${settingsText(settings)}`),
  ];
};

const placesText = ({ max, floor, ceiling }: App['concurrency']): string =>
  max === 'auto' ? `auto ${floor} to ${ceiling}` : String(max);

/** Only what is not as usual. */
const replicaLines = ({ ejection, slowStart, health, resolve }: Backed): readonly string[] => {
  const { failures, errorShare, slowerThan, for: forMs, maxFor } = ejection || {};
  const rules = ejection
    ? `${failures} failures, ${formatShare(errorShare ?? 0)}, ${slowerThan} times, for ${formatDuration(forMs ?? 0)} to ${formatDuration(maxFor ?? 0)}`
    : 'off';
  const check = health
    ? `; GET ${health.path} every ${formatDuration(health.interval)} within ${formatDuration(health.timeout)}, ${health.healthy} in, ${health.unhealthy} out`
    : '';
  const text = `ejection ${rules}; slow start ${formatDuration(slowStart)}${check}; names every ${formatDuration(resolve)}`;
  return text === USUAL ? [] : [`  ${text}`];
};

const USUAL = 'ejection 5 failures, 20%, 3 times, for 10s to 5m; slow start 10s; names every 30s';

const answersLine = ({ cache: { answers } }: Config): readonly string[] => {
  const isUsual = answers.bytes === 64 * 1024 ** 2 && answers.each === 1024 ** 2;
  return isUsual ? [] : [`answers ${formatSize(answers.bytes)}, each ${formatSize(answers.each)}`];
};

/** What holds for the paths of an app, or of none, by the globs that are written. */
const routeLines = ({ name, passthrough, findRoute }: Backed): readonly string[] =>
  Object.keys(passthrough ? passthrough.routes : {}).map(glob => {
    const { fallback, keepFor, limit, personal } = findRoute(glob) ?? {};
    const parts = [
      `fallback ${JSON.stringify(fallback, readable)}`,
      `keep ${formatDuration(keepFor ?? 0)}`,
      ...(limit === undefined ? [] : [`limit ${formatDuration(limit)}`]),
      ...(personal ? ['personal'] : []),
    ];
    return `route ${glob} of ${name}: ${parts.join('; ')}`;
  });

/** Shows bytes as the text that they are. */
const readable = (
  _key: string,
  value: { readonly type?: unknown; readonly data?: readonly number[] } | null,
): unknown => (value?.type === 'Buffer' ? Buffer.from(value.data ?? []).toString() : value);

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
  priority,
}: HookSettings): string => {
  const parts = [
    `limit ${formatDuration(limit)}/${formatDuration(attemptLimit)}`,
    idempotent ? 'idempotent' : '',
    hedge ? `hedge ${JSON.stringify(hedge)}` : 'no hedge',
    retry ? `retry ${retry.attempts} ${formatDuration(retry.backoff)} ${formatShare(retry.budget)}` : 'no retry',
    `fallback ${JSON.stringify(fallback, readable)}`,
    key ? `key ${key.join('+')}` : '',
    `keep ${formatDuration(keepFor)}`,
    ...(acknowledge === 'first' ? ['acknowledge first'] : []),
    ...(priority === 'auto' ? [] : [`priority ${priority}`]),
  ];
  return parts.filter(part => part !== '').join('; ');
};
