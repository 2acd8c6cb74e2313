import { z } from 'zod';
import type { Call } from '../core/call.ts';
import { clientOf } from '../core/client-address.ts';
import { GatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { count } from '../options/fields.ts';
import { Buckets } from './buckets.ts';

/** `limits.rate`: how much of the back-ends one client may have. */
export const RateOptions = z.strictObject({
  calls: count().default(100),
  burst: count().default(200),
  by: z.enum(['address', 'node']).default('address'),
});
export type RateOptions = z.output<typeof RateOptions>;

/** The node of WCS that a body names, if it names one beyond doubt. */
export type NodeOf = (body: Buffer) => string | undefined;

/** One error serves all: one for each would cost more than the refusal. */
const SPENT = new GatewayError('rate');

/**
 * Lets each client have `burst` calls at once and `calls` a second in the long run. What comes beyond fails at once with
 * `rate`: nothing waits and no timer is set. A client is an address, or the node of WCS that the body names; a body that
 * names none counts for its address. One object serves all apps, so that they share what a client may have.
 */
export class Rate {
  readonly layer: Layer = next => call => (this.#admits(call) ? next(call) : this.#reject(call));
  readonly #buckets: Buckets;
  readonly #nodeOf: NodeOf | undefined;

  constructor({ calls, burst, by }: RateOptions, nodeOf: NodeOf) {
    this.#buckets = new Buckets({ perSecond: calls, burst });
    this.#nodeOf = by === 'node' ? nodeOf : undefined;
  }

  #admits(call: Call): boolean {
    return call.peer === undefined || this.#buckets.take(this.#clientOf(call.peer, call.body));
  }

  #reject({ emit, peer = '' }: Call): Promise<never> {
    emit({ type: 'rejected', code: SPENT.code, message: SPENT.message, peer });
    return Promise.reject(SPENT);
  }

  #clientOf(peer: string, body: Buffer): string {
    const node = this.#nodeOf?.(body);
    // No address looks like that, so nobody can use up what another has by naming a node after its address.
    return node === undefined ? clientOf(peer) : `node ${node}`;
  }
}
