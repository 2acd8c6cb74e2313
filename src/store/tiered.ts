import { LRUCache } from 'lru-cache';
import { now } from '../core/clock.ts';
import type { MemoryStore } from './memory.ts';
import type { RemoteStore } from './redis.ts';
import type { Kind } from './store.ts';

/** A value that says the same as before is written again after this share of the time that it is kept for … */
const REWRITE_SHARE = 0.1;
/** … or after this time. Another instance may have heard and written something else in between. */
const LONGEST_UNWRITTEN_MS = 60_000;
/** So many writes that did not arrive are sent again at once. */
const BATCH = 50;

export interface Tiers<Value> {
  readonly kind: Kind<Value>;
  readonly memory: MemoryStore<Value>;
  readonly remote: RemoteStore<Value>;
  /** How many writes are remembered: to leave out what says nothing new, and to make good what did not arrive. */
  readonly entries: number;
}

/** What was last sent to the remote tier, by `now()` and in which of its lives; no value was a deletion. */
interface Sent<Value> {
  readonly value: Value | undefined;
  readonly at: number;
  readonly life: number;
}

/** A write that the remote tier has not confirmed, and until when, by `now()`, its value is to be kept. */
interface Owed {
  readonly until: number;
  isMissed: boolean;
}

/**
 * Memory first, then Redis. What memory has is asked for again in Redis only where another instance may know better.
 * Writes go to both; those that only confirm the last one reach Redis now and then. Until Redis has confirmed a write it
 * is not asked for that key, and what it missed while it was away is sent again when it is back, lest it bring up what
 * the back-end has contradicted since.
 */
class Tiered<Value extends object> implements MemoryStore<Value> {
  readonly #tiers: Tiers<Value>;
  readonly #sent: LRUCache<string, Sent<Value>>;
  readonly #owed: LRUCache<string, Owed>;
  #isMakingGood = false;

  constructor(tiers: Tiers<Value>) {
    this.#tiers = tiers;
    this.#sent = new LRUCache({ max: tiers.entries });
    this.#owed = new LRUCache({ max: tiers.entries });
    tiers.remote.onAnswer(() => void this.#makeGood());
  }

  /** Of the memory. */
  get size(): number {
    return this.#tiers.memory.size;
  }

  /** What memory has. */
  peek(key: string): Value | undefined {
    return this.#tiers.memory.peek(key);
  }

  async get(key: string, withinMs: number): Promise<Value | undefined> {
    const { kind, memory, remote } = this.#tiers;
    const local = await memory.get(key, withinMs);
    if ((local && !kind.isDoubtful(local)) || this.#owed.has(key)) return local;
    const sent = this.#sent.peek(key);
    const found = await remote.find(key, withinMs);
    const current = memory.peek(key);
    // Who wrote in the meantime knows better.
    if (!found || current !== local || this.#sent.peek(key) !== sent) return current;
    if (local && kind.isNewer(local, found.value)) return local;
    memory.set(key, found.value, found.leftMs);
    // It is no longer what Redis has.
    this.#sent.delete(key);
    return found.value;
  }

  set(key: string, value: Value, keepForMs: number): void {
    this.#tiers.memory.set(key, value, keepForMs);
    if (!this.#isKnown(key, value, keepForMs)) void this.#write(key, value, keepForMs);
  }

  delete(key: string): void {
    this.#tiers.memory.delete(key);
    void this.#write(key, undefined, 0);
  }

  async close(): Promise<void> {
    await Promise.all([this.#tiers.memory.close(), this.#tiers.remote.close()]);
  }

  #isKnown(key: string, value: Value, keepForMs: number): boolean {
    const { kind, remote } = this.#tiers;
    const last = this.#sent.get(key);
    if (!last?.value || last.life !== remote.life || !kind.saysTheSame(last.value, value)) return false;
    return now() - last.at < Math.min(keepForMs * REWRITE_SHARE, LONGEST_UNWRITTEN_MS);
  }

  /** True once the remote tier has it. */
  async #write(key: string, value: Value | undefined, keepForMs: number): Promise<boolean> {
    const { remote } = this.#tiers;
    const owed: Owed = { until: now() + keepForMs, isMissed: false };
    this.#owed.set(key, owed);
    this.#sent.set(key, { value, at: now(), life: remote.life });
    const isThere = await remote.write(key, value, keepForMs);
    if (this.#owed.peek(key) !== owed) return isThere;
    if (isThere) this.#owed.delete(key);
    else this.#miss(key, owed);
    return isThere;
  }

  #miss(key: string, owed: Owed): void {
    owed.isMissed = true;
    this.#sent.delete(key);
  }

  /** Sends again what was missed, until that fails too. */
  async #makeGood(): Promise<void> {
    if (this.#isMakingGood || this.#owed.size === 0) return;
    this.#isMakingGood = true;
    const missed = [...this.#owed.entries()].filter(([, { isMissed }]) => isMissed);
    while (missed.length > 0 && (await this.#sendAgain(missed.splice(0, BATCH))));
    this.#isMakingGood = false;
  }

  /** Writes what memory still has of it, and deletes what it has not; true if all of it arrived. */
  async #sendAgain(missed: readonly (readonly [string, Owed])[]): Promise<boolean> {
    const { memory } = this.#tiers;
    const still = missed.filter(([key, owed]) => this.#owed.peek(key) === owed);
    const writes = still.map(([key, { until }]) => this.#write(key, memory.peek(key), until - now()));
    return (await Promise.all(writes)).every(isThere => isThere);
  }
}

/** A store of two tiers. It owns both; its size is that of the memory. */
export const tieredStore = <Value extends object>(tiers: Tiers<Value>): MemoryStore<Value> => new Tiered(tiers);
