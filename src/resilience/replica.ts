import type { Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, type GatewayError } from '../core/errors.ts';
import type { EjectionReason, Emit, Event, UpstreamState } from '../core/events.ts';
import type { Layer } from '../core/layer.ts';
import { LastValues } from './last-values.ts';

/** Whoever is ejected again within this time after its return was not well: it takes that long to be judged. */
const JUDGED_WITHIN_MS = 30_000;
/** Half of the latencies must change before their median does; a share can be told from another only by more. */
const LATENCIES = 64;
const FAILURES = 128;

export interface ReplicaScope {
  readonly app: string;
  readonly upstream: string;
  readonly emit: Emit;
  readonly options: { readonly for: number; readonly maxFor: number } | false;
  readonly slowStartMs: number;
  /** Called after each result that may be one too many. */
  readonly judge: (replica: Replica) => void;
}

type Change<Type extends Event['type']> = Omit<Extract<Event, { readonly type: Type }>, 'app' | 'upstream'>;

/** Why it is out, and until when. */
interface Out {
  readonly reason: EjectionReason;
  readonly until: number;
}

/**
 * Where one upstream stands among those of its app: in, out for a while, or coming back, when its share of calls grows
 * over `slowStart`.
 *
 * Every result carries the epoch in which its attempt began; one from before an ejection or a return decides nothing.
 * While it is out its results count for nothing either: the few that reach it then are no sample.
 */
export class Replica {
  readonly #scope: ReplicaScope;
  #out: Out | undefined = undefined;
  #epoch = 0;
  #backAt = Number.NEGATIVE_INFINITY;
  /** False until a slow start is over, so that asking costs nothing else. */
  #isSteady = true;
  #forMs = 0;
  readonly #latencies = new LastValues(LATENCIES);
  /** 1 for a failure, 0 for an answer. */
  readonly #failures = new LastValues(FAILURES);
  #failuresInRow = 0;
  #isReplaced = false;

  constructor(scope: ReplicaScope) {
    this.#scope = scope;
  }

  /** Changes with each ejection and each return. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The time of an ejection ends by the clock, so asking is what brings it back. */
  get isOut(): boolean {
    if (this.#out && now() >= this.#out.until) this.#return();
    return this.#out !== undefined;
  }

  /** Why it is out; nothing while it is in. */
  get reason(): EjectionReason | undefined {
    return this.isOut ? this.#out?.reason : undefined;
  }

  /** Whole milliseconds until it is back; nothing while it is in, or out until a health check finds it well. */
  get returnsInMs(): number | undefined {
    const until = this.isOut ? this.#out?.until : undefined;
    return until === undefined || until === Number.POSITIVE_INFINITY ? undefined : Math.ceil(until - now());
  }

  /** How much of its part of the calls it gets while others are there: 0 while it is out, growing to 1 when it is back. */
  get share(): number {
    if (this.#isSteady) return 1;
    if (this.isOut) return 0;
    const share = (now() - this.#backAt) / this.#scope.slowStartMs;
    if (share < 1) return share;
    this.#isSteady = true;
    return 1;
  }

  /** What there is to tell of it. */
  state(): Pick<UpstreamState, 'out' | 'returnsInMs' | 'share'> {
    const { reason, returnsInMs, share } = this;
    if (reason === undefined) return share === 1 ? {} : { share };
    return { out: reason, ...(returnsInMs === undefined ? {} : { returnsInMs }) };
  }

  get failuresInRow(): number {
    return this.#failuresInRow;
  }

  /** 0 to 1; nothing while there are too few results. */
  get errorShare(): number | undefined {
    return this.#failures.mean;
  }

  /** Of how many results that is the share. */
  get results(): number {
    return this.#failures.size;
  }

  /** Nothing while there are too few results. */
  get medianMs(): number | undefined {
    return this.#latencies.median;
  }

  readonly layer: Layer = next => call => {
    const epoch = this.#epoch;
    return next(call).then(
      answer => {
        if (this.#counts(epoch)) this.#noteAnswer(call);
        return answer;
      },
      error => {
        if (this.#counts(epoch)) this.#noteError(asGatewayError(error), call);
        throw error;
      },
    );
  };

  /** Takes it out: for the usual time, twice as long after each return that did not last, or until `foundWell`. */
  eject(reason: EjectionReason, detail: string): void {
    const forMs = reason === 'health' ? undefined : this.#nextForMs();
    this.#out = { reason, until: forMs === undefined ? Number.POSITIVE_INFINITY : now() + forMs };
    this.#begin();
    this.#tell({ type: 'ejected', reason, detail, ...(forMs === undefined ? {} : { forMs }) });
  }

  /**
   * A health check has found it well, and brings it back if it was down. One that is slow or fails often stays out for
   * its time: that it answers a check says nothing about that.
   */
  foundWell(): void {
    if (this.reason === 'health' || this.reason === 'failures') this.#return();
  }

  /** Another one, which is in, has taken its place: whatever becomes of this one is told no more. */
  replace(): void {
    if (this.isOut) this.#tell({ type: 'returned', slowStartMs: 0, isReplaced: true });
    this.#isReplaced = true;
  }

  #nextForMs(): number {
    const { options, slowStartMs } = this.#scope;
    if (!options) return 0;
    const lasted = now() - this.#backAt >= this.#forMs + slowStartMs + JUDGED_WITHIN_MS;
    this.#forMs = lasted ? options.for : Math.min(options.maxFor, Math.max(options.for, this.#forMs * 2));
    return this.#forMs;
  }

  #return(): void {
    this.#out = undefined;
    this.#backAt = now();
    this.#begin();
    this.#tell({ type: 'returned', slowStartMs: this.#scope.slowStartMs });
  }

  #tell(change: Change<'ejected'> | Change<'returned'>): void {
    const { app, upstream, emit } = this.#scope;
    if (!this.#isReplaced) emit({ ...change, app, upstream });
  }

  #begin(): void {
    this.#epoch++;
    this.#isSteady = false;
    this.#latencies.clear();
    this.#failures.clear();
    this.#failuresInRow = 0;
  }

  #counts(epoch: number): boolean {
    return epoch === this.#epoch && this.#out === undefined;
  }

  #noteAnswer({ attempt }: Call): void {
    this.#failuresInRow = 0;
    this.#failures.note(0);
    if (attempt?.ms !== undefined) this.#latencies.note(attempt.ms);
    this.#scope.judge(this);
  }

  #noteError(error: GatewayError, { attempt, attemptLimitMs }: Call): void {
    const ms = attempt?.ms ?? 0;
    if (error.row.outcome === 'cancelled') this.#noteCut(ms);
    // A limit that ran out soon after the attempt began says nothing about the upstream.
    else if (error.row.fault === 'upstream' && (error.code !== 'limit' || ms >= attemptLimitMs / 2)) {
      this.#failuresInRow++;
      this.#failures.note(1);
      if (error.row.outcome === 'timeout') this.#latencies.note(ms);
      this.#scope.judge(this);
    }
  }

  /** An attempt that was cut would have taken longer. Of the loser of a hedge that is all that is ever heard. */
  #noteCut(ms: number): void {
    if (ms > (this.medianMs ?? 0)) this.#latencies.note(ms);
  }
}
