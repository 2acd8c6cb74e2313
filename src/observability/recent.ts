import type { Source } from '../core/call.ts';
import type { Code } from '../core/errors.ts';
import type { Event } from '../core/events.ts';

/** An answer that did not come from the back-end, or that passed one of its failures on. Nothing of any body is in it. */
export interface RecentAnswer {
  /** Milliseconds since 1970. */
  at: number;
  callId: string;
  app: string;
  /** As it is counted: the name if the catalogue or the configuration knows it, else `other`. */
  hook: string;
  source: Source;
  /** Empty where there is none. */
  reason: Code | '';
  status: number;
  /** How long WCS waited. */
  ms: number;
}

const KEPT = 50;

const emptyPlace = (): RecentAnswer => ({
  at: 0,
  callId: '',
  app: '',
  hook: '',
  source: 'unavailable',
  reason: '',
  status: 0,
  ms: 0,
});

/**
 * The last 50 answers that were not the back-end's own. They are written into places that are there already, so noting
 * one allocates nothing and no call is held on to; an answer of the back-end costs two comparisons.
 */
export class Recent {
  readonly #places = Array.from({ length: KEPT }, emptyPlace);
  /** How many were noted since the process began. */
  count = 0;

  /** To be told of every event. */
  readonly listen = (event: Event): void => {
    if (event.type !== 'answered') return;
    const { answer, call, ms } = event;
    const { source, reason = '', status } = answer;
    if ((source === 'upstream' || source === 'hedge') && reason === '') return;
    const place = this.#places[this.count++ % KEPT];
    if (!place) return;
    place.at = Date.now();
    place.callId = call.id;
    place.app = call.route.app;
    place.hook = call.route.hook;
    place.source = source;
    place.reason = reason;
    place.status = status;
    place.ms = Math.round(ms * 10) / 10;
  };

  /** Copies, newest first. */
  list(): RecentAnswer[] {
    const known = Math.min(this.count, KEPT);
    return Array.from({ length: known }, (_, back) => ({
      ...(this.#places[(this.count - 1 - back) % KEPT] ?? emptyPlace()),
    }));
  }
}
