import { lookup } from 'node:dns';
import { after, now } from '../core/clock.ts';
import type { Emit } from '../core/events.ts';

/** Gives all addresses of a name, or why there are none. */
export type Ask = (
  host: string,
  told: (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => void,
) => void;

/** As every program of the host sees it: hosts file, search domains, DNS. */
const askSystem: Ask = (host, told) =>
  lookup(host, { all: true, order: 'verbatim' }, (error, found) =>
    told(error, error ? [] : [...new Set(found.map(({ address }) => address))]),
  );

/**
 * So many questions are out at a time, for all names. Each keeps one of the threads that getaddrinfo may have (half of
 * libuv's four) for as long as the resolver is silent, and Redis and others of the process ask too.
 */
const AT_ONCE = 2;
/** … but of names that were not found the last time only one, so that dead ones do not hold up the others. */
const DOUBTFUL_AT_ONCE = 1;
/** So long nobody asks again for a name that nothing is known of. */
const FAILED_FOR_MS = 1000;
/** Questions come up to this share of their interval sooner or later, so that many gateways do not ask in step. */
const JITTER = 0.1;

type Settled = (error: NodeJS.ErrnoException | undefined) => void;

/**
 * One name of a back-end and its addresses as they were told last; they stay when DNS is gone. While somebody watches
 * it, it is asked for anew at the shortest interval that one of them wants.
 */
export class Name {
  readonly host: string;
  readonly #ask: (name: Name) => void;
  readonly #emit: Emit;
  readonly #intervals: number[] = [];
  #stopTimer: (() => void) | undefined = undefined;
  #addresses: readonly string[] = [];
  /** Those that did not connect since they were told. */
  readonly #failed = new Set<string>();
  #turn = 0;
  #isAsking = false;
  #waiting: Settled[] = [];
  #error: NodeJS.ErrnoException | undefined = undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(host: string, ask: (name: Name) => void, emit: Emit) {
    this.host = host;
    this.#ask = ask;
    this.#emit = emit;
  }

  /** True if it was not found the last time. */
  get isDoubtful(): boolean {
    return this.#error !== undefined;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  has(address: string): boolean {
    return this.#addresses.includes(address);
  }

  /** All addresses in the order in which a new connection should try them: each has its turn, those that failed come last. */
  inOrder(): readonly string[] {
    const at = this.#turn++ % Math.max(1, this.#addresses.length);
    const turned = [...this.#addresses.slice(at), ...this.#addresses.slice(0, at)];
    return this.#failed.size === 0 ? turned : turned.sort((a, b) => this.#rank(a) - this.#rank(b));
  }

  /** `address` did not connect; it is tried last until DNS is asked again. */
  fails(address: string): void {
    this.#failed.add(address);
  }

  /** Calls `settled` once there are addresses, or with the reason why there are none. Where some are known it does so at once. */
  whenKnown(settled: Settled): void {
    if (this.#addresses.length > 0) settled(undefined);
    else if (now() - this.#failedAt < FAILED_FOR_MS) settled(this.#error);
    else {
      this.#waiting.push(settled);
      this.ask();
    }
  }

  /** Asks, unless that is being done. */
  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#stopTimer?.();
    this.#ask(this);
  }

  /** The answer to `ask`. */
  take(error: NodeJS.ErrnoException | null, found: readonly string[]): void {
    this.#isAsking = false;
    if (error) this.#fail(error);
    else this.#find(found);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settled of waiting) settled(this.#addresses.length > 0 ? undefined : this.#error);
    this.#schedule();
  }

  /** Has it asked for again every `everyMs` from now on, until what it gives is called. */
  watch(everyMs: number): () => void {
    this.#intervals.push(everyMs);
    this.ask();
    return () => {
      this.#intervals.splice(this.#intervals.indexOf(everyMs), 1);
      if (this.#intervals.length === 0) this.#stopTimer?.();
    };
  }

  #schedule(): void {
    if (this.#intervals.length === 0) return;
    const everyMs = Math.min(...this.#intervals) * (1 - JITTER + 2 * JITTER * Math.random());
    this.#stopTimer = after(everyMs, () => this.ask());
  }

  #fail(error: NodeJS.ErrnoException): void {
    const isFirst = this.#error === undefined;
    this.#error = error;
    this.#failedAt = now();
    this.#tell('failed', isFirst, error.code ?? error.message);
  }

  #find(found: readonly string[]): void {
    const wasLost = this.#error !== undefined;
    const isOther = this.#addresses.length > 0 && !this.#isSame(found);
    this.#error = undefined;
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#failed.clear();
    if (!this.#isSame(found)) this.#addresses = found;
    if (wasLost) this.#tell('found', true, found.join(', '));
    else if (isOther) this.#tell('changed', true, found.join(', '));
  }

  /** A resolver may tell the same addresses in another order each time. */
  #isSame(found: readonly string[]): boolean {
    return found.length === this.#addresses.length && found.every(address => this.has(address));
  }

  #rank(address: string): number {
    return this.#failed.has(address) ? 1 : 0;
  }

  #tell(is: 'failed' | 'found' | 'changed', isNews: boolean, detail: string): void {
    this.#emit({ type: 'dns', host: this.host, is, isNews, known: this.#addresses.length, detail });
  }
}

/**
 * The names of all back-ends. They outlive reloads, so that a configuration read while DNS is gone has the addresses of
 * the one before. As many as configurations have named.
 */
export class Names {
  readonly #askSystem: Ask;
  readonly #emit: Emit;
  readonly #names = new Map<string, Name>();
  readonly #queue: Name[] = [];
  #out = 0;
  #doubtfulOut = 0;

  constructor(emit: Emit, ask: Ask = askSystem) {
    this.#emit = emit;
    this.#askSystem = ask;
  }

  of(host: string): Name {
    const known = this.#names.get(host);
    if (known) return known;
    const name = new Name(host, each => this.#enqueue(each), this.#emit);
    this.#names.set(host, name);
    return name;
  }

  /** True while the system is asked, which nobody can break off: the process would not end before it has an answer. */
  get isAsking(): boolean {
    return this.#out > 0;
  }

  #enqueue(name: Name): void {
    this.#queue.push(name);
    this.#next();
  }

  #next(): void {
    if (this.#out >= AT_ONCE) return;
    const at = this.#queue.findIndex(({ isDoubtful }) => !isDoubtful || this.#doubtfulOut < DOUBTFUL_AT_ONCE);
    const [name] = at < 0 ? [] : this.#queue.splice(at, 1);
    if (!name) return;
    const doubtful = name.isDoubtful ? 1 : 0;
    this.#out++;
    this.#doubtfulOut += doubtful;
    this.#askSystem(name.host, (error, addresses) => {
      this.#out--;
      this.#doubtfulOut -= doubtful;
      name.take(error, addresses);
      this.#next();
    });
  }
}
