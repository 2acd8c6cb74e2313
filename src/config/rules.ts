import { networkInterfaces } from 'node:os';
import { formatAddress, isSocketPath, type ListenAddress } from '../core/host-port.ts';
import { findHook } from '../hooks/catalogue.ts';
import { duration } from '../options/fields.ts';
import { isWildcard, reaches, upstreamAddress } from './address.ts';
import { backedBreaches } from './backed-rules.ts';
import { doorBreaches } from './door-rules.ts';
import {
  allRead,
  backedOf,
  type Draft,
  type DraftApp,
  type DraftBacked,
  knowsTimeout,
  originOf,
  timeoutSource,
} from './draft.ts';
import { type Fields, hookLayers } from './layers.ts';
import { passthroughBreaches } from './passthrough-rules.ts';
import { formatPath, type Path } from './problems.ts';
import { answersBreaches, routeAmounts } from './route-rules.ts';
import { defaultLimit } from './settings.ts';
import { shown } from './shown.ts';
import { formatDuration, listed } from './text.ts';
import type { Finding } from './validate.ts';

/**
 * What keys that are right one by one get wrong together: all of it, in no particular order. Where one of them could not
 * be read, nobody knows, and nothing is said.
 */
export const breaches = (draft: Draft): readonly Finding[] => [
  ...listeners(draft),
  ...doorBreaches(draft),
  ...amount(['drain'], 'drain', fieldOf(draft.data, 'drain')),
  ...amount(['wcs', 'requestTimeout'], 'requestTimeout', fieldOf(draft.data, 'wcs', 'requestTimeout')),
  ...amount(['limits', 'headersWithin'], 'headersWithin', fieldOf(draft.data, 'limits', 'headersWithin')),
  ...amount(['cache', 'redis', 'budget'], 'redis.budget', fieldOf(draft.data, 'cache', 'redis', 'budget')),
  ...amount(['events', 'redis', 'budget'], 'redis.budget', fieldOf(draft.data, 'events', 'redis', 'budget')),
  ...amount(['cache', 'sessions', 'keepFor'], 'sessions.keepFor', fieldOf(draft.data, 'cache', 'sessions', 'keepFor')),
  ...amount(['events', 'keepFor'], 'keepFor', fieldOf(draft.data, 'events', 'keepFor')),
  ...duplicates(draft, 'name', 'give each app a name of its own'),
  ...duplicates(draft, 'path', 'give each app a path of its own'),
  ...passthroughBreaches(draft),
  ...backedOf(draft).flatMap(backed => [...upstreams(draft, backed), ...backedBreaches(draft, backed)]),
  ...amountsOf(['passthrough'], fieldOf(draft.data, 'passthrough')),
  ...answersBreaches(draft),
  ...routeAmounts(draft).flatMap(({ path, value }) => amount(path, String(path.at(-1)), value)),
  ...draft.apps.flatMap(app => [
    ...limits(draft, app),
    ...limitsWithinBudget(draft, app),
    ...amounts(app),
    ...app.hooks.flatMap(hook => hookBreaches(draft, app, hook)),
    ...stores(app),
    ...journalBudget(draft, app),
    ...provisionals(app),
    ...early(app),
    ...credentials(draft, app),
  ]),
];

const listeners = ({ root: { listen, admin }, isUnread }: Draft): readonly Finding[] =>
  !isUnread(['listen']) && !isUnread(['admin']) && (reaches(admin, listen) || reaches(listen, admin))
    ? [
        {
          path: ['admin'],
          message: `is ${formatAddress(admin)}, which listen has taken; write another ${isSocketPath(admin) ? 'path' : 'port'}`,
        },
      ]
    : [];

/** `/a` and `/a/` are one path. */
const sameAs = (value: unknown): unknown => (typeof value === 'string' ? value.replace(/(?<=.)\/+$/, '') : value);

/** Looks at what is written, so that an app which is wrong in another key is seen too. */
const duplicates = ({ data, isUnread }: Draft, key: 'name' | 'path', remedy: string): readonly Finding[] => {
  const apps = fieldOf(data, 'apps');
  const values = (Array.isArray(apps) ? apps : []).map((app, at) =>
    isUnread(['apps', at, key]) ? undefined : sameAs(fieldOf(app, key)),
  );
  return values.flatMap((value, at) => {
    const first = values.indexOf(value);
    if (typeof value !== 'string' || first === at) return [];
    return [{ path: ['apps', at, key], message: `is ${shown(value)}, as in apps[${first}]; ${remedy}` }];
  });
};

/** None where a sandbox keeps them secret: then one mistake is not found, and nothing else is amiss. */
const ownAddresses = (): readonly string[] => {
  try {
    return Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address));
  } catch {
    return [];
  }
};

const hitsListener = (target: ListenAddress, listen: ListenAddress): boolean =>
  reaches(target, listen, !isSocketPath(listen) && isWildcard(listen.host) ? ownAddresses() : []);

