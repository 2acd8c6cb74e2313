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
  /** True if it may get a hedge: breaker closed, room without waiting, and all of its share. */
  readonly mayHedge: boolean;
  /** Most calls at a time, as it was set or as it has been learned. */
  readonly limit: number;
  /** Calls out and waiting. */
  readonly load: number;
  /** How much of its part of the calls it gets while others are there: 1 all, 0 none, between them as it comes back. */
  readonly share: number;
  state(): UpstreamState;
  /** A reload has put another one in its place; calls that are out go on. */
  replace(): void;
  close(): void;
}

const isTried = (upstream: Upstream, { attempts }: Call): boolean =>
  attempts.some(attempt => attempt.upstream === upstream.name);

/** One error serves all refused calls: one for each would cost more than the refusal. */
const ALL_OPEN = new GatewayError('breaker');

const WORST = 15;

/**
 * Sends each attempt to a healthy upstream that this call has not tried yet, if there is one: of two at random the less
 * busy one. With many gateways and many upstreams that spreads calls almost as evenly as the least busy of all would,
 * and no two gateways run to the same one.
 * Source: Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12 (10), 2001.
 */
export class Choice {
  readonly #upstreams: readonly Upstream[];
  readonly #random: () => number;
  /** How good each one is for the call at hand; lower is better. */
  readonly #ranks: Uint8Array;
  #turn = 0;

  /** `random` gives 0 to 1, 1 excluded. */
  constructor(upstreams: readonly Upstream[], random: () => number = Math.random) {
    this.#upstreams = upstreams;
    this.#random = random;
    this.#ranks = new Uint8Array(upstreams.length);
  }

  /** Refuses a call at once while no breaker would let it through: nothing of what an attempt costs is spent on it. */
  readonly gate: Layer = next => call => (this.#isShut ? Promise.reject(ALL_OPEN) : next(call));

  readonly handler: Handler = call => {
    const upstream = this.#pick(call, call.isHedge === true);
    this.#turn++;
    const attempt = { upstream: upstream.name, sent: false };
    call.attempts.push(attempt);
    return upstream.handler({ ...call, attempt });
  };

  /** True if the upstream that a hedge of this call would go to may get one. */
  mayHedge(call: Call): boolean {
    return this.#pick(call, true).mayHedge;
  }

  /** True if an upstream would take this call that it has not been tried at. */
  hasUntried(call: Call): boolean {
    return this.#upstreams.some(upstream => upstream.admits && !isTried(upstream, call));
  }

  get #isShut(): boolean {
    for (const upstream of this.#upstreams) if (upstream.admits) return false;
    return true;
  }

  #pick(call: Call, isHedge: boolean): Upstream {
    const { length } = this.#upstreams;
    if (length === 1) return this.#upstreams[0] as Upstream;
    let best = WORST;
    let count = 0;
    for (let at = 0; at < length; at++) {
      const rank = this.#rank(this.#upstreams[at] as Upstream, call, isHedge);
      this.#ranks[at] = rank;
      if (rank < best) count = 0;
      best = Math.min(best, rank);
      if (rank === best) count++;
    }
    return this.#lessBusy(best, count);
  }

  /**
   * Willing before unwilling. Then a first attempt or a repeat goes to one untried, be it one that is left out: it has
   * failed elsewhere. A hedge has not, and goes to one that is well.
   */
  #rank(upstream: Upstream, call: Call, isHedge: boolean): number {
    const unwilling = upstream.admits ? 0 : 8;
    const tried = isTried(upstream, call) ? 1 : 0;
    const out = this.#isIn(upstream) ? 0 : 1;
    return isHedge ? unwilling + 4 * out + 2 * tried + (upstream.mayHedge ? 0 : 1) : unwilling + 2 * tried + out;
  }

  /** One that comes back is in for its share of the calls. */
  #isIn({ share }: Upstream): boolean {
    return share === 1 || (share > 0 && this.#random() < share);
  }

  /** Of the `count` upstreams of a rank two at random, or both, and of these the less busy one. Two equals take turns. */
  #lessBusy(rank: number, count: number): Upstream {
    const first = count > 2 ? Math.floor(this.#random() * count) : this.#turn % count;
    const one = this.#nth(rank, first);
    if (count === 1) return one;
    const step = 1 + Math.floor(this.#random() * (count - 1));
    const other = this.#nth(rank, (first + step) % count);
    return other.load < one.load ? other : one;
  }

  #nth(rank: number, nth: number): Upstream {
    let at = this.#ranks.indexOf(rank);
    for (let left = nth; left > 0; left--) at = this.#ranks.indexOf(rank, at + 1);
    return this.#upstreams[at] as Upstream;
  }
}
