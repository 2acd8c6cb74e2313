import { type Answer, boundLookups, type Call } from '../core/call.ts';
import { asGatewayError, type GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import type { FallbackRung } from '../core/rung.ts';

/** The rungs for a call, asked for once it has failed. Never throws. */
export type ChooseRungs = (call: Call) => readonly FallbackRung[] | Promise<readonly FallbackRung[]>;

const climb = async (rungs: readonly FallbackRung[], call: Call, failure: GatewayError): Promise<Answer> => {
  for (const rung of rungs) {
    try {
      const answer = await rung.answer(call, failure);
      if (answer) return answer;
    } catch (error) {
      if (asGatewayError(error).row.fault === 'client') throw error;
      call.emit({ type: 'rung-failed', route: call.route, source: rung.source, error });
    }
  }
  // A 5xx or a 200 that is no JSON is still the back-end's own word, and better than nothing.
  if (failure.answer) return { ...failure.answer, reason: failure.code };
  throw failure;
};

const mend = async (choose: ChooseRungs, call: Call, thrown: unknown): Promise<Answer> => {
  const failure = asGatewayError(thrown);
  if (failure.row.fault === 'client') throw failure;
  if (failure.code === 'internal') call.emit({ type: 'defect', error: failure });
  return climb(await choose(call), call, failure);
};

/**
 * Turns a failure into the answer of the first rung that has one. A client that has gone gets none. All that rungs look up
 * together may take `lookupMs`, however much of the limit is left; 0 where nothing that is looked up takes any time.
 */
export const fallback =
  (choose: ChooseRungs, lookupMs = 0): Layer =>
  next =>
  call =>
    next(call).catch(error => mend(choose, lookupMs === 0 ? call : boundLookups(call, lookupMs), error));
