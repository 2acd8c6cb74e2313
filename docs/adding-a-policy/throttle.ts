import { z } from 'zod';
import { now } from '../../src/core/clock.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Layer } from '../../src/core/layer.ts';
import { count } from '../../src/options/fields.ts';

/** `throttle`: how many calls a second one upstream gets, and how many of them may come at once. */
export const ThrottleOptions = z
  .strictObject({
    perSecond: count().default(100),
    burst: count().default(20),
  })
  .meta({ description: 'per upstream; what comes beyond it is refused at once' });
export type ThrottleOptions = z.output<typeof ThrottleOptions>;

/** One error serves all refused calls: a stack trace for each would cost more than the refusal. */
const SPENT = new GatewayError('overload', 'no room: throttle.perSecond calls have gone out');

/**
 * Lets `burst` calls through at once and `perSecond` a second in the long run: a token bucket that begins full.
 * A call that finds no token is refused at once with `overload`; nothing waits and no timer is set.
 */
export const throttle =
  ({ perSecond, burst }: ThrottleOptions): Layer =>
  next => {
    let tokens = burst;
    let filledAt = now();

    const take = (): boolean => {
      const at = now();
      tokens = Math.min(burst, tokens + ((at - filledAt) * perSecond) / 1000);
      filledAt = at;
      if (tokens < 1) return false;
      tokens--;
      return true;
    };

    return call => (take() ? next(call) : Promise.reject(SPENT));
  };
