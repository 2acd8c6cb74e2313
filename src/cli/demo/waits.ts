/** Tenths of a millisecond. */
const PER_MS = 10;

/**
 * How long hooks waited. Quantiles by nearest rank, to a tenth of a millisecond up to `mostMs` (longer waits count
 * as that long); the worst wait is kept as it was. Fixed memory whatever the traffic.
 */
export class Waits {
  readonly #counts: Uint32Array;
  #count = 0;
  #worstMs = 0;

  constructor(mostMs: number) {
    this.#counts = new Uint32Array(mostMs * PER_MS + 1);
  }

  get worstMs(): number {
    return this.#worstMs;
  }

  record(ms: number): void {
    const at = Math.min(this.#counts.length - 1, Math.round(ms * PER_MS));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count++;
    this.#worstMs = Math.max(this.#worstMs, ms);
  }

  /** The wait that this share (0 to 1) of all did not exceed, in milliseconds; 0 before the first. */
  quantile(share: number): number {
    // A share such as 0.99 is no exact binary fraction, so 99 of 100 must not round up to the 100th.
    const rank = Math.max(1, Math.ceil(share * this.#count - 1e-9));
    let seen = 0;
    const at = this.#counts.findIndex(count => {
      seen += count;
      return seen >= rank;
    });
    return at < 0 ? 0 : at / PER_MS;
  }
}
