import type { Route } from '../core/call.ts';
import { now } from '../core/clock.ts';

interface Usual {
  ms: number;
  calls: number;
  at: number;
}

/** What is usual follows what is, within so many milliseconds … */
const MEMORY_MS = 20_000;
/** … but is the mean of no fewer calls than these, however seldom they come. */
const FEW = 20;
const LEAST_MS = 0.1;

/** One call counts for no more than so many usual ones, so that a stalled one is no new custom. */
const MOST_TIMES = 4;

/** How long the calls of each hook usually take: the mean of some 20 s, or of 20 calls where there are few. */
export class UsualDurations {
  readonly #byRoute = new Map<Route, Usual>();

  /** Notes a duration. Gives what had been usual for the hook before. */
  record(route: Route, duration: number): number {
    const at = now();
    const ms = Math.max(duration, LEAST_MS);
    const usual = this.#byRoute.get(route);
    if (usual === undefined) {
      this.#byRoute.set(route, { ms, calls: 1, at });
      return ms;
    }
    const before = usual.ms;
    const weight = ++usual.calls < FEW ? 1 / usual.calls : Math.min(1 / FEW, (at - usual.at) / MEMORY_MS);
    usual.ms += (Math.min(ms, before * MOST_TIMES) - before) * weight;
    usual.at = at;
    return before;
  }

  /** What is usual for a hook, in milliseconds; 0 while nothing is known of it. */
  of(route: Route): number {
    return this.#byRoute.get(route)?.ms ?? 0;
  }
}
