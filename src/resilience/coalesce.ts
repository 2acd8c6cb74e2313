import { hash } from 'node:crypto';
import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';

/** One who waits for a flight to land. */
interface Passenger {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly release: () => void;
}

interface Flight {
  readonly key: string;
  readonly cancel: Cancel;
  readonly passengers: Set<Passenger>;
}

/** Calls are equal if hook, query, credentials and every byte of the body are. */
const flightKey = (call: Call): string =>
  `${call.hook}${call.query}\n${call.authorization}\n${hash('sha256', call.body, 'base64')}`;

/**
 * Lets equal calls share one flight while it is in the air. A flight ends early only when its last passenger has left.
 * To be used only for hooks that bear it: two equal calls become one at the back-end.
 */
export const coalesce = (): Layer => next => {
  const flights = new Map<string, Flight>();

  /** Takes a flight off the board; gives those who are still on it. */
  const land = (flight: Flight): ReadonlySet<Passenger> => {
    if (flights.get(flight.key) === flight) flights.delete(flight.key);
    for (const { release } of flight.passengers) release();
    return flight.passengers;
  };

  const depart = (key: string, call: Call): Flight => {
    const flight: Flight = { key, cancel: new Cancel(), passengers: new Set() };
    flights.set(key, flight);
    next({ ...call, cancel: flight.cancel }).then(
      answer => {
        for (const { resolve } of land(flight)) resolve(answer);
      },
      error => {
        for (const { reject } of land(flight)) reject(error);
      },
    );
    return flight;
  };

  /** Leaving the board first keeps newcomers off a cancelled flight. */
  const leave = (flight: Flight, passenger: Passenger, reason: GatewayError): void => {
    flight.passengers.delete(passenger);
    passenger.reject(reason);
    if (flight.passengers.size > 0) return;
    land(flight);
    // The last one's own reason is passed on: the breaker must be able to tell a deadline from a caller that hung up.
    flight.cancel.cancel(reason);
  };

  const board = (flight: Flight, call: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const release = call.cancel.onCancel(reason => leave(flight, passenger, reason));
      const passenger: Passenger = { resolve, reject, release };
      flight.passengers.add(passenger);
    });

  return call => {
    if (call.cancel.reason) return Promise.reject(call.cancel.reason);
    const key = flightKey(call);
    const flight = flights.get(key);
    if (flight) call.emit({ type: 'coalesced', route: call.route });
    return board(flight ?? depart(key, call), call);
  };
};
