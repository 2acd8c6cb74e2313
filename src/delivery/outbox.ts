import { type Call, restMs } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Emit, EventResult } from '../core/events.ts';
import { sessionName } from '../sessions/ids.ts';
import { type Journal, JournalError, type StoredEvent } from './journal.ts';
import { Lanes } from './lanes.ts';
import { persist } from './persist.ts';

export interface OutboxOptions {
  readonly journal: () => Journal;
  /** An event that cannot be delivered for so long is given up, in milliseconds. */
  readonly keepForMs: number;
  readonly emit: Emit;
  /** Hears of errors of the journal. */
  readonly failed: (error: unknown) => void;
}

/** An attempt that goes on although its call was answered: whether the back-end took it, and how long it may take. */
interface Late {
  readonly end: Promise<boolean>;
  readonly forMs: number;
}

/** A late attempt may end so much later than it should before its event is delivered anew. */
const HOLD_SLACK_MS = 1000;

/** The events of one session go one after another. One that tells no session has a lane of its own. */
export const laneOf = ({ id, route, body }: Call): string => sessionName(route.app, body) ?? id;

const eventOf = (call: Call, keepForMs: number): StoredEvent => {
  const receivedAt = Math.round(Date.now() - (now() - call.arrivedAt));
  const { id, route, hook, query, head, body } = call;
  const expiresAt = receivedAt + keepForMs;
  return { id, app: route.app, hook, query, head, body, lane: laneOf(call), receivedAt, expiresAt };
};

/** What `work` gives, if that is within `ms`. */
const inTime = <T>(work: Promise<T>, ms: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = after(ms, () => reject(new JournalError('failed', `nothing was on disk within ${Math.round(ms)} ms`)));
    work.then(resolve, reject).finally(stop);
  });

const asGatewayFailure = (error: unknown): GatewayError =>
  new GatewayError('journal', error instanceof JournalError ? error.message : undefined, { cause: error });

/** Where notifications go that their back-end cannot take in time. Outlives reloads. */
export class Outbox {
  readonly lanes = new Lanes();
  readonly #options: OutboxOptions;
  /** By id of the call. */
  readonly #late = new Map<string, Late>();
  readonly #followed = new Set<Promise<void>>();
  #wake: (app: string) => void = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** `wake` hears of which app something is due. */
  onDue(wake: (app: string) => void): void {
    this.#wake = wake;
  }

  /**
   * Whether something of the lane of `call` is stored, so that it may not overtake. Where instances share the journal it is
   * asked; what this process knows holds while the journal does not answer in time.
   */
  hasStored(call: Call): boolean | Promise<boolean> {
    const journal = this.#options.journal();
    return journal.hasLane ? this.#ask(journal.hasLane(call.route.app, laneOf(call)), call) : this.#knows(call);
  }

  /** An attempt of `call` goes on for `forMs` at most, whatever the caller gets; true in the end if it was taken. */
  expect({ id }: Call, end: Promise<boolean>, forMs: number): void {
    const other = this.#late.get(id)?.end ?? Promise.resolve(false);
    const both = Promise.all([other, end]).then(taken => taken.includes(true));
    this.#late.set(id, { end: both, forMs });
  }

  /** The call of this id has its answer: none of its attempts is of use for it any more. */
  forget(id: string): void {
    this.#late.delete(id);
  }

  /**
   * Resolves once `call` would outlive a power cut. Throws a GatewayError `journal` if it cannot be stored within its
   * limit: then it is not acknowledged, although it may come to be delivered.
   */
  async store(call: Call): Promise<void> {
    const { keepForMs } = this.#options;
    const late = this.#late.get(call.id);
    const event = eventOf(call, keepForMs);
    const takeBack = this.lanes.mark(event.lane);
    const stored = this.#options.journal().append(event, late ? late.forMs + HOLD_SLACK_MS : 0);
    stored.then(() => this.#track(this.#follow(event, late)), takeBack);
    try {
      await inTime(stored, restMs(call));
    } catch (error) {
      throw asGatewayFailure(error);
    }
  }

  tell({ app, hook, id }: Pick<StoredEvent, 'app' | 'hook' | 'id'>, result: EventResult, reason = ''): void {
    this.#options.emit({ type: 'event', app, hook, id, result, reason });
  }

  #knows(call: Call): boolean {
    // Most of the time nothing is, and then nobody need read whose event it is.
    return this.lanes.haveStored && this.lanes.hasStored(laneOf(call));
  }

  async #ask(answer: Promise<boolean>, call: Call): Promise<boolean> {
    // Another instance may have delivered what this one stored.
    const nothingLeft = this.lanes.leaving(laneOf(call));
    try {
      const isStored = await inTime(answer, restMs(call) / 4);
      if (!isStored) nothingLeft();
      return isStored || this.#knows(call);
    } catch {
      return this.#knows(call);
    }
  }

  /** Resolves when no attempt is out any more whose event is stored. */
  async settled(): Promise<void> {
    await Promise.all(this.#followed);
  }

  #track(followed: Promise<void>): void {
    this.#followed.add(followed);
    void followed.finally(() => this.#followed.delete(followed));
  }

  /** What a late attempt has brought to the back-end need not be delivered again. */
  async #follow(event: StoredEvent, late: Late | undefined): Promise<void> {
    this.tell(event, 'stored');
    if (late && (await this.#endHold(event.id, late))) this.tell(event, 'delivered');
    this.#wake(event.app);
  }

  /** True if the event has reached the back-end after all. */
  async #endHold(id: string, { end, forMs }: Late): Promise<boolean> {
    const { journal, failed } = this.#options;
    const isTaken = await end;
    const settle = () =>
      isTaken
        ? journal().take(id)
        : journal()
            .release(id)
            .then(() => false);
    return (await persist(settle, forMs, failed)) === true;
  }
}
