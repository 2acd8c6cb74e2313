import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { Roster } from '../core/roster.ts';

/** A power of two, well above the calls that are out at a time. */
const BUCKETS = 1024;

/** Four bytes of `body`, little end first. */
const wordAt = (body: Buffer, at: number): number =>
  (body[at] as number) |
  ((body[at + 1] as number) << 8) |
  ((body[at + 2] as number) << 16) |
  ((body[at + 3] as number) << 24);

/** FNV-1a over words, of which a long body gives every n-th: it only spreads, equality is looked at in full. */
const bucketOf = (body: Buffer): number => {
  const step = 4 * (1 + (body.length >> 12));
  let hash = 0x811c9dc5 ^ body.length;
  for (let at = body.length - 4; at >= 0; at -= step) hash = Math.imul(hash ^ wordAt(body, at), 0x01000193);
  // Multiplying spreads upwards only, so the upper bits are the better ones.
  return (hash ^ (hash >>> 13) ^ (hash >>> 22)) & (BUCKETS - 1);
};

/** Calls are equal if hook, query, credentials and every byte of the body are. */
const isEqual = (a: Call, b: Call): boolean =>
  a.hook === b.hook && a.query === b.query && a.authorization === b.authorization && a.body.equals(b.body);

/** One who waits for a flight to land. */
interface Passenger {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** One call to the back-end, and all who wait for its answer. */
class Flight {
  readonly call: Call;
  readonly cancel = new Cancel();
  readonly #passengers = new Roster<Passenger>();
  /** Takes it off the board. */
  land: () => void = () => {};

  constructor(call: Call) {
    this.call = call;
  }

  depart(next: Handler): void {
    next({ ...this.call, cancel: this.cancel }).then(
      answer => {
        this.land();
        for (const passenger of this.#passengers.all()) passenger.resolve(answer);
      },
      error => {
        this.land();
        for (const passenger of this.#passengers.all()) passenger.reject(error);
      },
    );
  }

  board(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stopListening = call.cancel.onCancel(reason => {
        leave();
        reject(reason);
        this.#left(reason);
      });
      const leave = this.#passengers.add({
        resolve: answer => {
          stopListening();
          resolve(answer);
        },
        reject: error => {
          stopListening();
          reject(error);
        },
      });
    });
  }

  /** When the last one has left: landing first keeps newcomers off a cancelled flight. */
  #left(reason: GatewayError): void {
    if (this.#passengers.size > 0) return;
    this.land();
    // The last one's own reason is passed on: the breaker must be able to tell a deadline from a caller that hung up.
    this.cancel.cancel(reason);
  }
}

/**
 * Lets equal calls share one flight while it is in the air. A flight ends early only when its last passenger has left.
 * To be used only for hooks that bear it: two equal calls become one at the back-end.
 */
export const coalesce = (): Layer => next => {
  const board = Array.from({ length: BUCKETS }, () => new Roster<Flight>());

  const join = (flight: Flight, call: Call): Promise<Answer> => {
    call.emit({ type: 'coalesced', route: call.route });
    return flight.board(call);
  };

  const depart = (bucket: Roster<Flight>, call: Call): Promise<Answer> => {
    const flight = new Flight(call);
    flight.land = bucket.add(flight);
    flight.depart(next);
    return flight.board(call);
  };

  return call => {
    if (call.cancel.reason) return Promise.reject(call.cancel.reason);
    const bucket = board[bucketOf(call.body)] as Roster<Flight>;
    // One that is late by its own limit would be late for everybody who boards it.
    const isOpen = (other: Flight) => now() < other.call.deadline && isEqual(other.call, call);
    const flight = bucket.size === 0 ? undefined : bucket.all().find(isOpen);
    return flight ? join(flight, call) : depart(bucket, call);
  };
};
