import { now } from '../core/clock.ts';

const KEPT = 64;
const WINDOW_MS = 30_000;
/** Fewer say nothing. */
const LEAST = 20;

/** The middle of `values`, or of two middles the mean; nothing of none. Sorts them in place. */
export const medianOf = (values: Float64Array): number | undefined => {
  if (values.length === 0) return undefined;
  values.sort();
  const half = values.length >> 1;
  const upper = values[half] as number;
  return values.length % 2 === 1 ? upper : (upper + (values[half - 1] as number)) / 2;
};

/**
 * Numbers of the last 30 s, the last 64 of them: few enough to follow a change within seconds, and as many as a share
 * or a median needs. Fixed memory.
 */
export class LastValues {
  readonly #values = new Float64Array(KEPT);
  readonly #times = new Float64Array(KEPT).fill(Number.NEGATIVE_INFINITY);
  #next = 0;

  note(value: number): void {
    this.#values[this.#next] = value;
    this.#times[this.#next] = now();
    this.#next = (this.#next + 1) % KEPT;
  }

  clear(): void {
    this.#times.fill(Number.NEGATIVE_INFINITY);
  }

  /** Nothing while there are fewer than 20. */
  get median(): number | undefined {
    const recent = this.#recent();
    return recent.length < LEAST ? undefined : medianOf(recent);
  }

  /** Nothing while there are fewer than 20. */
  get mean(): number | undefined {
    const recent = this.#recent();
    return recent.length < LEAST ? undefined : recent.reduce((sum, value) => sum + value, 0) / recent.length;
  }

  #recent(): Float64Array {
    const since = now() - WINDOW_MS;
    return this.#values.filter((_, at) => (this.#times[at] as number) > since);
  }
}
