import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { UpstreamState } from '../core/events.ts';
import type { Handler, Layer } from '../core/layer.ts';

/** One back-end address with its own stack. */
export interface Upstream {
  readonly name: string;
  readonly handler: Handler;
  /** True if its breaker would let a call through now. */
  readonly admits: boolean;
  /** True if it may get a hedge: breaker closed and room without waiting. */
  readonly mayHedge: boolean;
  /** Most calls at a time, as it was set or as it has been learned. */
  readonly limit: number;
  /** Calls out and waiting. */
  readonly load: number;
  state(): UpstreamState;
  /** A reload has put another one in its place; calls that are out go on. */
  replace(): void;
  close(): void;
}

const isTried = (upstream: Upstream, { attempts }: Call): boolean =>
  attempts.some(attempt => attempt.upstream === upstream.name);

/** Lower is better; willing before unwilling, then untried before tried, then by load. */
const rank = (upstream: Upstream, call: Call): number =>
  (upstream.admits ? 0 : 2e9) + (isTried(upstream, call) ? 1e9 : 0) + upstream.load;

/** One error serves all refused calls: a stack trace for each would cost more than the refusal. */
const ALL_OPEN = new GatewayError('breaker');

/**
 * Sends each attempt to the least busy healthy upstream, one that this call has not tried yet if there is a healthy one.
 * Equals take turns.
 */
export class Choice {
  readonly #upstreams: readonly Upstream[];
  #turn = 0;

  constructor(upstreams: readonly Upstream[]) {
    this.#upstreams = upstreams;
  }

  /** Refuses a call at once while no breaker would let it through: nothing of what an attempt costs is spent on it. */
  readonly gate: Layer = next => call => (this.#isShut ? Promise.reject(ALL_OPEN) : next(call));

  readonly handler: Handler = call => {
    const upstream = this.#pick(call);
    this.#turn++;
    const attempt = { upstream: upstream.name, sent: false };
    call.attempts.push(attempt);
    return upstream.handler({ ...call, attempt });
  };

  /** True if the upstream whose turn it is may get a hedge of this call. */
  mayHedge(call: Call): boolean {
    return this.#pick(call).mayHedge;
  }

  /** True if an upstream would take this call that it has not been tried at. */
  hasUntried(call: Call): boolean {
    return this.#upstreams.some(upstream => upstream.admits && !isTried(upstream, call));
  }

  get #isShut(): boolean {
    for (const upstream of this.#upstreams) if (upstream.admits) return false;
    return true;
  }

  #pick(call: Call): Upstream {
    const count = this.#upstreams.length;
    let best = this.#upstreams[0] as Upstream;
    if (count === 1) return best;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const upstream = this.#upstreams[(this.#turn + i) % count] as Upstream;
      const its = rank(upstream, call);
      if (its < least) [best, least] = [upstream, its];
    }
    return best;
  }
}
