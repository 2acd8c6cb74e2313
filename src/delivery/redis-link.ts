import { createHash } from 'node:crypto';
import { after } from '../core/clock.ts';
import { type ClientOptions, createScriptClient, inDatabase, type ScriptClient } from '../store/redis-client.ts';
import { detailOf } from '../store/redis-detail.ts';
import type { RedisAddress } from '../store/redis-url.ts';
import { isRefusal } from '../store/shared-redis.ts';
import { JournalError } from './journal.ts';

export interface RedisLinkOptions extends ClientOptions {
  /** Of all names in Redis. */
  readonly prefix: string;
  /** The longest that one command may take, in milliseconds. */
  readonly budgetMs: number;
}

export type Word = string | number | Buffer;

/** Says that this instance is there: the verb of the script and its arguments, which are asked for each time. */
type Greeting = () => readonly Word[];

/** Where in a script Redis refused something. */
const IN_SCRIPT = /\.? script: .*$/s;

const GREET_EVERY_MS = 1000;
/** So many commands in a row without an answer mean that nothing should be asked for now. */
const FAILURES_TO_LEAVE = 3;

/**
 * A Redis that has our script. Each command ends within the budget or rejects with a JournalError.
 *
 * Once a second and with each new connection the whole script is sent with a greeting; all else names it by its digest.
 * Until a greeting has been answered nothing else is sent, so no command ever meets a Redis that does not know the script:
 * to send the script after such a refusal would let later appends overtake. After three commands in a row without an
 * answer nothing but greetings is sent, so that nobody waits for a Redis that is known to be silent.
 */
export class RedisLink {
  readonly #client: ScriptClient;
  readonly #script: string;
  readonly #sha: string;
  readonly #name: string;
  readonly #budgetMs: number;
  readonly #address: RedisAddress;
  readonly #secrets: readonly (string | undefined)[];
  readonly #greeting: Greeting;
  readonly #listeners: { readonly up: (reply: unknown) => void; readonly down: (detail: string) => void };
  readonly #open = new Set<Promise<unknown>>();
  #isUp = false;
  #isClosed = false;
  #detail = 'no connection yet';
  #failures = 0;
  #stopGreetings: () => void = () => {};

  /** `listeners.up` hears what was said to each greeting, `listeners.down` why nothing is sent for now. */
  constructor(
    options: RedisLinkOptions,
    script: string,
    greeting: Greeting,
    listeners: { readonly up: (reply: unknown) => void; readonly down: (detail: string) => void },
    client: ScriptClient = createScriptClient(options),
  ) {
    this.#client = client;
    this.#script = script;
    this.#sha = createHash('sha1').update(script).digest('hex');
    this.#name = `${options.prefix}{events}:`;
    this.#budgetMs = options.budgetMs;
    this.#address = options.address;
    this.#secrets = [options.address.password, options.sentinelPassword];
    this.#greeting = greeting;
    this.#listeners = listeners;
    for (const event of ['error', 'node error']) client.on(event, error => this.#note(error));
    client.on('ready', () => void this.#greet());
    client.on('close', () => this.#leave());
    this.#schedule();
  }

  /** Does what `verb` of the script stands for. */
  run(verb: string, ...words: readonly Word[]): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new JournalError('failed', 'the journal is closed'));
    if (!this.#isUp) return Promise.reject(new JournalError('failed', `redis cannot be asked: ${this.#detail}`));
    return this.#judged(this.#client.evalshaBuffer(this.#sha, 1, this.#name, verb, ...words));
  }

  /** One of the settings of Redis; rejects with a JournalError if it does not tell, as it need not. */
  async setting(name: string): Promise<string> {
    const reply = await this.#within(this.#client.config('GET', name)).catch(error =>
      Promise.reject(this.#read(error)),
    );
    const value = (reply as readonly string[])[1];
    if (value === undefined) throw new JournalError('failed', `redis knows no ${name}`);
    return value;
  }

  /** Waits for what is under way, says `farewell`, and is closed. */
  async close(farewell: () => readonly Word[]): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopGreetings();
    await Promise.allSettled(this.#open);
    if (this.#isUp) await this.#within(this.#eval(farewell())).catch(() => {});
    this.#isUp = false;
    this.#client.disconnect();
  }

  #eval(words: readonly Word[]): Promise<unknown> {
    return this.#client.eval(this.#script, 1, this.#name, ...words);
  }

  async #judged(answer: Promise<unknown>): Promise<unknown> {
    const within = this.#within(answer);
    this.#open.add(within);
    try {
      const reply = await within;
      this.#failures = 0;
      return reply;
    } catch (error) {
      const read = this.#read(error);
      this.#judge(error as Error);
      throw read;
    } finally {
      this.#open.delete(within);
    }
  }

  #within(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const silence = () => reject(new JournalError('failed', `redis did not answer within ${this.#budgetMs} ms`));
      // A reply that has come while this process was busy is read before the time counts as up.
      const stop = after(this.#budgetMs, () => setImmediate(silence));
      answer.then(resolve, reject).finally(stop);
    });
  }

  #read(error: unknown): JournalError {
    if (error instanceof JournalError) return error;
    const detail = detailOf(error as Error, this.#secrets).replace(IN_SCRIPT, '');
    const code = detail.includes('OOM command') ? 'full' : 'failed';
    return new JournalError(code, `redis: ${detail}`, error);
  }

  #judge(error: Error): void {
    if (error.message.startsWith('NOSCRIPT')) this.#forgotten(error);
    else if (isRefusal(error)) this.#failures = 0;
    else if (++this.#failures >= FAILURES_TO_LEAVE) this.#leave(this.#read(error).message);
  }

  /** It lost the script, or is another one. */
  #forgotten(error: Error): void {
    this.#leave(this.#read(error).message);
    void this.#greet();
  }

  #note(error: Error): void {
    this.#detail = detailOf(error, this.#secrets);
  }

  #leave(detail = this.#detail): void {
    this.#detail = detail;
    this.#isUp = false;
    if (!this.#isClosed) this.#listeners.down(detail);
  }

  #schedule(): void {
    this.#stopGreetings = after(GREET_EVERY_MS, () => {
      this.#schedule();
      void this.#greet();
    });
  }

  async #greet(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#client.status !== 'ready') return this.#leave();
    try {
      const greet = () => this.#eval(this.#greeting());
      const reply = await this.#within(this.#isUp ? greet() : inDatabase(this.#client, this.#address, greet));
      if (!this.#isClosed) this.#arrive(reply);
    } catch (error) {
      this.#leave(this.#read(error).message);
    }
  }

  #arrive(reply: unknown): void {
    this.#failures = 0;
    this.#detail = 'the connection was closed';
    this.#isUp = true;
    this.#listeners.up(reply);
  }
}
