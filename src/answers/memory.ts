import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { count, size } from '../options/fields.ts';
import type { Store, Verdict } from './store.ts';

/** `cache.memory`: how many last good answers are kept, and in how much memory. */
export const MemoryOptions = z.strictObject({
  // The cache reserves room for all entries at once.
  entries: count().max(10_000_000, { error: 'is more than 10000000; name fewer entries' }).default(10_000),
  bytes: size().prefault('64MiB'),
});
export type MemoryOptions = z.output<typeof MemoryOptions>;

/** One verdict may take this much at most, lest a single huge answer push out thousands. */
const MAX_ENTRY_BYTES = 256 * 1024;
/** What the map, the list and the objects of an entry take beside its text; measured, rounded up. */
const ENTRY_OVERHEAD_BYTES = 512;

// Two bytes a character is what a string takes at worst.
const sizeOf = (verdict: Verdict, key: string): number =>
  ENTRY_OVERHEAD_BYTES + 2 * key.length + (verdict.status === 200 ? 2 * verdict.patch.length : verdict.body.length);

const isSame = (a: Verdict, b: Verdict): boolean =>
  a.status === 200
    ? b.status === 200 && a.patch === b.patch
    : b.status === 403 && a.contentType === b.contentType && a.body.equals(b.body);

/** A verdict in memory may be confirmed: said again, it gets a new date and stays the same object. */
type Entry = Verdict & { storedAt: number };

/** Keeps verdicts in this process, the most recently used ones, within `entries` and `bytes`. Sets no timer. */
export const memoryStore = ({ entries, bytes }: MemoryOptions): Store => {
  const verdicts = new LRUCache<string, Entry>({
    max: entries,
    maxSize: Math.max(1, bytes),
    maxEntrySize: Math.max(1, Math.min(bytes, MAX_ENTRY_BYTES)),
    sizeCalculation: sizeOf,
    // Else the cache sets a timer to remember what time it is.
    ttlResolution: 0,
  });
  return {
    get: async key => {
      const entry = verdicts.get(key);
      return entry && { ...entry };
    },
    set: (key, verdict, keepForMs) => {
      const old = verdicts.peek(key);
      // Most verdicts confirm the last one. A new object for each would be garbage that has grown old.
      const entry = old && isSame(old, verdict) ? Object.assign(old, { storedAt: verdict.storedAt }) : { ...verdict };
      // A ttl of 0 would mean "for ever" to the cache.
      if (keepForMs > 0) verdicts.set(key, entry, { ttl: keepForMs });
      else verdicts.delete(key);
    },
    delete: key => void verdicts.delete(key),
    close: async () => verdicts.clear(),
  };
};
