import { randomBytes } from 'node:crypto';
import { now } from '../core/clock.ts';

interface Bucket {
  tokens: number;
  /** When the tokens were counted. */
  at: number;
}

/** So many clients have a bucket of their own at a time. */
const MOST_CLIENTS = 10_000;
/** Those who come while there is no place for another share these. */
const SHARED = 1024;
/** So many are looked at for each newcomer, so that idle ones go faster than new ones come. */
const LOOKS = 4;

export interface BucketSize {
  /** How many tokens come back in a second. */
  readonly perSecond: number;
  /** How many there are at most. */
  readonly burst: number;
}

/**
 * Token buckets, one for each client; each begins full. Nobody gets more tokens than one burst and what the time has
 * brought back. A bucket that is full again says no more than a new one, so it may be forgotten. While there is no
 * place, newcomers share buckets, by a hash that nobody outside can foretell: a flood of made-up clients takes nothing
 * from those who have their own, and from each other newcomer only if it hits the same one of many. Who gets a place
 * later begins with what the shared one has left: a full one would be a second burst.
 */
export class Buckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #mostClients: number;
  /** From empty to full. */
  readonly #fillMs: number;
  readonly #own = new Map<string, Bucket>();
  readonly #shared: readonly Bucket[];
  readonly #seed = randomBytes(4).readInt32LE();

  constructor({ perSecond, burst }: BucketSize, mostClients = MOST_CLIENTS) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#mostClients = mostClients;
    this.#fillMs = burst / this.#perMs;
    const at = now();
    this.#shared = Array.from({ length: SHARED }, () => ({ tokens: burst, at }));
  }

  /** How many clients have a bucket of their own. */
  get size(): number {
    return this.#own.size;
  }

  /** Takes a token of `client`; false if there is none. */
  take(client: string): boolean {
    const at = now();
    const bucket = this.#own.get(client) ?? this.#begin(client, at);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (at - bucket.at) * this.#perMs);
    bucket.at = at;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #begin(client: string, at: number): Bucket {
    this.#forgetIdle(at);
    const shared = this.#shared[this.#hash(client) % SHARED] as Bucket;
    if (this.#own.size >= this.#mostClients) return shared;
    const bucket = { ...shared };
    this.#own.set(client, bucket);
    return bucket;
  }

  /** Looks at those that were looked at longest ago; one that is not full yet goes behind the others. */
  #forgetIdle(at: number): void {
    let looks = 0;
    for (const [client, bucket] of this.#own) {
      if (looks++ === LOOKS) return;
      this.#own.delete(client);
      if (at - bucket.at < this.#fillMs) this.#own.set(client, bucket);
    }
  }

  /** FNV-1a. */
  #hash(client: string): number {
    let hash = this.#seed;
    for (let i = 0; i < client.length; i++) hash = Math.imul(hash ^ client.charCodeAt(i), 16_777_619);
    return hash >>> 0;
  }
}
