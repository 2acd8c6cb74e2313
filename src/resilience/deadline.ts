import type { Answer, Call } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';

/** So much before the deadline the wait ends at least, because the fallback and the write need time too. */
const LEAD_MS = 10;

/** What `next` gives within `ms`; after that its token is cancelled with `code`, which ends the wait at once. */
const within = (next: Handler, call: Call, ms: number, code: 'limit' | 'timeout'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stop = after(ms, () => call.cancel.cancel(new GatewayError(code)));
    const release = call.cancel.onCancel(reason => {
      stop();
      reject(reason);
    });
    const end = () => {
      stop();
      release();
    };
    next(call).then(
      answer => {
        end();
        resolve(answer);
      },
      error => {
        end();
        reject(error);
      },
    );
  });

/**
 * Ends the wait for an answer shortly before `call.deadline` with `limit`, and cancels what is below with that reason.
 * Settles then even if the inner handler does not. `lookupMs` is what the fallback may need to look something up.
 */
export const deadline =
  (lookupMs = 0): Layer =>
  next =>
  call => {
    const left = call.deadline - LEAD_MS - now();
    // The back-end gets half of a short limit in any case.
    const ms = left - Math.min(lookupMs, left / 2);
    return ms > 0 ? within(next, call, ms, 'limit') : Promise.reject(new GatewayError('limit'));
  };

/**
 * Ends one attempt after `call.attemptLimitMs` with `timeout`. Sets no timer where the call's own deadline comes first:
 * that one cancels the attempt as well.
 */
export const attemptDeadline = (): Layer => next => call =>
  call.deadline - now() <= call.attemptLimitMs
    ? next(call)
    : within(next, { ...call, cancel: call.cancel.fork() }, call.attemptLimitMs, 'timeout');
