import { now } from '../core/clock.ts';

/** Ten milliseconds and 100 s are told apart equally well: each bucket is 5 % wider than the one before. */
const GROWTH = Math.log(1.05);
const BUCKETS = 320;
const SMALLEST_MS = 0.05;
const SLICE_MS = 10_000;
const SLICES = 3;
/** A quantile is looked up anew so often; in between, the last one is good enough and costs nothing. */
const FRESH_MS = 250;

const bucketOf = (ms: number): number =>
  ms <= SMALLEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH));

const upperBound = (bucket: number): number => SMALLEST_MS * Math.exp(bucket * GROWTH);

/**
 * Latencies of the last 30 s in three slices of 10 s, and a quantile of them within 5 %.
 * Fixed memory whatever the traffic: 3 x 320 counts.
 */
export class LatencyWindow {
  readonly #quantile: number;
  readonly #leastSamples: number;
  readonly #slices = Array.from({ length: SLICES }, () => new Uint32Array(BUCKETS));
  #slice = 0;
  #sliceEndsAt = now() + SLICE_MS;
  #value: number | undefined = undefined;
  #freshUntil = 0;

  constructor(quantile: number, leastSamples = 50) {
    this.#quantile = quantile;
    this.#leastSamples = leastSamples;
  }

  record(ms: number): void {
    this.#rotate(now());
    const slice = this.#slices[this.#slice];
    const bucket = bucketOf(ms);
    if (slice) slice[bucket] = (slice[bucket] ?? 0) + 1;
  }

  /** Milliseconds, or nothing while there are too few samples to say. */
  value(): number | undefined {
    const at = now();
    if (at < this.#freshUntil) return this.#value;
    this.#rotate(at);
    this.#freshUntil = at + FRESH_MS;
    this.#value = this.#measure();
    return this.#value;
  }

  #rotate(at: number): void {
    for (let turns = 0; at >= this.#sliceEndsAt && turns < SLICES; turns++) {
      this.#slice = (this.#slice + 1) % SLICES;
      this.#slices[this.#slice]?.fill(0);
      this.#sliceEndsAt += SLICE_MS;
    }
    if (at >= this.#sliceEndsAt) this.#sliceEndsAt = at + SLICE_MS;
  }

  #count(bucket: number): number {
    let count = 0;
    for (const slice of this.#slices) count += slice[bucket] ?? 0;
    return count;
  }

  #measure(): number | undefined {
    let total = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) total += this.#count(bucket);
    if (total < this.#leastSamples) return undefined;
    let left = Math.ceil(total * this.#quantile);
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket++) {
      left -= this.#count(bucket);
      if (left <= 0) break;
    }
    return upperBound(bucket);
  }
}
