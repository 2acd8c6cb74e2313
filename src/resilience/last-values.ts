import { now } from '../core/clock.ts';

const WINDOW_MS = 30_000;
/** Fewer say nothing. */
const LEAST = 32;

/** The middle of `values`, or of two middles the mean; nothing of none. Sorts them in place. */
export const medianOf = (values: Float64Array): number | undefined => {
  if (values.length === 0) return undefined;
  values.sort();
  const half = values.length >> 1;
  const upper = values[half] as number;
  return values.length % 2 === 1 ? upper : (upper + (values[half - 1] as number)) / 2;
};

/**
 * Numbers of the last 30 s, `most` of them: few enough to follow a change within seconds, and as many as a share or a
 * median needs. Fixed memory.
 */
export class LastValues {
  readonly #values: Float64Array;
  readonly #times: Float64Array;
  #next = 0;

  constructor(most: number) {
    this.#values = new Float64Array(most);
    this.#times = new Float64Array(most).fill(Number.NEGATIVE_INFINITY);
  }

  note(value: number): void {
    this.#values[this.#next] = value;
    this.#times[this.#next] = now();
    this.#next = (this.#next + 1) % this.#values.length;
  }

  clear(): void {
    this.#times.fill(Number.NEGATIVE_INFINITY);
  }

  get size(): number {
    return this.#recent().length;
  }

  /** Nothing while there are fewer than 32. */
  get median(): number | undefined {
    const recent = this.#recent();
    return recent.length < LEAST ? undefined : medianOf(recent);
  }

  /** Nothing while there are fewer than 32. */
  get mean(): number | undefined {
    const recent = this.#recent();
    return recent.length < LEAST ? undefined : recent.reduce((sum, value) => sum + value, 0) / recent.length;
  }

  #recent(): Float64Array {
    const since = now() - WINDOW_MS;
    return this.#values.filter((_, at) => (this.#times[at] as number) > since);
  }
}
