import { z } from 'zod';
import type { Answer, Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { count } from '../options/fields.ts';

/** `concurrency`: how many calls one upstream gets at a time, and how many may wait for their turn. */
export const BulkheadOptions = z
  .strictObject({
    max: count().default(64),
    queue: count(0).default(256),
  })
  .meta({ description: 'per upstream; a queued call draws on its limit' });
export type BulkheadOptions = z.output<typeof BulkheadOptions>;

/** No room is no fault of the call, so one error serves all: a stack trace for each would cost more than the refusal. */
const FULL = new GatewayError('overload');

/**
 * Lets `max` calls at a time through to one upstream and `queue` more wait their turn, first come first served.
 * Beyond that it refuses at once with `overload`. A permit is held until the inner call has settled,
 * not until somebody stopped waiting for it.
 */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #queue = new Set<() => void>();
  #inflight = 0;

  constructor(options: BulkheadOptions) {
    this.#options = options;
  }

  get inflight(): number {
    return this.#inflight;
  }

  get queued(): number {
    return this.#queue.size;
  }

  readonly layer: Layer = next => call => {
    if (this.#inflight >= this.#options.max) return this.#turn(call).then(() => this.#enter(next, call));
    this.#inflight++;
    return this.#enter(next, call);
  };

  #enter(next: Handler, call: Call): Promise<Answer> {
    const answer = next(call);
    answer.then(this.#leave, this.#leave);
    return answer;
  }

  /** Resolves with a permit in hand; the one who left passed it on. */
  #turn(call: Call): Promise<void> {
    if (call.cancel.reason) return Promise.reject(call.cancel.reason);
    if (this.#queue.size >= this.#options.queue) return Promise.reject(FULL);
    return new Promise((resolve, reject) => {
      const admit = () => {
        release();
        resolve();
      };
      const release = call.cancel.onCancel(reason => {
        this.#queue.delete(admit);
        reject(reason);
      });
      this.#queue.add(admit);
    });
  }

  readonly #leave = (): void => {
    const [admit] = this.#queue;
    if (admit && this.#queue.delete(admit)) admit();
    else this.#inflight--;
  };
}
