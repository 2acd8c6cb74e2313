import { type Handler, stack } from '../../src/core/layer.ts';
import type { Breaker } from '../../src/resilience/breaker.ts';
import type { Bulkhead } from '../../src/resilience/bulkhead.ts';
import { attemptDeadline } from '../../src/resilience/deadline.ts';
import { type ThrottleOptions, throttle } from './throttle.ts';

export interface ThrottledParts {
  readonly options: ThrottleOptions;
  readonly bulkhead: Bulkhead;
  readonly breaker: Breaker;
  readonly client: Handler;
}

/** The upstream stack of `src/gateway/routes.ts` with one more line. */
export const throttledUpstream = ({ options, bulkhead, breaker, client }: ThrottledParts): Handler =>
  stack(
    [
      throttle(options), // above the bulkhead: a call that may not go yet takes up no place in the queue
      bulkhead.layer,
      breaker.layer,
      attemptDeadline(),
    ],
    client,
  );
