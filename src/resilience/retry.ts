import { z } from 'zod';
import { type Answer, type Call, sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, type GatewayError, moreTelling } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { count, duration, share } from '../options/fields.ts';
import type { Budget } from './budget.ts';

/** `retry`: how often a failed attempt is repeated within the limit. */
export const RetryOptions = z.strictObject({
  attempts: count().default(2),
  backoff: duration().prefault('25ms'),
  budget: share().prefault('5%'),
});
export type RetryOptions = z.output<typeof RetryOptions>;

export interface RetryPolicy {
  readonly options: RetryOptions | false;
  /** Shared with hedges. */
  readonly budget: Budget;
  /** True if the back-end bears the same call twice. */
  readonly idempotent: boolean;
  /** True if there is an upstream to turn to that would take this call and that it has not been tried at. */
  readonly hasUntried: (call: Call) => boolean;
}

/** Waits `ms`, or less if the call is cancelled meanwhile; then throws the reason. */
const pause = (call: Call, ms: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const release = call.cancel.onCancel(reason => {
      stop();
      reject(reason);
    });
    const stop = after(ms, () => {
      release();
      resolve();
    });
  });

/** A stale connection is nobody's fault, yet the call failed at the upstream. */
const blamesUpstream = (error: GatewayError): boolean => error.row.fault === 'upstream' || error.code === 'stale';

/**
 * Repeats a failed attempt within the call's limit.
 *
 * What never reached an upstream (no connection, breaker, full house) goes to one not yet tried at once, whatever
 * the hook: nothing was sent. Any other repeat waits a jittered `backoff`, draws on the budget and stays within
 * `attempts` sent in all; a request that was sent is repeated only if the back-end bears it (RFC 9110 §9.2.2).
 */
export const retry =
  (policy: RetryPolicy): Layer =>
  next => {
    const { options, budget } = policy;

    /** Milliseconds to wait before the next attempt, or nothing if this error is the end. */
    const patience = (call: Call, error: GatewayError): number | undefined => {
      if (call.cancel.reason || error.row.fault === 'client') return undefined;
      if (error.row.unsent && policy.hasUntried(call)) return 0;
      const mayRepeat = blamesUpstream(error) && (error.row.unsent || policy.idempotent);
      if (!options || !mayRepeat || sentAttempts(call) >= options.attempts) return undefined;
      const ms = options.backoff * (0.5 + Math.random());
      return call.deadline - now() > ms && granted(call, error) ? ms : undefined;
    };

    const granted = (call: Call, error: GatewayError): boolean => {
      const result = budget.take() ? 'sent' : 'denied';
      call.emit({ type: 'retry', route: call.route, code: error.code, result });
      return result === 'sent';
    };

    const attempt = (call: Call): Promise<Answer> => next(call).catch(error => repeat(call, asGatewayError(error)));

    const repeat = (call: Call, error: GatewayError): Promise<Answer> => {
      const ms = patience(call, error);
      if (ms === undefined) throw error;
      const repeated = ms > 0 ? pause(call, ms).then(() => attempt(call)) : attempt(call);
      return repeated.catch(later => {
        throw moreTelling(error, asGatewayError(later));
      });
    };

    return call => {
      budget.earn();
      return attempt(call);
    };
  };
