import type { Route } from '../core/call.ts';

/** What is known of one hook: of the window that is on, and of the last one that had some of it. */
interface Tally {
  calls: number;
  ms: number;
  callsBefore: number;
  meanBefore: number;
}

/** One call counts for no more than so many of the window before: a stalled one says nothing of the others. */
const MOST_TIMES = 4;

/**
 * Compares how long calls take in one window and in the one before, each hook with itself, so that hooks of very
 * different cost and a mixture that changes do no harm.
 * Source: Mantel and Haenszel, Statistical aspects of the analysis of data, JNCI 22, 1959.
 */
export class WindowComparison {
  readonly #tallies = new Map<Route, Tally>();

  record(route: Route, ms: number): void {
    let tally = this.#tallies.get(route);
    if (tally === undefined) {
      tally = { calls: 0, ms: 0, callsBefore: 0, meanBefore: Number.POSITIVE_INFINITY };
      this.#tallies.set(route, tally);
    }
    tally.calls++;
    tally.ms += Math.min(ms, tally.meanBefore * MOST_TIMES);
  }

  /** Begins another window. Tells how many times as long as before calls took; nothing if no hook was in both. */
  turn(): number | undefined {
    let [took, before] = [0, 0];
    for (const tally of this.#tallies.values()) {
      const { calls, ms, callsBefore, meanBefore } = tally;
      if (calls === 0) continue;
      const weight = callsBefore / (calls + callsBefore);
      if (weight > 0) {
        took += weight * ms;
        before += weight * calls * meanBefore;
      }
      Object.assign(tally, { calls: 0, ms: 0, callsBefore: calls, meanBefore: ms / calls });
    }
    return before > 0 ? took / before : undefined;
  }
}
