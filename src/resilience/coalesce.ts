import { hash } from 'node:crypto';
import type { Answer, Call } from '../core/call.ts';
import { Cancel, unlessCancelled } from '../core/cancel.ts';
import type { Layer } from '../core/layer.ts';

interface Flight {
  readonly answer: Promise<Answer>;
  readonly cancel: Cancel;
  waiters: number;
}

const authorization = (headers: readonly string[]): string => {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'authorization') return headers[i + 1] ?? '';
  }
  return '';
};

/** Calls are equal if hook, query, credentials and every byte of the body are. */
const flightKey = (call: Call): string =>
  `${call.hook}${call.query}\n${authorization(call.headers)}\n${hash('sha256', call.body, 'base64')}`;

/**
 * Lets equal calls share one flight while it is in the air. A flight ends early only when its last waiter has left.
 * To be used only for hooks that bear it: two equal calls become one at the back-end.
 */
export const coalesce = (): Layer => next => {
  const flights = new Map<string, Flight>();

  /** Takes a flight off the board; true if it was still in the air. */
  const land = (key: string, flight: Flight) => flights.get(key) === flight && flights.delete(key);

  const depart = (key: string, call: Call): Flight => {
    const cancel = new Cancel();
    const flight = { answer: next({ ...call, cancel }), cancel, waiters: 0 };
    const landed = () => void land(key, flight);
    flight.answer.then(landed, landed);
    flights.set(key, flight);
    return flight;
  };

  const join = (flight: Flight, call: Call): Flight => {
    call.emit({ type: 'coalesced', route: call.route });
    return flight;
  };

  return async call => {
    const key = flightKey(call);
    const boarded = flights.get(key);
    const flight = boarded ? join(boarded, call) : depart(key, call);
    flight.waiters++;
    try {
      return await unlessCancelled(call.cancel, flight.answer);
    } finally {
      // Landing first keeps newcomers off a cancelled flight. The leaver's own reason is passed on,
      // because the breaker below must be able to tell a deadline from a caller that hung up.
      if (--flight.waiters === 0 && land(key, flight) && call.cancel.reason) flight.cancel.cancel(call.cancel.reason);
    }
  };
};
