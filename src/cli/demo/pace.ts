import { now, pause } from '../../core/clock.ts';

/** Keeps the pace even where several ticks are due within a millisecond. */
const LEAST_PAUSE_MS = 2;
/** Where the machine cannot keep the pace, answers must be read all the same. */
const MOST_AT_ONCE = 20;

/** Hands out ticks, counted from 0, each at its planned time or as soon after it as the machine can. */
export class Pace {
  readonly #rate: number;
  readonly #startedAt = now();
  #tick = 0;
  #latestMs = 0;

  /** `rate` is ticks a second. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** The tick that comes next. */
  get tick(): number {
    return this.#tick;
  }

  get elapsedMs(): number {
    return now() - this.#startedAt;
  }

  /** The longest that a tick came after its time, in milliseconds. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** Hands out what is due, if it is before `end`; resolves when it is time to look again. */
  async step(onTick: (tick: number) => void, end = Number.POSITIVE_INFINITY): Promise<void> {
    for (let sent = 0; sent < MOST_AT_ONCE && this.#tick < end && this.#lateMs >= 0; sent++) {
      this.#latestMs = Math.max(this.#latestMs, this.#lateMs);
      onTick(this.#tick++);
    }
    await pause(Math.max(LEAST_PAUSE_MS, -this.#lateMs));
  }

  /** How long the next tick is overdue; negative before its time. */
  get #lateMs(): number {
    return now() - this.#startedAt - (this.#tick * 1000) / this.#rate;
  }
}
