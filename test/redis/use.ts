import { VERDICTS, type Verdict } from '../../src/answers/verdicts.ts';
import type { Event } from '../../src/core/events.ts';
import { type MemoryStore, memoryStore } from '../../src/store/memory.ts';
import { type Lookup, type RemoteStore, redisStore } from '../../src/store/redis.ts';
import { createRedisClient } from '../../src/store/redis-client.ts';
import { readRedisUrl } from '../../src/store/redis-url.ts';
import { SharedRedis } from '../../src/store/shared-redis.ts';
import { tieredStore } from '../../src/store/tiered.ts';
import { until } from '../poll.ts';

/** One instance of Breakwater, as far as its Redis goes. */
export interface Instance {
  readonly redis: SharedRedis;
  readonly remote: RemoteStore<Verdict>;
  readonly events: Extract<Event, { type: 'redis' }>[];
  readonly lookups: Lookup[];
  isConnected(): boolean;
  close(): void;
}

export interface InstanceOptions {
  readonly url: string;
  readonly ca?: Buffer | undefined;
  readonly budgetMs?: number;
}

/** Connects. Unless it is said, the budget is one that a busy machine keeps too. */
export const createInstance = ({ url, ca, budgetMs = 1000 }: InstanceOptions): Instance => {
  const address = readRedisUrl(url);
  if (!address) throw new Error(`no URL of Redis: ${url}`);
  const events: Instance['events'] = [];
  const lookups: Lookup[] = [];
  const client = createRedisClient({ address, ca });
  const emit = (event: Event) => {
    if (event.type === 'redis') events.push(event);
  };
  const redis = new SharedRedis({ address, budgetMs, prefix: 'breakwater:' }, emit, client);
  const remote = redisStore({ redis, kind: VERDICTS, told: result => lookups.push(result) });
  const isConnected = () => client.status === 'ready';
  return { redis, remote, events, lookups, isConnected, close: () => redis.close() };
};

/** A tiered store in front of an instance's Redis. */
export const tieredOver = ({ remote }: Instance, entries = 10_000): MemoryStore<Verdict> =>
  tieredStore({
    kind: VERDICTS,
    memory: memoryStore(VERDICTS, { entries, bytes: 64 << 20 }),
    remote,
    entries,
    areConfirmed: true,
  });

/** Waits until Redis is used: the demand is that this takes no longer than 5 s. */
export const untilUp = ({ redis, events }: Instance, deadlineMs = 5000): Promise<unknown> =>
  until(() => redis.isUp, { what: `Redis is in use (${JSON.stringify(events.at(-1))})`, deadlineMs });

export const untilDown = ({ redis }: Instance): Promise<unknown> =>
  until(() => !redis.isUp, { what: 'Redis is left alone' });
