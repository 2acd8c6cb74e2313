import { hash } from 'node:crypto';
import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { isFinalNo } from '../core/statuses.ts';
import type { Store } from '../store/store.ts';
import type { Bodies } from './bodies.ts';
import { verdictOf } from './verdict.ts';
import type { Verdict } from './verdicts.ts';

/**
 * Says under which name the verdict on a call is kept, if its caller can be told. For a request that is no JSON object
 * it has none or throws `not_json`; it need not look closely, since the `cached` rung reads the request before it asks.
 */
export type KeyOf = (call: Call) => string | undefined;

/** What `lastGood` and the `cached` rung of one route have in common. */
export interface LastGoodOptions {
  readonly key: KeyOf;
  /** A verdict older than this is not used. */
  readonly keepForMs: number;
  readonly store: Store<Verdict>;
  readonly bodies: Bodies;
}

/** So many answers may wait to be kept; past that they are kept at once. */
const MAX_WAITING = 1000;

/** The store's name for a call: two apps never share a verdict, nor two queries (WCS itself sends none). */
export const storeKey = (key: KeyOf, call: Call): string | undefined => {
  const caller = key(call);
  return caller === undefined ? undefined : `${call.route.app}/${caller}${call.query && hash('sha256', call.query)}`;
};

/** What `work` gives. A body that is no JSON gives nothing, and all else that may go wrong is told as a defect. */
const quietly = <T>(call: Call, work: () => T): T | undefined => {
  try {
    return work();
  } catch (error) {
    if (asGatewayError(error).code !== 'not_json') call.emit({ type: 'defect', error });
    return undefined;
  }
};

const keep = ({ key, keepForMs, store, bodies }: LastGoodOptions, call: Call, answer: Answer): void => {
  const name = storeKey(key, call);
  if (name === undefined) return;
  const verdict = verdictOf(call, answer, bodies);
  if (verdict) store.set(name, verdict, keepForMs);
  // A back-end that answers neither 200 nor 403 has no use for what it said before.
  else if (isFinalNo(answer.status)) store.delete(name);
};

/** Runs `work` on each item a moment later, many with one timer, so that no answer waits for it. */
const createLater = <T>(work: (item: T) => void): ((item: T) => void) => {
  let waiting: T[] = [];
  const drain = () => {
    const items = waiting;
    waiting = [];
    items.forEach(work);
  };
  return item => {
    if (waiting.push(item) === 1) after(0, drain);
    else if (waiting.length > MAX_WAITING) drain();
  };
};

/**
 * Follows `call.cancel` for every reason but a client that has gone: such an attempt may go on until the call's
 * deadline, if its answer is worth keeping. `leave` is called when it does.
 */
const outliving = (key: KeyOf, call: Call, cancel: Cancel, leave: (reason: GatewayError) => void): (() => void) => {
  let stop: (() => void) | undefined;
  const release = call.cancel.onCancel(reason => {
    if (reason.code !== 'gone' || quietly(call, () => key(call)) === undefined) return cancel.cancel(reason);
    // The call's own token has its reason now, so the deadline's layer can no longer reach what is below.
    stop = after(call.deadline - now(), () => cancel.cancel(new GatewayError('limit')));
    leave(reason);
  });
  return () => {
    release();
    stop?.();
  };
};

/**
 * Remembers the last verdict (200 with a JSON object, or 403) that the back-end gave each caller; a newer one replaces
 * an older one, of either kind, and any other 4xx that is not for the moment only takes it away. Answers are handed up
 * first and kept afterwards.
 */
export const lastGood = (options: LastGoodOptions): Layer => {
  const later = createLater(([call, answer]: readonly [Call, Answer]) =>
    quietly(call, () => keep(options, call, answer)),
  );
  return next => call => {
    if (call.cancel.reason) return Promise.reject(call.cancel.reason);
    return new Promise((resolve, reject) => {
      const cancel = new Cancel();
      const release = outliving(options.key, call, cancel, reject);
      next({ ...call, cancel }).then(
        answer => {
          release();
          resolve(answer);
          if (answer.source === 'upstream' || answer.source === 'hedge') later([call, answer]);
        },
        error => {
          release();
          reject(error);
        },
      );
    });
  };
};
