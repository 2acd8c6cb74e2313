import { z } from 'zod';
import type { Answer, Call } from '../core/call.ts';
import type { Cancel } from '../core/cancel.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError, moreTelling } from '../core/errors.ts';
import type { HedgeResult } from '../core/events.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { duration, share } from '../options/fields.ts';
import type { Budget } from './budget.ts';
import { LatencyWindow } from './latency.ts';

const QUANTILE = /^p(\d{1,2}(?:\.\d+)?)$/;

/** `p95`: a quantile measured over the last 30 s (0 to 1 inside), or a fixed duration. */
const delay = z
  .union([
    z
      .string()
      .regex(QUANTILE)
      .transform(text => ({ quantile: Number(text.slice(1)) / 100 })),
    duration().transform(ms => ({ ms })),
  ])
  .meta({ description: 'a quantile such as p95, or a duration' });

/** `hedge`: when a second attempt is sent beside a first that is still out. */
export const HedgeOptions = z.strictObject({
  after: delay.prefault('p95'),
  min: duration().prefault('5ms'),
  max: duration().prefault('1s'),
  budget: share().prefault('5%'),
});
export type HedgeOptions = z.output<typeof HedgeOptions>;

/** Too few calls say nothing about a quantile; until then a hedge waits for `max`. */
const LEAST_SAMPLES = 50;
/** A loser may still finish within so many p-th quantiles: cutting it at once costs a connection each time. */
const GRACE_QUANTILES = 4;

const LOST = new GatewayError('cancelled');

export interface HedgePolicy {
  readonly options: HedgeOptions;
  /** Shared with retries. */
  readonly budget: Budget;
  /** Asked when the delay is over: false if the upstream whose turn it is has no closed breaker or no room. */
  readonly mayHedge: (call: Call) => boolean;
}

/**
 * Sends a second attempt beside a first that is late, and answers with whichever succeeds first.
 * The delay is a quantile measured over the last 30 s (or fixed), within `min` and `max` and half of what is left
 * of the call's limit. The loser is cancelled, not failed, after a grace. To be used only where the back-end bears
 * the same call twice.
 * Source: Dean and Barroso, The Tail at Scale, CACM 56 (2), 2013.
 */
export class Hedge {
  readonly #policy: HedgePolicy;
  readonly #latency: LatencyWindow;

  constructor(policy: HedgePolicy) {
    this.#policy = policy;
    const { after: delay } = policy.options;
    this.#latency = new LatencyWindow('quantile' in delay ? delay.quantile : 0.95, LEAST_SAMPLES);
  }

  /** The delay in milliseconds before a second attempt would be sent now. */
  get delayMs(): number {
    const { after: delay, min, max } = this.#policy.options;
    if ('ms' in delay) return Math.min(delay.ms, max);
    return Math.min(max, Math.max(min, this.#latency.value() ?? max));
  }

  readonly layer: Layer = next => call => new Promise((resolve, reject) => new Race(next, call, this, resolve, reject));

  /** True if a second attempt may go out now; takes it from the budget. */
  grants(call: Call): boolean {
    const granted = this.#policy.mayHedge(call) && this.#policy.budget.take();
    if (!granted) call.emit({ type: 'hedge', route: call.route, result: 'denied' });
    return granted;
  }

  record(ms: number): void {
    this.#latency.record(ms);
  }

  /** How long a loser may go on, in milliseconds. */
  get graceMs(): number {
    return GRACE_QUANTILES * (this.#latency.value() ?? this.#policy.options.max);
  }
}

/** One call's attempts side by side: a first, and maybe a second. */
class Race {
  readonly #next: Handler;
  readonly #call: Call;
  readonly #hedge: Hedge;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #startedAt = now();
  #hedgedAt = 0;
  /** The second attempt's own token; the first one runs on the call's. */
  #second: Cancel | undefined = undefined;
  #running = 1;
  #isOver = false;
  #error: GatewayError | undefined = undefined;
  /** Stops the wait for the second attempt, and later the grace of the loser. */
  #stopTimer: () => void;

  constructor(
    next: Handler,
    call: Call,
    hedge: Hedge,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#next = next;
    this.#call = call;
    this.#hedge = hedge;
    this.#resolve = resolve;
    this.#reject = reject;
    const half = (call.deadline - this.#startedAt) / 2;
    this.#stopTimer = after(Math.min(hedge.delayMs, half), () => this.#startSecond());
    this.#run(call, false);
  }

  #startSecond(): void {
    if (this.#call.cancel.reason || !this.#hedge.grants(this.#call)) return;
    this.#second = this.#call.cancel.fork();
    this.#hedgedAt = now();
    this.#running++;
    this.#run({ ...this.#call, cancel: this.#second, isHedge: true }, true);
  }

  #run(call: Call, isHedge: boolean): void {
    this.#next(call).then(
      answer => this.#answered(answer, isHedge),
      error => this.#failed(error, isHedge),
    );
  }

  #answered(answer: Answer, isHedge: boolean): void {
    this.#leave(isHedge);
    if (this.#isOver) return;
    this.#end(isHedge ? 'won' : 'lost');
    this.#resolve(isHedge ? { ...answer, source: 'hedge' } : answer);
    if (this.#running > 0) this.#graceLoser(isHedge ? this.#call.cancel : this.#second);
  }

  #failed(error: unknown, isHedge: boolean): void {
    // A failed attempt says how long the upstream takes only if it was cut for its length; leaving that out would make
    // a stalling upstream look fast.
    const failure = asGatewayError(error);
    const wasCut = error === LOST || failure.row.outcome === 'timeout';
    this.#error = this.#error ? moreTelling(this.#error, failure) : failure;
    this.#leave(isHedge, wasCut);
    if (this.#isOver || this.#running > 0) return;
    this.#end('failed');
    this.#reject(this.#error);
  }

  #leave(isHedge: boolean, counts = true): void {
    this.#running--;
    if (counts) this.#hedge.record(now() - (isHedge ? this.#hedgedAt : this.#startedAt));
    if (this.#isOver) this.#stopTimer();
  }

  #end(result: HedgeResult): void {
    this.#isOver = true;
    this.#stopTimer();
    if (this.#second) this.#call.emit({ type: 'hedge', route: this.#call.route, result });
  }

  /** By now everybody above has the answer, so the call's own token is free to cut its first attempt. */
  #graceLoser(loser: Cancel | undefined): void {
    const left = this.#call.deadline - now();
    this.#stopTimer = after(Math.min(this.#hedge.graceMs, left), () => loser?.cancel(LOST));
  }
}
