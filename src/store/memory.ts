import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { count, size } from '../options/fields.ts';
import type { Kind, Store } from './store.ts';

/** How many entries are kept, and in how much memory. */
export const MemoryOptions = z.strictObject({
  // The cache reserves room for all entries at once.
  entries: count().max(10_000_000, { error: 'is more than 10000000; name fewer entries' }).default(10_000),
  bytes: size().prefault('64MiB'),
});
export type MemoryOptions = z.output<typeof MemoryOptions>;

/** One entry may take this much at most, lest a single huge one push out thousands. */
const MAX_ENTRY_BYTES = 256 * 1024;
/** What the map, the list and the objects of an entry take beside its text; measured, rounded up. */
const ENTRY_OVERHEAD_BYTES = 512;

/**
 * No key of anybody. The cache wipes all its room when its last entry is deleted, which takes as long as there is room:
 * 0.3 ms for 100,000 entries. Where sessions come and go one by one that is each time, so something else stays.
 */
const STAYS = '';

const boundBytes = <Value>(kind: Kind<Value>, bytes: number) => ({
  maxSize: Math.max(1, bytes),
  maxEntrySize: Math.max(1, Math.min(bytes, MAX_ENTRY_BYTES)),
  // Two bytes a character is what a string takes at worst.
  sizeCalculation: (value: Value, key: string) => ENTRY_OVERHEAD_BYTES + 2 * key.length + kind.sizeOf(value),
});

/** A store that can look at what it has in memory at once. */
export interface MemoryStore<Value> extends Store<Value> {
  /** Entries now, expired ones included that nobody has asked for since. */
  readonly size: number;
  /** What is under `key`, without counting as a use of it. */
  peek(key: string): Value | undefined;
  /** How long it is still good for, in milliseconds; 0 for what is not there. */
  leftMs(key: string): number;
  keys(): Iterable<string>;
}

/**
 * Keeps values in this process, the most recently used ones, within `entries` and, where it is given, `bytes`.
 * Sets no timer. `told` hears of each `get` whether there was something.
 */
export const memoryStore = <Value extends object>(
  kind: Kind<Value>,
  { entries, bytes }: { readonly entries: number; readonly bytes?: number },
  told: (result: 'hit' | 'miss') => void = () => {},
): MemoryStore<Value> => {
  const values = new LRUCache<string, Value>({
    max: entries,
    ...(bytes === undefined ? {} : boundBytes(kind, bytes)),
    // Else the cache sets a timer to remember what time it is.
    ttlResolution: 0,
  });
  /** Most values confirm the last one. A new object for each would be garbage that has grown old. */
  const entryFor = (old: Value | undefined, value: Value): Value => {
    if (!old || !kind.saysTheSame(old, value)) return kind.own(value);
    kind.redate(old, value);
    return old;
  };

  const remove = (key: string): void => {
    if (values.size === 1 && values.has(key)) values.set(STAYS, {} as Value, bytes === undefined ? {} : { size: 1 });
    values.delete(key);
  };

  return {
    get size() {
      return values.size - (values.has(STAYS) ? 1 : 0);
    },
    peek: key => values.peek(key),
    leftMs: key => values.getRemainingTTL(key),
    keys: () => values.keys().filter(key => key !== STAYS),
    get: async key => {
      const value = values.get(key);
      told(value ? 'hit' : 'miss');
      return value;
    },
    set: (key, value, keepForMs) => {
      // A ttl of 0 would mean "for ever" to the cache.
      if (keepForMs > 0) values.set(key, entryFor(values.peek(key), value), { ttl: keepForMs });
      else remove(key);
    },
    delete: remove,
    close: async () => values.clear(),
  };
};
