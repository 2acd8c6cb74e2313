import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { after, now } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { joinTraces } from '../core/trace.ts';
import { Board, type Boarded } from './board.ts';
import { bucketOf } from './equal-calls.ts';
import { Undelivered } from './undelivered.ts';

/** A flight that everybody has left goes on for so long, because WCS sends a request again at once. */
const GRACE_MS = 80;
/** Where an answer that nobody reads is kept for the next caller, the flight goes on to its end. */
const TO_ITS_END_MS = 2 ** 31 - 1;
/** WCS repeats at once; where two equal calls both count, what comes later is another call. */
const UNDELIVERED_MS = 3000;
const GENUINE_UNDELIVERED_MS = 300;

export interface CoalesceOptions {
  /** True if two equal calls both count, so that only a repeat may join. */
  readonly areGenuine?: boolean;
  /** True if the answer is kept for the next caller, so that the attempt goes on when all have gone. */
  readonly isKept?: boolean;
}

/** One who waits for a flight to land. */
interface Passenger {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** What the flights of one hook have in common. */
interface Airport {
  readonly board: Board<Flight>;
  readonly undelivered: Undelivered;
  readonly graceMs: number;
}

const NOTHING = (): void => {};

/** One call to the back-end, and all who wait for its answer. */
class Flight implements Boarded<Flight> {
  readonly call: Call;
  readonly bucket: number;
  next: Flight | undefined = undefined;
  readonly #board: Board<Flight>;
  readonly #cancel = new Cancel();
  #passengers: Passenger[] = [];
  readonly #undelivered: Undelivered;
  readonly #graceMs: number;
  /** Clients that have gone without an answer and have not come back. */
  #missing = 0;
  #answer: Answer | undefined = undefined;
  #stopGrace: () => void = NOTHING;

  constructor(call: Call, bucket: number, { board, undelivered, graceMs }: Airport) {
    this.call = call;
    this.bucket = bucket;
    this.#board = board;
    this.#graceMs = graceMs;
    this.#undelivered = undelivered;
  }

  /** True if the connection of a client on board has broken, so that an equal call is its repeat. */
  get isMissed(): boolean {
    return this.#missing > 0;
  }

  /** What it brings would be of no use to who boards it now: it was cancelled, or its own limit has passed. */
  get isLate(): boolean {
    return this.#cancel.reason !== undefined || now() >= this.call.deadline;
  }

  depart(next: Handler): void {
    next({ ...this.call, cancel: this.#cancel }).then(
      answer => this.#land(answer),
      error => this.#crash(error),
    );
  }

  board(call: Call): Promise<Answer> {
    if (this.#missing > 0) this.#missing--;
    this.#stopGrace();
    return new Promise((resolve, reject) => {
      const passenger = { resolve, reject };
      this.#passengers.push(passenger);
      // Stays on after the landing: that a client has gone may show only once its answer is written.
      call.cancel.onCancel(reason => {
        if (reason.code === 'gone') {
          this.#passengers = this.#passengers.filter(each => each !== passenger);
          reject(reason);
          this.#miss(reason);
        } else this.#cancel.cancel(reason);
      });
    });
  }

  #miss(reason: GatewayError): void {
    if (this.#answer) {
      this.#undelivered.put(this.call, this.#answer);
      return;
    }
    this.#missing++;
    if (this.#passengers.length > 0) return;
    this.#stopGrace = after(this.#graceMs, () => {
      // Newcomers must not board a cancelled flight.
      this.#board.remove(this);
      this.#cancel.cancel(reason);
    });
  }

  #land(answer: Answer): void {
    this.#leave();
    this.#answer = answer;
    for (let left = this.#missing; left > 0; left--) this.#undelivered.put(this.call, answer);
    for (const passenger of this.#passengers) passenger.resolve(answer);
  }

  #crash(error: unknown): void {
    this.#leave();
    for (const passenger of this.#passengers) passenger.reject(error);
  }

  #leave(): void {
    this.#board.remove(this);
    this.#stopGrace();
  }
}

/**
 * Lets equal calls share one flight while it is in the air, and one of them its answer where that could not be
 * delivered. A flight ends early only some time after its last passenger has left; other reasons to end it are passed on
 * at once. Where two equal calls both count (`areGenuine`), only the repeat of one whose connection has broken joins it.
 */
export const coalesce =
  ({ areGenuine = false, isKept = false }: CoalesceOptions = {}): Layer =>
  next => {
    const board = new Board<Flight>();
    const undelivered = new Undelivered(areGenuine ? GENUINE_UNDELIVERED_MS : UNDELIVERED_MS);
    const airport = { board, undelivered, graceMs: isKept ? TO_ITS_END_MS : GRACE_MS };

    const takesMore = (flight: Flight): boolean => !flight.isLate && (flight.isMissed || !areGenuine);

    const join = (flight: Flight, call: Call): Promise<Answer> => {
      const { route } = call;
      call.emit(flight.isMissed ? { type: 'repeat', route, result: 'joined' } : { type: 'coalesced', route });
      joinTraces(call.trace, flight.call.trace);
      return flight.board(call);
    };

    const redeliver = (answer: Answer, call: Call): Promise<Answer> => {
      call.emit({ type: 'repeat', route: call.route, result: 'redelivered' });
      call.cancel.onCancel(({ code }) => code === 'gone' && undelivered.put(call, answer));
      return Promise.resolve(answer);
    };

    const depart = (bucket: number, call: Call): Promise<Answer> => {
      const flight = new Flight(call, bucket, airport);
      board.add(flight);
      const answer = flight.board(call);
      flight.depart(next);
      return answer;
    };

    return call => {
      if (call.cancel.reason) return Promise.reject(call.cancel.reason);
      const bucket = bucketOf(call.body);
      const flight = board.find(bucket, call, takesMore);
      if (flight) return join(flight, call);
      const answer = undelivered.take(call);
      return answer ? redeliver(answer, call) : depart(bucket, call);
    };
  };