const upstreams = (draft: Draft, { layers, options: { upstreams: urls } }: DraftBacked): readonly Finding[] =>
  urls.flatMap((url, at) => {
    const { root } = draft;
    const path: Path = [...(originOf(layers.general, ['upstreams']) ?? []), at];
    const target = upstreamAddress(url);
    const hits = (key: 'listen' | 'admin') => !draft.isUnread([key]) && hitsListener(target, root[key]);
    if (urls.indexOf(url) < at) return [{ path, message: `is ${url} a second time; remove it` }];
    if (hits('listen'))
      return [
        {
          path,
          message: `points back at listen (${formatAddress(root.listen)}), so every hook would go in circles; write the address of the back-end`,
        },
      ];
    if (hits('admin'))
      return [{ path, message: `points at admin (${formatAddress(root.admin)}); write the address of the back-end` }];
    return [];
  });

/** Each limit that the file writes, whether a hook comes to it or not. */
const limits = (draft: Draft, { layers }: DraftApp): readonly Finding[] => {
  const most = draft.root.wcs.requestTimeout;
  if (!knowsTimeout(draft)) return [];
  return [...layers.general, ...layers.hooks].flatMap(({ path, data }) => {
    const { data: limit } = duration().safeParse(data.limit);
    if (most === 0 || limit === undefined || limit < most) return [];
    const remedy = `write less, such as ${formatDuration(defaultLimit(most))}`;
    const message = `is ${data.limit}, but WCS gives up after ${formatDuration(most)} (${timeoutSource(draft)}); ${remedy}`;
    return [{ path: [...path, 'limit'], message }];
  });
};

/** True if it is known what the limit of a hook is. */
const knowsLimit = (draft: Draft, { layers }: DraftApp, hook: string): boolean => {
  const own = hookLayers(layers, hook);
  return allRead(draft, own, 'limit') && (originOf(own, ['limit']) !== undefined || knowsTimeout(draft));
};

/** The end of a call, the fallback and the write, beside the look-up. */
const BESIDE_LOOKUP_MS = 30;

/** A call that Redis may keep to its end could only ever be answered without the back-end. */
const limitsWithinBudget = (draft: Draft, app: DraftApp): readonly Finding[] => {
  const { root, isUnread } = draft;
  const budget = root.cache.redis?.budget ?? 0;
  const least = budget + BESIDE_LOOKUP_MS;
  // One that no timer can run is told elsewhere.
  const isKnown = root.cache.redis && budget <= MAX_TIMER_MS && !isUnread(['cache', 'redis', 'budget']);
  const isShort = (hook: string) => app.settings(hook).limit <= least && knowsLimit(draft, app, hook);
  const short = isKnown ? app.hooks.filter(isShort) : [];
  const originOfLimit = (hook: string): Path =>
    originOf(hookLayers(app.layers, hook), ['limit']) ?? ['cache', 'redis', 'budget'];
  return [...Map.groupBy(short, hook => formatPath(originOfLimit(hook))).values()].map(([hook = '']) => {
    const limit = formatDuration(app.settings(hook).limit);
    const message = `the limit is ${limit}, and cache.redis.budget is ${formatDuration(budget)}`;
    const remedy = `write a limit of more than ${formatDuration(least)}, or a shorter budget`;
    return { path: originOfLimit(hook), message: `${message}, which leaves nothing for the back-end; ${remedy}` };
  });
};

const hookBreaches = (draft: Draft, app: DraftApp, hook: string): readonly Finding[] => {
  const layers = hookLayers(app.layers, hook);
  const { limit, attemptLimit, hedge } = app.settings(hook);
  const findings: Finding[] = [];
  if (attemptLimit > limit && knowsLimit(draft, app, hook)) {
    const path = originOf(layers, ['attemptLimit']) ?? [];
    const message = `is ${formatDuration(attemptLimit)}, longer than the limit of ${formatDuration(limit)} that holds here`;
    findings.push({ path, message: `${message}; write at most ${formatDuration(limit)}` });
  }
  if (hedge && hedge.min > hedge.max && allRead(draft, layers, 'hedge.min', 'hedge.max')) {
    const path = originOf(layers, ['hedge', 'min']) ?? originOf(layers, ['hedge', 'max']) ?? [];
    const message = `hedge.min is ${formatDuration(hedge.min)}, longer than hedge.max, ${formatDuration(hedge.max)}`;
    findings.push({ path, message: `${message}; raise max or lower min` });
  }
  return findings;
};

/** A stored event is acknowledged before the back-end has seen it, so its answer must not decide anything. */
const stores = (app: DraftApp): readonly Finding[] => {
  const deciding = app.hooks.filter(hook => usesStore(app, hook) && findHook(hook).decides !== 'never');
  const byOrigin = Map.groupBy(deciding, hook => formatPath(ladderOrigin(app, hook)));
  return [...byOrigin.values()].map(hooks => {
    const path = ladderOrigin(app, hooks[0] ?? '');
    const message = `store acknowledges a call that nobody has judged, and the answer to ${listed(hooks)} decides`;
    return {
      path: [...path, rungAt(app, hooks[0] ?? '', 'store')],
      message: `${message}; write store for notifications only, such as "*StatusEvent"`,
    };
  });
};

