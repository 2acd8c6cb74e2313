import { type Draft, type DraftApp, originOf } from './draft.ts';
import { hookLayers } from './layers.ts';
import { formatDuration } from './text.ts';
import type { Finding } from './validate.ts';

/** What is kept of sessions and verdicts, where it does less than is probably meant. */
export const cacheDoubts = (draft: Draft): readonly Finding[] => [
  ...draft.apps.flatMap(app => provisionals(draft, app)),
  ...idleOptions(draft),
  ...longBudget(draft),
  ...idleWithRedis(draft),
];

const provisionals = ({ root }: Draft, app: DraftApp): readonly Finding[] => {
  const { fallback } = app.settings('connect');
  const at = fallback === 'auto' ? -1 : fallback.indexOf('provisional');
  const path = originOf(hookLayers(app.layers, 'connect'), ['fallback']);
  if (at < 0 || !path) return [];
  const message =
    'provisional lets sessions begin that nobody has judged, and protects only apps whose deciding hooks are registered in WCS (add app-rest-method -a)';
  const restart =
    '; after a restart no session is known here, and deciding hooks of all that go on get 503 until they connect anew, unless cache.redis is set';
  return [{ path: [...path, at], message: root.cache.redis ? message : message + restart }];
};

/** Options of Redis that its URL leaves no use for. */
const idleOptions = ({ root: { cache } }: Draft): readonly Finding[] => {
  const { url = '', ca, sentinelPassword } = cache.redis ?? {};
  const path = ['cache', 'redis'];
  return [
    ...(ca !== undefined && !/^rediss/.test(url)
      ? [
          {
            path: [...path, 'ca'],
            message: 'is never used: the URL asks for no TLS; write rediss in it, or take ca out',
          },
        ]
      : []),
    ...(sentinelPassword !== undefined && !/^rediss?\+sentinel/.test(url)
      ? [{ path: [...path, 'sentinelPassword'], message: 'is never used: the URL names no sentinels; take it out' }]
      : []),
  ];
};

/** A call waits for Redis out of its own limit, and more than once where it asks for more than one thing. */
const longBudget = ({ root: { cache }, apps }: Draft): readonly Finding[] => {
  const budget = cache.redis?.budget ?? 0;
  const shortest = Math.min(...apps.flatMap(app => app.hooks.map(hook => app.settings(hook).limit)));
  if (budget * 4 <= shortest) return [];
  const message = `is ${formatDuration(budget)}, which a call may lose to Redis out of a limit of ${formatDuration(shortest)}`;
  return [{ path: ['cache', 'redis', 'budget'], message: `${message}; write far less, such as 20ms` }];
};

/** Keys of the folder that a journal in Redis leaves no use for. */
const idleWithRedis = ({ root: { events }, data }: Draft): readonly Finding[] => {
  if (!events.redis) return [];
  const written = (data as { readonly events?: object }).events ?? {};
  return ['dir', 'key']
    .filter(key => Object.hasOwn(written, key))
    .map(key => ({
      path: ['events', key],
      message: 'is not used with events.redis, where nothing is encrypted or put in a folder; take it out',
    }));
};
