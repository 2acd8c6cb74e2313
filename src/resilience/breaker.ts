import { z } from 'zod';
import type { Call } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { BreakerState, Emit } from '../core/events.ts';
import type { Layer } from '../core/layer.ts';
import { count, duration, share } from '../options/fields.ts';
import { type ShareWindow, shareWindow } from './share-window.ts';

/** `breaker`: when an upstream is left alone, and for how long. */
export const BreakerOptions = z
  .strictObject({
    window: duration().prefault('10s'),
    minCalls: count().default(10),
    errorShare: share().prefault('50%'),
    slowAfter: share().prefault('60%'),
    slowShare: share().prefault('50%'),
    openFor: duration().prefault('5s'),
    maxOpenFor: duration().prefault('60s'),
    probes: count().default(3),
  })
  .meta({ description: 'per upstream; slowAfter is a share of attemptLimit' });
export type BreakerOptions = z.output<typeof BreakerOptions>;

/** What one call said about its upstream. Ignored: it says nothing, as a cancelled loser does. */
type Evidence = 'good' | 'slow' | 'failed' | 'ignored';

/** While open, one error serves all refused calls: one for each would cost more than the refusal. */
const OPEN = new GatewayError('breaker');

export interface BreakerScope {
  readonly app: string;
  readonly upstream: string;
  readonly emit: Emit;
}

