import { z } from 'zod';
import { type Answer, type Call, LOW_SHARE, type Outcome } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { count } from '../options/fields.ts';
import { LearnedLimit } from './learned-limit.ts';
import { UsualDurations } from './usual-durations.ts';
import { FULL, WaitingRoom } from './waiting-room.ts';

const WANTED = 'auto, or a whole number of at least 1';

const Keys = z.strictObject({
  max: z
    .union([z.literal('auto'), count()])
    .meta({ description: WANTED })
    .default(64),
  queue: count(0).default(256),
  floor: count().default(4),
  ceiling: count().default(256),
});

/** `concurrency`: how many calls one upstream gets at a time, and how many may wait for their turn. */
export const BulkheadOptions = z
  .union([z.literal('auto').transform(() => Keys.parse({ max: 'auto' })), Keys])
  .meta({ description: 'auto, which is { max: auto }, or keys below it' });
export type BulkheadOptions = z.output<typeof BulkheadOptions>;

/** Its bounds count where the limit is learned. */
type BulkheadSize = Pick<BulkheadOptions, 'max' | 'queue'> & Partial<BulkheadOptions>;

/** Outcomes that say that the back-end bears less. One without JSON, or cut by us, says nothing. */
const LOSSES: ReadonlySet<Outcome> = new Set<Outcome>(['timeout', 'refused', 'reset', 'status']);
const ANSWERS: ReadonlySet<Outcome> = new Set<Outcome>(['ok', 'verdict']);

/**
 * Lets so many calls at a time through to one upstream, `max` or as many as it is learned to bear, and `queue` more wait
 * their turn. Beyond that it refuses at once with `overload`, and a second attempt beside a first never waits. A permit
 * is held until the inner call has settled, not until somebody stopped waiting for it.
 */
export class Bulkhead {
  readonly #max: number;
  readonly #learned: LearnedLimit | undefined;
  readonly #usual = new UsualDurations();
  readonly #waiting: WaitingRoom;
  readonly #lowShare: number;
  #inflight = 0;
  /** Those of low priority among them. */
  #low = 0;

  /** `isShared` is false where nothing but what passes through comes here, and so may have all of it. */
  constructor({ max, queue, floor = 1, ceiling = Number.POSITIVE_INFINITY }: BulkheadSize, isShared = true) {
    this.#lowShare = isShared ? LOW_SHARE : 1;
    this.#max = max === 'auto' ? ceiling : max;
    this.#learned = max === 'auto' ? new LearnedLimit({ floor, ceiling }) : undefined;
    this.#waiting = new WaitingRoom(queue, this.#usual);
  }

  get inflight(): number {
    return this.#inflight;
  }

  get queued(): number {
    return this.#waiting.size;
  }

  /** Most calls at a time, as it was set or as it has been learned. */
  get limit(): number {
    return this.#learned?.value ?? this.#max;
  }

  /** Most calls at a time that there can ever be. */
  get most(): number {
    return this.#max;
  }

  /** True if a call would be let through now. */
  get hasRoom(): boolean {
    return this.#inflight < (this.#learned?.now ?? this.#max);
  }

  readonly layer: Layer = next => call => {
    const isLow = call.route.priority === 'low';
    if (!this.hasRoom || (isLow && !this.#hasRoomForLow)) return this.#queue(next, call);
    this.#take(call);
    if (this.#learned || isLow) return this.#watch(next, call);
    const answer = next(call);
    answer.then(this.#leave, this.#leave);
    return answer;
  };

  get #hasRoomForLow(): boolean {
    return this.#low < Math.max(1, Math.floor(this.limit * this.#lowShare));
  }

  #take({ route }: Call): void {
    this.#inflight++;
    if (route.priority === 'low') this.#low++;
  }

  #queue(next: Handler, call: Call): Promise<Answer> {
    if (call.isHedge) return Promise.reject(FULL);
    return this.#waiting.join(call).then(() => this.#watch(next, call));
  }

  /** With a permit in hand. Of a fixed limit only calls that had to wait are watched, for the sake of those that do. */
  #watch(next: Handler, call: Call): Promise<Answer> {
    const begunAt = now();
    this.#learned?.entered(this.#inflight);
    const answer = next(call);
    const end = () => {
      this.#learn(call, begunAt);
      if (call.route.priority === 'low') this.#low--;
      this.#leave();
    };
    answer.then(end, end);
    return answer;
  }

  #learn({ route, attempt }: Call, begunAt: number): void {
    if (attempt?.outcome === undefined || attempt.ms === undefined) return;
    const { outcome, ms } = attempt;
    // A call whose limit ran out sooner than usual had waited here, or somewhere before.
    const wasShort = outcome === 'timeout' && ms < this.#usual.of(route);
    if (ANSWERS.has(outcome)) {
      this.#usual.record(route, ms);
      this.#learned?.answered(begunAt, route, ms);
    } else if (LOSSES.has(outcome) && !wasShort) this.#learned?.lost(begunAt);
  }

  readonly #leave = (): void => {
    this.#inflight--;
    while (this.hasRoom) {
      const call = this.#waiting.admit(this.#hasRoomForLow);
      if (!call) return;
      this.#take(call);
    }
  };
}
