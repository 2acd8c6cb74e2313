import { z } from 'zod';
import { GatewayError } from '../core/errors.ts';
import { duration } from '../options/fields.ts';
import { readRedisUrl, redisUrlFault } from './redis-url.ts';

const text = (wanted: string) =>
  z.string({ error: ({ input }) => `is ${input === undefined ? 'missing' : 'no text'}; write ${wanted}` });

/** `cache.redis`: a Redis that instances share. `ca` is the path of a file as written. */
export const RedisOptions = z.strictObject({
  url: text('a URL such as redis://127.0.0.1:6379/0').refine(url => redisUrlFault(url) === undefined, {
    error: issue => redisUrlFault(String(issue.input)) ?? '',
  }),
  prefix: text('a prefix such as breakwater:').default('breakwater:'),
  budget: duration().prefault('20ms'),
  ca: text('the path of a PEM file').min(1, { error: 'is empty; write the path of a PEM file' }).optional(),
  sentinelPassword: text('a password').optional(),
});
export type RedisOptions = z.output<typeof RedisOptions>;

/** The same as read: `ca` is the content of its file. */
export type LoadedRedisOptions = Omit<RedisOptions, 'ca'> & { readonly ca: Buffer | undefined };

/** What who connects needs of them. */
export const connectionOf = ({ url, prefix, budget: budgetMs, ca, sentinelPassword }: LoadedRedisOptions) => {
  const address = readRedisUrl(url);
  if (!address) throw new GatewayError('internal', 'redis.url is no URL of Redis');
  return { address, prefix, budgetMs, ca, sentinelPassword };
};

/** `events.redis`: the same, but a write that must be on disk there takes longer than a look. */
export const RedisJournalOptions = RedisOptions.extend({ budget: duration().prefault('500ms') });