/** Who stores must hear from Redis within the limit of the call. */
const journalBudget = (draft: Draft, app: DraftApp): readonly Finding[] => {
  const budget = draft.root.events.redis?.budget ?? 0;
  const isShort = (hook: string) => app.settings(hook).limit <= budget && knowsLimit(draft, app, hook);
  const hook = app.hooks.find(each => findHook(each).decides === 'never' && isShort(each));
  if (hook === undefined) return [];
  const message = `is ${formatDuration(budget)}, and the limit of ${hook} is ${formatDuration(app.settings(hook).limit)}; write less`;
  return [{ path: ['events', 'redis', 'budget'], message }];
};

/** Only a connect can be admitted and verified later. */
const provisionals = (app: DraftApp): readonly Finding[] => {
  const others = app.hooks.filter(hook => hook !== 'connect' && rungAt(app, hook, 'provisional') >= 0);
  const byOrigin = Map.groupBy(others, hook => formatPath(ladderOrigin(app, hook)));
  return [...byOrigin.values()].map(([hook = '', ...more]) => ({
    path: [...ladderOrigin(app, hook), rungAt(app, hook, 'provisional')],
    message: `provisional is for connect alone, and this holds for ${listed([hook, ...more])}; write it under hooks.connect.fallback`,
  }));
};

/** Only what nobody waits for can be acknowledged before the back-end has it. */
const early = (app: DraftApp): readonly Finding[] => {
  const deciding = app.hooks.filter(
    hook => app.settings(hook).acknowledge === 'first' && findHook(hook).decides !== 'never',
  );
  const origin = (hook: string) => originOf(hookLayers(app.layers, hook), ['acknowledge']) ?? [];
  const byOrigin = Map.groupBy(deciding, hook => formatPath(origin(hook)));
  return [...byOrigin.values()].map(hooks => ({
    path: origin(hooks[0] ?? ''),
    message: `first acknowledges a call that nobody has judged, and the answer to ${listed(hooks)} decides; write it for notifications only, such as "*StatusEvent"`,
  }));
};

/** WCS sends both or nothing. */
const credentials = ({ isUnread }: Draft, { index, options }: DraftApp): readonly Finding[] => {
  const { restUsername, restPassword } = options;
  if ((restUsername === undefined) === (restPassword === undefined)) return [];
  const [there, missing] =
    restUsername === undefined ? ['restPassword', 'restUsername'] : ['restUsername', 'restPassword'];
  if (isUnread(['apps', index, missing])) return [];
  return [{ path: ['apps', index, there], message: `stands without ${missing}; write both, or neither` }];
};

const usesStore = (app: DraftApp, hook: string): boolean => rungAt(app, hook, 'store') >= 0;

const rungAt = (app: DraftApp, hook: string, rung: 'store' | 'provisional'): number => {
  const { fallback } = app.settings(hook);
  return fallback === 'auto' ? -1 : fallback.indexOf(rung);
};

const ladderOrigin = (app: DraftApp, hook: string): Path => originOf(hookLayers(app.layers, hook), ['fallback']) ?? [];

const fieldOf = (fields: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce((value, key) => (value as Fields | undefined)?.[key], fields);

const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_KEPT_DAYS = 3650;
const NOT_ZERO: ReadonlySet<string> = new Set(
  'limit attemptLimit connectLimit firstByte idle headersWithin window openFor maxOpenFor errorShare slowAfter slowShare for maxFor interval timeout resolve redis.budget sessions.keepFor'.split(
    ' ',
  ),
);

/** Amounts that no timer or window can be set to. */
const amounts = ({ layers }: DraftApp): readonly Finding[] =>
  [...layers.general, ...layers.hooks].flatMap(({ path, data }) => amountsOf(path, data));

const amountsOf = (path: Path, data: unknown): readonly Finding[] =>
  [[], ['hedge'], ['retry'], ['breaker'], ['ejection'], ['health'], ['passthrough']].flatMap(steps =>
    Object.entries(fieldOf(data, ...steps) ?? {}).flatMap(([key, value]) =>
      amount([...path, ...steps, key], key, value),
    ),
  );

/** The fallback and the write need 10 ms, and the back-end needs some too. */
const LEAST_LIMIT_MS = 20;

const amount = (path: Path, key: string, value: unknown): readonly Finding[] => {
  if (typeof value !== 'string') return [];
  if (NOT_ZERO.has(key) && /^[0.]+\D+$/.test(value)) return [{ path, message: `is ${value}; write more than nothing` }];
  const ms = duration().safeParse(value).data ?? 0;
  if (key === 'limit' && ms < LEAST_LIMIT_MS)
    return [{ path, message: `is ${value}, too little for any back-end; write at least ${LEAST_LIMIT_MS}ms` }];
  if (key.endsWith('keepFor'))
    return ms > MAX_KEPT_DAYS * 86_400_000 ? [{ path, message: `is ${value}; write at most ${MAX_KEPT_DAYS}d` }] : [];
  return ms > MAX_TIMER_MS
    ? [{ path, message: `is ${value}; write less than 24d, which is as long as a timer can run` }]
    : [];
};
