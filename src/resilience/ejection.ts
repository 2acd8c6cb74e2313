import { z } from 'zod';
import { now } from '../core/clock.ts';
import type { EjectionReason, Emit } from '../core/events.ts';
import { count, duration, factor, share } from '../options/fields.ts';
import { medianOf } from './last-values.ts';
import { Replica } from './replica.ts';

/** `ejection`: when one of several upstreams is left out because it is worse than the others, and for how long. */
export const EjectionOptions = z
  .strictObject({
    failures: count().default(5),
    errorShare: share().prefault('20%'),
    slowerThan: factor().default(3),
    for: duration().prefault('10s'),
    maxFor: duration().prefault('5m'),
  })
  .meta({ description: 'where there are several upstreams; never more than half of them' });
export type EjectionOptions = z.output<typeof EjectionOptions>;

/** Upstreams are compared so often at most: medians cost more than a call may. */
const COMPARE_MS = 500;
/** A share of failures is far off its peers from this many times theirs on, */
const FAR = 3;
/** … and so many standard errors: chance alone comes that far once in 30,000 times. */
const STANDARD_ERRORS = 4;
/** How unlikely a run of failures must be for an upstream that is no worse than the others. */
const BY_CHANCE = 1e-6;
/** Closer medians than this are alike, however many times one is the other. */
const LEAST_GAP_MS = 20;

export interface ReplicasScope {
  readonly app: string;
  readonly emit: Emit;
  /** False: only a health check takes one out. */
  readonly options: EjectionOptions | false;
  readonly slowStartMs: number;
}

/** True if a share of so many results differs from another by more than chance explains (two-proportion z-test). */
const isFarOff = (its: number, theirs: number, results: number): boolean => {
  const common = (its + theirs) / 2;
  const standardError = Math.sqrt((2 * common * (1 - common)) / results);
  return its >= FAR * theirs && its - theirs >= STANDARD_ERRORS * standardError;
};

const percent = (part: number): string => `${Math.round(part * 100)} %`;
const millis = (ms: number): string => `${Math.round(ms * 10) / 10} ms`;

/**
 * The upstreams of one app beside each other, to find the one that is worse than the others: it failed `failures` times
 * in a row, or its share of failures or its median latency is far off the median of the others'. Of those that all fail
 * or are slow alike none is found. At most half of them are out at a time, so never the last.
 *
 * Works on results alone, without timers. Whoever is out is a matter of preference: where no other takes a call, it is
 * asked.
 */
export class Replicas {
  readonly #scope: ReplicasScope;
  readonly #all: Replica[] = [];
  #comparesAt = 0;

  constructor(scope: ReplicasScope) {
    this.#scope = scope;
  }

  /** One more upstream. */
  join(upstream: string): Replica {
    const replica = new Replica({ ...this.#scope, upstream, judge: replica => this.#judge(replica) });
    this.#all.push(replica);
    return replica;
  }

  #judge(replica: Replica): void {
    const { options } = this.#scope;
    if (!options) return;
    if (replica.failuresInRow >= options.failures && this.#isLongRun(replica)) {
      this.#eject(replica, 'failures', `${replica.failuresInRow} failures in a row`);
    } else if (now() >= this.#comparesAt) {
      this.#comparesAt = now() + COMPARE_MS;
      for (const each of this.#all) if (!each.isOut) this.#compare(each, options);
    }
  }

  /** Where the others fail as well, some failures in a row are no sign of anything. */
  #isLongRun(replica: Replica): boolean {
    const theirs = this.#ofOthers(replica, other => other.errorShare) ?? 0;
    return theirs ** replica.failuresInRow <= BY_CHANCE;
  }

  #compare(replica: Replica, { errorShare, slowerThan }: EjectionOptions): void {
    const [its, theirs] = [replica.errorShare, this.#ofOthers(replica, other => other.errorShare)];
    if (its !== undefined && theirs !== undefined && its >= errorShare && isFarOff(its, theirs, replica.results)) {
      this.#eject(replica, 'errors', `${percent(its)} of its calls fail, ${percent(theirs)} of the others'`);
      return;
    }
    const [itsMs, theirMs] = [replica.medianMs, this.#ofOthers(replica, other => other.medianMs)];
    if (itsMs === undefined || theirMs === undefined) return;
    if (itsMs > slowerThan * theirMs && itsMs - theirMs > LEAST_GAP_MS)
      this.#eject(replica, 'slow', `it takes ${millis(itsMs)} at the median, the others ${millis(theirMs)}`);
  }

  /** The median of what there is of those that are in. */
  #ofOthers(replica: Replica, take: (other: Replica) => number | undefined): number | undefined {
    const others = this.#all.filter(other => other !== replica && !other.isOut);
    return medianOf(Float64Array.from(others.flatMap(other => take(other) ?? [])));
  }

  #eject(replica: Replica, reason: EjectionReason, detail: string): void {
    const out = this.#all.filter(({ isOut }) => isOut).length;
    if (!replica.isOut && out + 1 <= this.#all.length / 2) replica.eject(reason, detail);
  }
}
