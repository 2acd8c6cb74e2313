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
  /** True if values are often set to what they say already; those writes are left out for a while. */
  readonly areConfirmed: boolean;
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
  /** True for what Redis had before it went: it is written only where there is nothing now. */
  readonly isRefill: boolean;
}

/**
 * Memory first, then Redis. What memory has is asked for again in Redis only where another instance may know better; a
 * Redis that answers and has nothing says that another one has taken it out. Writes go to both; those that only confirm the
 * last one reach Redis now and then. Until Redis has confirmed a write it is not asked for that key. When it is back, what
 * it missed is sent again, lest it bring up what the back-end has contradicted since, and what it may have lost is put
 * back where nothing else is.
 */
class Tiered<Value extends object> implements MemoryStore<Value> {
  readonly #tiers: Tiers<Value>;
  readonly #sent: LRUCache<string, Sent<Value>>;
  readonly #owed: LRUCache<string, Owed>;
  #isMakingGood = false;
  /** The life of Redis in which all that memory has was sent to it. */
  #life: number;

  constructor(tiers: Tiers<Value>) {
    this.#tiers = tiers;
    this.#sent = new LRUCache({ max: tiers.entries });
    this.#owed = new LRUCache({ max: tiers.entries });
    this.#life = tiers.remote.life;
    tiers.remote.onAnswer(() => this.#onAnswer());
  }

  /** Of the memory. */
  get size(): number {
    return this.#tiers.memory.size;
  }

  /** What memory has, as of the next two. */
  peek(key: string): Value | undefined {
    return this.#tiers.memory.peek(key);
  }

  leftMs(key: string): number {
    return this.#tiers.memory.leftMs(key);
  }

  keys(): Iterable<string> {
    return this.#tiers.memory.keys();
  }

  async get(key: string, withinMs: number): Promise<Value | undefined> {
    const { kind, memory, remote } = this.#tiers;
    const local = await memory.get(key, withinMs);
    if ((local && !kind.isDoubtful(local)) || this.#owed.has(key)) return local;
    const sent = this.#sent.peek(key);
    const found = await remote.find(key, withinMs);
    const current = memory.peek(key);
    // Who wrote in the meantime knows better.
    const isOvertaken = current !== local || this.#owed.has(key) || this.#sent.peek(key) !== sent;
    if (found === undefined || isOvertaken) return current;
    if (found === null) return this.#lose(key);
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

  /** Another instance has taken it out. */
  #lose(key: string): undefined {
    this.#tiers.memory.delete(key);
    this.#sent.delete(key);
  }

  #onAnswer(): void {
    const { life } = this.#tiers.remote;
    if (this.#life !== 0 && this.#life !== life) this.#oweAll();
    this.#life = life;
    void this.#makeGood();
  }

  /** Redis may have come back without what it had. */
  #oweAll(): void {
    const { memory } = this.#tiers;
    for (const key of memory.keys()) {
      const owed = { until: now() + memory.leftMs(key), isMissed: true, isRefill: true };
      if (!this.#owed.has(key)) this.#owed.set(key, owed);
    }
  }

  #isKnown(key: string, value: Value, keepForMs: number): boolean {
    const { kind, remote } = this.#tiers;
    const last = this.#sent.get(key);
    if (!last?.value || last.life !== remote.life || !kind.saysTheSame(last.value, value)) return false;
    return now() - last.at < Math.min(keepForMs * REWRITE_SHARE, LONGEST_UNWRITTEN_MS);
  }

  /** True once the remote tier has it. */
  async #write(key: string, value: Value | undefined, keepForMs: number): Promise<boolean> {
    const { remote, areConfirmed } = this.#tiers;
    const owed: Owed = { until: now() + keepForMs, isMissed: false, isRefill: false };
    this.#owed.set(key, owed);
    if (areConfirmed) this.#sent.set(key, { value, at: now(), life: remote.life });
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
    const writes = still.map(([key, owed]) =>
      owed.isRefill ? this.#refill(key, owed) : this.#write(key, memory.peek(key), owed.until - now()),
    );
    return (await Promise.all(writes)).every(isThere => isThere);
  }

  async #refill(key: string, owed: Owed): Promise<boolean> {
    const { memory, remote } = this.#tiers;
    const value = memory.peek(key);
    const isThere = value === undefined || (await remote.fill(key, value, owed.until - now()));
    if (isThere && this.#owed.peek(key) === owed) this.#owed.delete(key);
    return isThere;
  }
}

/** A store of two tiers. It owns both; its size is that of the memory. */
export const tieredStore = <Value extends object>(tiers: Tiers<Value>): MemoryStore<Value> => new Tiered(tiers);
