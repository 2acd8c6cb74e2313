import type { Answer } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError } from '../core/errors.ts';
import { delayOf, retryAfterMs } from './backoff.ts';
import type { Journal, Leased, Settlement } from './journal.ts';
import type { Outbox } from './outbox.ts';
import { persist } from './persist.ts';

/** A lease is longer than any attempt may take, so that no event is out twice; by so much, for what is to be noted of it. */
const SLACK_MS = 30_000;
/** How often it is looked whether something is due. */
const LOOK_MS = 500;
/** What found no room, or an open breaker, is due again this soon: nothing was sent. */
const NO_ROOM_MS = 1000;

/** Answers that do not say no for good: too early, too many, too late. */
const MAYBE_LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** How events of one app reach their back-end. */
export interface Way {
  /** One attempt. Fails with a GatewayError, as a call does. */
  readonly deliver: (event: Leased) => Promise<Answer>;
  /** The longest that an attempt may take. */
  readonly limitMs: number;
  /** How many may be out now. */
  readonly room: () => number;
}

/** What an answer to an event means for it. */
const judge = (answer: Answer, attempts: number): Settlement => {
  const { status } = answer;
  if (status === 200) return { type: 'delivered' };
  if (!MAYBE_LATER.has(status)) return { type: 'dead', reason: `rejected: the back-end answered ${status}` };
  return { type: 'again', ms: delayOf(attempts), reason: `the back-end answered ${status}` };
};

const judgeError = (thrown: unknown, attempts: number): Settlement => {
  const { code, answer } = asGatewayError(thrown);
  if (code === 'breaker' || code === 'overload') return { type: 'again', ms: NO_ROOM_MS, reason: code, isUnsent: true };
  const reason = answer ? `the back-end answered ${answer.status}` : code;
  return { type: 'again', ms: delayOf(attempts), reason };
};

export interface DelivererOptions {
  readonly app: string;
  readonly journal: () => Journal;
  readonly outbox: Outbox;
  /** Hears of errors of the journal. */
  readonly failed: (error: unknown) => void;
}

/** Brings the stored events of one app to their back-end. Outlives reloads. */
export class Deliverer {
  readonly #options: DelivererOptions;
  #way: Way | undefined = undefined;
  /** Deliveries that are out, each until it is noted what became of it. */
  readonly #under = new Set<Promise<void>>();
  #out = 0;
  /** Until then, by `now()`, the back-end has asked to be left in peace. */
  #pauseEnd = 0;
  #isLooking = false;
  #stop: () => void = () => {};

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /** From now on events go this way; a reload changes it. What is returned takes it back, unless it was changed since. */
  goThrough(way: Way): () => void {
    this.#way = way;
    this.wake();
    return () => {
      if (this.#way === way) this.close();
    };
  }

  /** Whether its app is configured. */
  get hasWay(): boolean {
    return this.#way !== undefined;
  }

  /** Something may be due. */
  wake(): void {
    this.#look().catch(this.#options.failed);
  }

  /** The back-end is back: all that waits is due now. */
  hurry(): void {
    const { journal, app, failed } = this.#options;
    journal()
      .hurry(app)
      .then(() => this.wake(), failed);
  }

  close(): void {
    this.#way = undefined;
    this.#stop();
  }

  /** Resolves when nothing is out any more, and all that came of it is noted. */
  async settled(): Promise<void> {
    await Promise.all(this.#under);
  }

  async #look(): Promise<void> {
    if (this.#isLooking || !this.#way) return;
    this.#isLooking = true;
    this.#stop();
    try {
      while (this.#way && (await this.#leaseSome(this.#way)));
    } finally {
      this.#isLooking = false;
      if (this.#way) this.#stop = after(LOOK_MS, () => this.wake());
    }
  }

  /** True if there may be more that is due, and room for it. */
  async #leaseSome(way: Way): Promise<boolean> {
    const free = way.room() - this.#out;
    if (free <= 0 || now() < this.#pauseEnd) return false;
    const { journal, app } = this.#options;
    const events = await journal().lease(app, free, way.limitMs + SLACK_MS);
    // Another way may be in force by now, or none.
    const wayNow = this.#way;
    for (const event of events) if (wayNow) this.#track(this.#deliver(wayNow, event));
    return events.length === free;
  }

  #track(delivery: Promise<void>): void {
    this.#under.add(delivery);
    void delivery.finally(() => this.#under.delete(delivery));
  }

  async #deliver(way: Way, event: Leased): Promise<void> {
    this.#out++;
    const settlement = await way.deliver(event).then(
      answer => {
        this.#heed(answer);
        return judge(answer, event.attempts);
      },
      error => {
        this.#heed(asGatewayError(error).answer);
        return judgeError(error, event.attempts);
      },
    );
    this.#out--;
    await persist(() => this.#settle(event, settlement), SLACK_MS, this.#options.failed);
    this.wake();
  }

  /** `Retry-After` is said of the back-end, and so counts for all that it is to get. */
  #heed(answer: Answer | undefined): void {
    if (answer) this.#pauseEnd = Math.max(this.#pauseEnd, now() + retryAfterMs(answer));
  }

  async #settle(event: Leased, settlement: Settlement): Promise<void> {
    const { journal, outbox } = this.#options;
    const nothingLeft = outbox.lanes.leaving(event.lane);
    if (await journal().settle(event.id, settlement)) nothingLeft();
    if (settlement.type === 'delivered') outbox.tell(event, 'delivered');
    if (settlement.type === 'dead') outbox.tell(event, 'dead', settlement.reason);
  }
}