/**
 * Leaves an upstream alone that fails or is slow too often.
 *
 * Closed: two windows count failed and slow results; either may open it. Open: every call is refused at once, for
 * `openFor`, twice as long after each failed recovery, at most `maxOpenFor`. Half-open: up to `probes` calls are let
 * through, everybody else is refused at once; `probes` good ones in a row close it, one bad one opens it again.
 * An upload that lasts gives its place to another call meanwhile: its client may take minutes.
 * After closing it admits `probes` calls at a time and one more for each good answer, until `openFor` has passed,
 * so that a back-end that has just come back is not run over.
 *
 * Every result carries the epoch in which its call began. A result from an earlier epoch decides nothing.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #scope: BreakerScope;
  #state: BreakerState = 'closed';
  #epoch = 0;
  #openForMs: number;
  #openUntil = 0;
  /** Calls of this epoch that are out: all when closed, probes when half-open. */
  #out = 0;
  #goodProbes = 0;
  #room = Number.POSITIVE_INFINITY;
  #rampEndsAt = 0;
  #isReplaced = false;
  /** Only a closed breaker counts, and each closing begins anew: failures from before a recovery must not re-open it. */
  #failures: ShareWindow | undefined;
  #slows: ShareWindow | undefined;

  constructor(options: BreakerOptions, scope: BreakerScope) {
    this.#options = options;
    this.#scope = scope;
    this.#openForMs = options.openFor;
    this.#openWindows();
  }

  /** Open turns half-open by the clock, so asking is what moves it. */
  get state(): BreakerState {
    if (this.#state === 'open' && now() >= this.#openUntil) this.#enter('half-open');
    return this.#state;
  }

  /** Whole milliseconds until probes are let through; nothing unless open. */
  get probesInMs(): number | undefined {
    return this.state === 'open' ? Math.ceil(this.#openUntil - now()) : undefined;
  }

  /** True if a call would be let through now. */
  get admits(): boolean {
    const state = this.state;
    if (state === 'open') return false;
    if (state === 'half-open') return this.#out + this.#goodProbes < this.#options.probes;
    return this.#out < this.#ramp();
  }

  /** True if it is closed and not holding back after a recovery: the only time when more than the needed calls may go. */
  get steady(): boolean {
    return this.state === 'closed' && this.#ramp() === Number.POSITIVE_INFINITY;
  }

  readonly layer: Layer = next => call => {
    if (!this.admits) return Promise.reject(OPEN);
    const epoch = this.#epoch;
    const startedAt = now();
    this.#out++;
    let isOut = true;
    const mayLast = call.passage?.hasBody && this.#state === 'half-open';
    const stop = mayLast
      ? after(call.attemptLimitMs, () => {
          this.#take(epoch, 'ignored');
          isOut = false;
        })
      : undefined;
    return next(call).then(
      answer => {
        stop?.();
        // An upload takes as long as its client; what the back-end took is known to the attempt.
        const ms = call.passage ? (call.attempt?.ms ?? 0) : now() - startedAt;
        const isSlow = ms > this.#options.slowAfter * call.attemptLimitMs;
        this.#take(epoch, isSlow ? 'slow' : 'good', isOut);
        return answer;
      },
      error => {
        stop?.();
        this.#take(epoch, this.#blame(asGatewayError(error), now() - startedAt, call), isOut);
        throw error;
      },
    );
  };

  /** Another one, which is closed, has taken its place: whatever becomes of this one is told no more. */
  replace(): void {
    if (this.#state !== 'closed') this.#tell('closed', { isReplaced: true });
    this.#isReplaced = true;
  }

  close(): void {
    this.#failures?.close();
    this.#slows?.close();
  }

  /** A call whose limit ran out soon after it began (it had waited elsewhere) says nothing about the upstream. */
  #blame(error: GatewayError, ms: number, call: Call): Evidence {
    if (error.row.fault !== 'upstream') return 'ignored';
    const cutShort = error.code === 'limit' && ms < this.#options.slowAfter * call.attemptLimitMs;
    return cutShort ? 'ignored' : 'failed';
  }

  /** A result from an earlier epoch decides nothing. */
  #take(epoch: number, evidence: Evidence, isOut = true): void {
    if (epoch !== this.#epoch) return;
    if (isOut) this.#out--;
    if (evidence === 'ignored') return;
    if (this.#state === 'half-open') this.#takeProbe(evidence === 'good');
    else this.#takeClosed(evidence);
  }

  #takeClosed(evidence: Evidence): void {
    if (evidence === 'good') this.#room++;
    this.#failures?.record(evidence === 'failed');
    if (evidence !== 'failed') this.#slows?.record(evidence === 'slow');
  }

  #takeProbe(good: boolean): void {
    if (!good) this.#reopen();
    else if (++this.#goodProbes === this.#options.probes) this.#recover();
  }

  #recover(): void {
    this.#enter('closed');
    this.#room = this.#options.probes;
    this.#rampEndsAt = now() + this.#options.openFor;
  }

  #ramp(): number {
    if (this.#room !== Number.POSITIVE_INFINITY && now() >= this.#rampEndsAt) {
      this.#room = Number.POSITIVE_INFINITY;
      this.#openForMs = this.#options.openFor;
    }
    return this.#room;
  }

  /** Opens after a failed recovery: one that relapses during the ramp counts as such too. */
  #reopen(): void {
    this.#openForMs = Math.min(this.#openForMs * 2, this.#options.maxOpenFor);
    this.#enter('open');
  }

  #trip(epoch: number): void {
    if (epoch !== this.#epoch) return;
    if (this.#ramp() === Number.POSITIVE_INFINITY) this.#enter('open');
    else this.#reopen();
  }

  /** Every state begins a new epoch and forgets what the last one counted. */
  #enter(state: BreakerState): void {
    this.#state = state;
    this.#epoch++;
    this.#out = 0;
    this.#goodProbes = 0;
    this.#room = Number.POSITIVE_INFINITY;
    if (state === 'open') this.#openUntil = now() + this.#openForMs;
    this.close();
    if (state === 'closed') this.#openWindows();
    this.#tell(state, state === 'open' ? { openForMs: this.#openForMs } : {});
  }

  #tell(to: BreakerState, more: { readonly openForMs?: number; readonly isReplaced?: true }): void {
    const { app, upstream, emit } = this.#scope;
    if (!this.#isReplaced) emit({ type: 'breaker', app, upstream, to, ...more });
  }

  #openWindows(): void {
    this.#failures = this.#window(this.#options.errorShare);
    this.#slows = this.#window(this.#options.slowShare);
  }

  #window(share: number): ShareWindow {
    const epoch = this.#epoch;
    const { window: windowMs, minCalls } = this.#options;
    return shareWindow({ windowMs, minCalls, share }, () => this.#trip(epoch));
  }
}
