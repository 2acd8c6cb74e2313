import { allRead, type Draft, type DraftBacked, originOf } from './draft.ts';
import { formatDuration } from './text.ts';
import type { Finding } from './validate.ts';

/** What of the keys for upstreams does not go together, of an app or of what no app has; nothing of what could not be read. */
export const backedBreaches = (draft: Draft, backed: DraftBacked): readonly Finding[] => {
  const areRead = (...keys: string[]) => allRead(draft, backed.layers.general, ...keys);
  return [
    ...(areRead('breaker.openFor', 'breaker.maxOpenFor') ? breakers(backed) : []),
    ...(areRead('ejection.for', 'ejection.maxFor') ? ejections(backed) : []),
    ...(areRead('health.path') ? pathless(backed) : []),
    ...(areRead('health.path', 'health.interval', 'health.timeout') ? checks(backed) : []),
    ...(areRead('tls.cert', 'tls.key') ? clientPair(backed) : []),
  ];
};

const breakers = ({ layers, options: { breaker } }: DraftBacked): readonly Finding[] => {
  if (!breaker || breaker.maxOpenFor >= breaker.openFor) return [];
  const path =
    originOf(layers.general, ['breaker', 'maxOpenFor']) ?? originOf(layers.general, ['breaker', 'openFor']) ?? [];
  const message = `breaker.maxOpenFor is ${formatDuration(breaker.maxOpenFor)}, shorter than breaker.openFor`;
  return [{ path, message: `${message}, ${formatDuration(breaker.openFor)}; raise maxOpenFor or lower openFor` }];
};

const ejections = ({ layers, options: { ejection } }: DraftBacked): readonly Finding[] => {
  if (!ejection || ejection.maxFor >= ejection.for) return [];
  const path = originOf(layers.general, ['ejection', 'maxFor']) ?? originOf(layers.general, ['ejection', 'for']) ?? [];
  const message = `ejection.maxFor is ${formatDuration(ejection.maxFor)}, shorter than ejection.for`;
  return [{ path, message: `${message}, ${formatDuration(ejection.for)}; raise maxFor or lower for` }];
};

/** One that `defaults` says holds for each app, so it is missing only once they are merged. */
const pathless = ({ layers, options: { health } }: DraftBacked): readonly Finding[] => {
  if (health === false || health.path !== '') return [];
  const message = 'is missing; write a path that begins with /, such as /health';
  return [{ path: [...(originOf(layers.general, ['health']) ?? []), 'path'], message }];
};

/** One question is out at a time. */
const checks = ({ layers, options: { health } }: DraftBacked): readonly Finding[] => {
  if (!health || health.timeout <= health.interval) return [];
  const origin = (key: string) => originOf(layers.general, ['health', key]);
  const message = `health.timeout is ${formatDuration(health.timeout)}, longer than health.interval`;
  const remedy = 'raise interval or lower timeout';
  const path = origin('timeout') ?? origin('interval') ?? [];
  return [{ path, message: `${message}, ${formatDuration(health.interval)}; ${remedy}` }];
};

/** A certificate is of no use without its key. */
const clientPair = ({ layers, options: { tls } }: DraftBacked): readonly Finding[] => {
  if (!tls || (tls.cert === undefined) === (tls.key === undefined)) return [];
  const [there, missing] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
  const path = originOf(layers.general, ['tls', there]) ?? [];
  return [{ path, message: `stands without tls.${missing}; write both, or neither` }];
};
