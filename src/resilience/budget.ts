/** More than this many unspent repeats are not saved up, so a quiet hour does not pay for a storm. */
const MOST_SAVED = 20;

/**
 * How many repeats (hedges and retries together) are allowed: each first attempt earns `share` of one.
 * Starts empty, so repeats never exceed `share` of the calls so far.
 */
export class Budget {
  readonly share: number;
  #saved = 0;

  constructor(share: number) {
    this.share = share;
  }

  /** To be called once for each call. */
  earn(): void {
    this.#saved = Math.min(MOST_SAVED, this.#saved + this.share);
  }

  /** Takes one repeat if there is one. */
  take(): boolean {
    // Twenty times 5 % must make one whole, which binary fractions alone would miss.
    if (this.#saved < 1 - 1e-9) return false;
    this.#saved = Math.max(0, this.#saved - 1);
    return true;
  }
}
