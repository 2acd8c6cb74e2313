import { after, now } from '../core/clock.ts';
import type { Emit, RedisState } from '../core/events.ts';
import { type ClientOptions, createRedisClient, inDatabase, type RedisClient } from './redis-client.ts';
import { detailOf } from './redis-detail.ts';
import type { RedisAddress } from './redis-url.ts';

/** So many questions in a row without an answer in time mean that nothing should be asked for now. */
const FAILURES_TO_LEAVE = 3;
const PROBE_MS = 500;
/** Probes go round so many names, which lie on different nodes of a cluster. */
const PROBE_NAMES = 16;
/** Writes that may be under way; more would only grow while Redis is slow. */
const MOST_WRITES = 1000;
const REFUSING_EVERY_MS = 5000;

export interface SharedRedisOptions extends ClientOptions {
  /** Of all names in Redis. */
  readonly prefix: string;
  /** The longest that one question may take, in milliseconds. */
  readonly budgetMs: number;
}

/** Why a question has no answer. */
export type Unanswered = 'timeout' | 'error';

/** What Redis said, or why it said nothing. */
export type Heard<Reply> = { readonly reply: Reply } | Unanswered;

/** `refused`: it is there and in time, but says no to this one. */
type Outcome<Reply> = Heard<Reply> | 'refused';

type Command<Reply> = (client: RedisClient) => Promise<Reply>;

/** Redis itself said no: it is there. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';

/**
 * One Redis, and what keeps it from costing calls more than they can spare.
 *
 * A question ends within its budget. After three in a row without an answer Redis is left alone: nothing is asked or
 * written until a probe is answered within the budget too. A probe asks what calls ask, twice a second beside all calls,
 * so it fails where they would: without an answer, without the right to read, while Redis loads. Writes that Redis
 * refuses (full, read-only) do not end the reading; `refusing` tells of them once in five seconds.
 */
export class SharedRedis {
  /** Of all names in Redis. */
  readonly prefix: string;
  readonly #client: RedisClient;
  readonly #budgetMs: number;
  readonly #address: RedisAddress;
  readonly #secrets: readonly (string | undefined)[];
  readonly #emit: Emit;
  readonly #listeners: (() => void)[] = [];
  #isUp = false;
  #isClosed = false;
  #told: RedisState | undefined;
  #detail = 'no connection yet';
  #refusedAt = -REFUSING_EVERY_MS;
  #life = 0;
  #failures = 0;
  #probes = 0;
  #writes = 0;
  #stopProbes: () => void = () => {};

  constructor(options: SharedRedisOptions, emit: Emit, client: RedisClient = createRedisClient(options)) {
    this.prefix = options.prefix;
    this.#budgetMs = options.budgetMs;
    this.#address = options.address;
    this.#secrets = [options.address.password, options.sentinelPassword];
    this.#emit = emit;
    this.#client = client;
    const note = (error: Error) => this.#note(error);
    client.on('error', note);
    client.on('node error', note);
    client.on('ready', () => void this.#probe());
    client.on('close', () => this.#leave());
    this.#schedule();
  }

  /** False while nothing is asked. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** How often it came up: another number means that what it held may be gone. */
  get life(): number {
    return this.#life;
  }

  /** Has `run` called after each probe that was answered. */
  onAnswer(run: () => void): void {
    this.#listeners.push(run);
  }

  /** Asks within the budget and `withinMs`. */
  async ask<Reply>(withinMs: number, command: Command<Reply>): Promise<Heard<Reply>> {
    if (!this.#isUp) return 'error';
    if (withinMs <= 0) return 'timeout';
    const life = this.#life;
    const heard = await this.#race(command, Math.min(withinMs, this.#budgetMs));
    // One name may hold what is not ours. Whether all is refused is for the probe to find out.
    if (heard === 'refused') return 'error';
    // A call that had less time than the budget says nothing about Redis, nor does one from before it went and came back.
    if (life === this.#life && (heard !== 'timeout' || withinMs >= this.#budgetMs)) this.#judge(heard);
    return heard;
  }

  /** Writes, with no end but that of the connection. True once Redis has it, false if it was refused, lost or left out. */
  async tell(command: Command<unknown>): Promise<boolean> {
    if (!this.#isUp || this.#writes >= MOST_WRITES) return false;
    this.#writes++;
    try {
      await command(this.#client);
      return true;
    } catch (error) {
      this.#refused(error as Error);
      return false;
    } finally {
      this.#writes--;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#isUp = false;
    this.#stopProbes();
    this.#client.disconnect();
  }

  #race<Reply>(command: Command<Reply>, ms: number): Promise<Outcome<Reply>> {
    return new Promise(resolve => {
      // A reply that has come while this process was busy is read before the time counts as up.
      const stop = after(ms, () => setImmediate(resolve, 'timeout'));
      const end = (heard: Outcome<Reply>) => {
        stop();
        resolve(heard);
      };
      command(this.#client).then(
        reply => end({ reply }),
        (error: Error) => {
          if (isRefusal(error)) this.#note(error);
          end(isRefusal(error) ? 'refused' : 'error');
        },
      );
    });
  }

  #judge(heard: Outcome<unknown>): void {
    if (typeof heard === 'object') this.#failures = 0;
    else if (++this.#failures >= FAILURES_TO_LEAVE) {
      if (heard === 'timeout') this.#detail = `no answer within ${this.#budgetMs} ms`;
      this.#leave();
    }
  }

  #note(error: Error): void {
    this.#detail = detailOf(error, this.#secrets);
  }

  #refused(error: Error): void {
    if (!isRefusal(error) || now() - this.#refusedAt < REFUSING_EVERY_MS) return;
    this.#refusedAt = now();
    this.#emit({ type: 'redis', is: 'refusing', detail: detailOf(error, this.#secrets) });
  }

  #say(is: RedisState, detail: string): void {
    if (this.#told === is || this.#isClosed) return;
    this.#told = is;
    this.#emit({ type: 'redis', is, detail });
  }

  #leave(): void {
    this.#isUp = false;
    this.#say('down', this.#detail);
  }

  #return(): void {
    this.#isUp = true;
    this.#life++;
    this.#say('up', '');
  }

  #schedule(): void {
    this.#stopProbes = after(PROBE_MS, () => {
      this.#schedule();
      void this.#probe();
    });
  }

  /** What the probe asks. */
  #ask(client: RedisClient, name: string): Promise<unknown> {
    const get = () => client.get(name);
    return this.#isUp ? get() : inDatabase(client, this.#address, get);
  }

  async #probe(): Promise<void> {
    if (this.#client.status !== 'ready') return this.#leave();
    const name = `${this.prefix}probe:${this.#probes++ % PROBE_NAMES}`;
    const heard = await this.#race(client => this.#ask(client, name), this.#budgetMs);
    if (this.#isClosed) return;
    this.#judge(heard);
    if (typeof heard !== 'object') return;
    // What went wrong before is over.
    this.#detail = 'the connection was closed';
    if (!this.#isUp) this.#return();
    for (const run of this.#listeners) run();
  }
}
