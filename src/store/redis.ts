import { isRefusal, type SharedRedis } from './shared-redis.ts';
import type { Kind, Store } from './store.ts';

/** How a look-up ended; the words of `breakwater_cache_requests_total`. */
export type Lookup = 'hit' | 'miss' | 'error' | 'timeout';

export interface RedisStoreOptions<Value> {
  readonly redis: SharedRedis;
  readonly kind: Kind<Value>;
  /** Hears how each look-up ended. */
  readonly told: (result: Lookup) => void;
}

/** A value and how long it is still good for. */
export interface Found<Value> {
  readonly value: Value;
  readonly leftMs: number;
}

/** A store that tells more than others, for one that stands in front of it. */
export interface RemoteStore<Value> extends Store<Value> {
  /** Like `get`, and tells how long the value is still good for. Null: there is none. Nothing: Redis did not say. */
  find(key: string, withinMs: number): Promise<Found<Value> | null | undefined>;
  /** Like `set`, and like `delete` without a value; false if Redis may still have what was there before. */
  write(key: string, value: Value | undefined, keepForMs: number): Promise<boolean>;
  /** Writes it only where there is nothing; false if it is not known what there is now. */
  fill(key: string, value: Value, keepForMs: number): Promise<boolean>;
  /** Another number each time that Redis is back, maybe without what it held. */
  readonly life: number;
  /** Has `run` called now and then while Redis answers, for the first time when it is back. */
  onAnswer(run: () => void): void;
}

/** Larger texts, in characters, are not worth their way. */
const MAX_TEXT = 256 * 1024;

/** The text in Redis: until when it is good, in epoch ms, and the value. */
const TEXT = /^(\d{1,15}) /;

const read = <Value>(kind: Kind<Value>, text: string): Found<Value> | undefined => {
  const [head = '', until = '0'] = TEXT.exec(text) ?? [];
  const leftMs = Number(until) - Date.now();
  const value = leftMs > 0 ? kind.decode(text.slice(head.length)) : undefined;
  return value === undefined ? undefined : { value, leftMs };
};

/** Keeps values in Redis. Writes are not waited for, and left out while Redis is down. */
export const redisStore = <Value>({ redis, kind, told }: RedisStoreOptions<Value>): RemoteStore<Value> => {
  const nameOf = (key: string) => `${redis.prefix}${kind.name}:${key}`;

  const remove = (key: string): Promise<boolean> => redis.tell(client => client.del(nameOf(key)));

  const put = (key: string, text: string, keepForMs: number): Promise<boolean> =>
    redis.tell(async client => {
      try {
        await client.set(nameOf(key), `${Date.now() + keepForMs} ${text}`, 'PX', keepForMs);
      } catch (error) {
        // A Redis that is full still deletes. What it would not take contradicts what it has.
        if (isRefusal(error)) await client.del(nameOf(key));
        throw error;
      }
    });

  const write = (key: string, value: Value | undefined, keepForMs: number): Promise<boolean> => {
    const text = value === undefined || keepForMs <= 0 ? '' : kind.encode(value);
    return text === '' || text.length > MAX_TEXT ? remove(key) : put(key, text, Math.ceil(keepForMs));
  };

  const fill = (key: string, value: Value, keepForMs: number): Promise<boolean> => {
    const text = kind.encode(value);
    // It would not be there either if it had been written.
    if (keepForMs <= 0 || text.length > MAX_TEXT) return Promise.resolve(true);
    const ms = Math.ceil(keepForMs);
    return redis.tell(client => client.set(nameOf(key), `${Date.now() + ms} ${text}`, 'PX', ms, 'NX'));
  };

  const find = async (key: string, withinMs: number): Promise<Found<Value> | null | undefined> => {
    const heard = await redis.ask(withinMs, client => client.get(nameOf(key)));
    if (typeof heard !== 'object') {
      told(heard);
      return undefined;
    }
    const found = heard.reply === null ? undefined : read(kind, heard.reply);
    told(found ? 'hit' : 'miss');
    return found ?? null;
  };

  return {
    find,
    get: async (key, withinMs) => (await find(key, withinMs))?.value,
    write,
    fill,
    get life() {
      return redis.life;
    },
    onAnswer: run => redis.onAnswer(run),
    set: (key, value, keepForMs) => void write(key, value, keepForMs),
    delete: key => void write(key, undefined, 0),
    // The connection is shared with other kinds of values.
    close: async () => {},
  };
};
