import type { Answer } from '../core/call.ts';
import { after } from '../core/clock.ts';
import { asGatewayError } from '../core/errors.ts';
import { delayOf, retryAfterMs } from './backoff.ts';
import type { Journal, Leased, Settlement } from './journal.ts';
import type { Outbox } from './outbox.ts';

/** Longer than any attempt may take, so that no event is out twice. */
const LEASE_MS = 120_000;
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
  /** How many may be out now, those that are included. */
  readonly room: (out: number) => number;
}

/** What an answer to an event means for it. */
const judge = (answer: Answer, attempts: number): Settlement => {
  const { status } = answer;
  if (status === 200) return { type: 'delivered' };
  if (!MAYBE_LATER.has(status)) return { type: 'dead', reason: `rejected: the back-end answered ${status}` };
  return { type: 'again', ms: Math.max(delayOf(attempts), retryAfterMs(answer)) };
};

const judgeError = (thrown: unknown, attempts: number): Settlement => {
  const { code, answer } = asGatewayError(thrown);
  if (code === 'breaker' || code === 'overload') return { type: 'again', ms: NO_ROOM_MS };
  return { type: 'again', ms: Math.max(delayOf(attempts), answer ? retryAfterMs(answer) : 0) };
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
  #out = 0;
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

  /** How many are at the back-end now. */
  get out(): number {
    return this.#out;
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
    const free = way.room(this.#out) - this.#out;
    if (free <= 0) return false;
    const { journal, app } = this.#options;
    const events = await journal().lease(app, free, LEASE_MS);
    // Another way may be in force by now, or none.
    const wayNow = this.#way;
    for (const event of events) if (wayNow) void this.#deliver(wayNow, event);
    return events.length === free;
  }

  async #deliver(way: Way, event: Leased): Promise<void> {
    this.#out++;
    const settlement = await way.deliver(event).then(
      answer => judge(answer, event.attempts),
      error => judgeError(error, event.attempts),
    );
    this.#out--;
    await this.#settle(event, settlement).catch(this.#options.failed);
    this.wake();
  }

  async #settle(event: Leased, settlement: Settlement): Promise<void> {
    const { journal, outbox } = this.#options;
    const nothingLeft = outbox.lanes.leaving(event.lane);
    if (await journal().settle(event.id, settlement)) nothingLeft();
    if (settlement.type === 'delivered') outbox.tell(event, 'delivered');
    if (settlement.type === 'dead') outbox.tell(event, 'dead', settlement.reason);
  }
}
