import { type Call, PRIORITIES, type Priority } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { Roster } from '../core/roster.ts';
import type { UsualDurations } from './usual-durations.ts';

/** No room is no fault of the call, so one error serves all: one for each would cost more than the refusal. */
export const FULL = new GatewayError('overload');

const RANKS = { high: 0, normal: 1, low: 2 } as const satisfies Record<Priority, number>;

/** Once the first has waited for this share of its limit, the queue does not drain, and the last goes first. */
const PATIENCE = 1 / 2;
/** Few calls take less than this share of what is usual for their hook. */
const QUICKEST = 1 / 2;

/** One call that waits. Ends once: it is admitted, refused, or cancelled. */
class Waiter {
  readonly call: Call;
  readonly #since = now();
  readonly #resolve: () => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #leave: () => void;

  constructor(call: Call, roster: Roster<Waiter>, resolve: () => void, reject: (error: GatewayError) => void) {
    this.call = call;
    this.#resolve = resolve;
    this.#reject = reject;
    const remove = roster.add(this);
    const release = call.cancel.onCancel(reason => this.refuse(reason));
    this.#leave = () => {
      remove();
      release();
    };
  }

  get isImpatient(): boolean {
    return now() - this.#since > (this.call.deadline - this.call.arrivedAt) * PATIENCE;
  }

  admit(): void {
    this.#leave();
    this.#resolve();
  }

  refuse(error: GatewayError): void {
    this.#leave();
    this.#reject(error);
  }
}

/**
 * Where calls wait for their turn, at most `most` of them. Those of a higher priority go first, always. Among equals
 * it is first come, first served, until the first has waited for long: then nobody would be served in time any more,
 * so the newest goes first, and for one more the oldest is turned out. Who cannot make it within its limit any more is
 * refused with `overload` when it would be its turn.
 */
export class WaitingRoom {
  readonly #most: number;
  readonly #usual: UsualDurations;
  readonly #rosters = PRIORITIES.map(() => new Roster<Waiter>());

  constructor(most: number, usual: UsualDurations) {
    this.#most = most;
    this.#usual = usual;
  }

  get size(): number {
    let size = 0;
    for (const roster of this.#rosters) size += roster.size;
    return size;
  }

  /** Resolves when it is this call's turn. Rejects with `overload`, or with the reason if the call is cancelled. */
  join(call: Call): Promise<void> {
    if (call.cancel.reason) return Promise.reject(call.cancel.reason);
    const rank = RANKS[call.route.priority ?? 'normal'];
    if (this.size >= this.#most && !this.#makeRoom(rank)) return Promise.reject(FULL);
    const roster = this.#rosters[rank] as Roster<Waiter>;
    return new Promise((resolve, reject) => new Waiter(call, roster, resolve, reject));
  }

  /** Lets the next one in, of low priority only where `lowToo` is; nothing if nobody waits who may. */
  admit(lowToo = true): Call | undefined {
    for (const [rank, roster] of this.#rosters.entries()) {
      const waiter = roster.size > 0 && (lowToo || rank < RANKS.low) ? this.#next(roster) : undefined;
      if (waiter === undefined) continue;
      waiter.admit();
      return waiter.call;
    }
    return undefined;
  }

  #next(roster: Roster<Waiter>): Waiter | undefined {
    for (let first = roster.first; first !== undefined; first = roster.first) {
      const waiter = this.#isHopeless(first) || !first.isImpatient ? first : (roster.last as Waiter);
      if (!this.#isHopeless(waiter)) return waiter;
      waiter.refuse(FULL);
    }
    return undefined;
  }

  #isHopeless({ call }: Waiter): boolean {
    return call.deadline - now() < this.#usual.of(call.route) * QUICKEST;
  }

  /** Turns the newest of the least priority out for a call of a higher one, or an equal that would go last. */
  #makeRoom(rank: number): boolean {
    const least = this.#rosters.findLastIndex(({ size }) => size > 0);
    if (least < rank) return false;
    const { first, last } = this.#rosters[least] as Roster<Waiter>;
    const leaver = least > rank ? last : first?.isImpatient ? first : undefined;
    leaver?.refuse(FULL);
    return leaver !== undefined;
  }
}
