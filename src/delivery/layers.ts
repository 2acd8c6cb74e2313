import { checkObject } from '../answers/json.ts';
import { type Answer, type Call, lookupMs } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Code } from '../core/errors.ts';
import { GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { JSON_HEADERS } from '../core/refusal.ts';
import type { FallbackRung } from '../core/rung.ts';
import type { Register } from '../sessions/register.ts';
import { decidesFor } from '../sessions/sessions.ts';
import { laneOf, type Outbox } from './outbox.ts';

const stored = ({ body }: Call, reason?: Code): Answer => {
  const answer: Answer = { status: 200, headers: JSON_HEADERS, body, source: 'stored' };
  return reason === undefined ? answer : { ...answer, reason };
};

/** `store`: 200 with the request's own bytes, once the event is on disk. Throws where it cannot be stored. */
export const storeRung = (outbox: Outbox): FallbackRung => ({
  name: 'store',
  source: 'stored',
  answer: async (call, failure) => {
    checkObject(call.body);
    await outbox.store(call);
    return stored(call, failure.code);
  },
});

/** So much before its own limit a notification that waits for another has that one stored; a share of a short limit. */
const HURRY_MS = 250;

const patienceMs = ({ deadline }: Call): number => {
  const left = Math.max(0, deadline - now());
  return left - Math.min(HURRY_MS, left / 4);
};

/** Lets one notification of a session through at a time, in the order of their arrival. */
export const inOrder =
  (outbox: Outbox): Layer =>
  next =>
  async call => {
    const hurry = () => call.cancel.cancel(new GatewayError('limit'));
    const leave = await outbox.lanes.enter(laneOf(call), hurry, patienceMs(call));
    try {
      return await next(call);
    } finally {
      outbox.forget(call.id);
      leave();
    }
  };

/** One error serves all: one for each would cost more than the refusal. */
const QUEUED = new GatewayError('queued');

const late = (outbox: Outbox, call: Call): Call => ({ ...call, late: (end, forMs) => outbox.expect(call, end, forMs) });

/** Refuses what would overtake stored events of its session. Lets an attempt go on that is out when its call is answered. */
export const behindStored =
  (outbox: Outbox): Layer =>
  next =>
  call => {
    const go = (isStored: boolean) => (isStored ? Promise.reject(QUEUED) : next(late(outbox, call)));
    const stored = outbox.hasStored(call);
    return typeof stored === 'boolean' ? go(stored) : stored.then(go);
  };

/**
 * `acknowledge: first`: answers as soon as the event is on disk, and asks nobody. Only where WCS ignores the answer, by
 * the rules of a session that is known; and where the event cannot be stored, it goes the usual way.
 */
export const acknowledging =
  (outbox: Outbox, register: Register): Layer =>
  next =>
  async call => {
    const session = await register.find(call, lookupMs(call));
    if (decidesFor(session, call.hook) !== false) return next(call);
    try {
      checkObject(call.body);
      await outbox.store(call);
      return stored(call);
    } catch (error) {
      call.emit({ type: 'rung-failed', route: call.route, source: 'stored', error });
      return next(call);
    }
  };
