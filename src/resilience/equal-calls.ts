import type { Call } from '../core/call.ts';

/** A power of two, well above the calls that are out at a time. */
export const BUCKETS = 1024;

/** Four bytes of `body`, little end first. */
const wordAt = (body: Buffer, at: number): number =>
  (body[at] as number) |
  ((body[at + 1] as number) << 8) |
  ((body[at + 2] as number) << 16) |
  ((body[at + 3] as number) << 24);

/**
 * Which of the BUCKETS the calls with this body are in. FNV-1a over words, of which a long body gives every n-th: it
 * only spreads, equality is looked at in full.
 */
export const bucketOf = (body: Buffer): number => {
  const step = 4 * (1 + (body.length >> 12));
  let hash = 0x811c9dc5 ^ body.length;
  for (let at = body.length - 4; at >= 0; at -= step) hash = Math.imul(hash ^ wordAt(body, at), 0x01000193);
  // Multiplying spreads upwards only, so the upper bits are the better ones.
  return (hash ^ (hash >>> 13) ^ (hash >>> 22)) & (BUCKETS - 1);
};

/** Calls are equal if hook, query, credentials and every byte of the body are. */
export const isEqual = (a: Call, b: Call): boolean =>
  a.hook === b.hook && a.query === b.query && a.authorization === b.authorization && a.body.equals(b.body);
