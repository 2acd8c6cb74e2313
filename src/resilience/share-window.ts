import CircuitBreaker from 'opossum';

/** Opossum would try to half-open by itself; the breaker decides that, and ends this window when it opens. */
const NEVER_MS = 2 ** 31 - 1;
/** How unlikely a run of bad results must be, for an upstream just under its share, before it opens by itself. */
const BY_CHANCE = 1e-6;
/** Opossum opens above its threshold; "at least half" means half as well. */
const AT_LEAST = 0.001;

const BAD = new Error('bad');
const judge = (): Promise<void> => Promise.reject(BAD);
const ignore = (): void => {};

/** So many bad results in a row mean that nothing gets through any more. */
const longRun = (share: number, minCalls: number): number =>
  Math.max(minCalls, Math.ceil(Math.log(BY_CHANCE) / Math.log(Math.min(share, 0.99))));

/**
 * Says when the share of bad results in a rolling window reaches a threshold, or when they come in a run so long that
 * waiting for the window to fill with them would only make more callers wait. Opossum does the counting: it is given
 * results, not calls, and is told nothing while the breaker is not closed. So its known defects have no way in:
 * rejected calls that dilute the share, late results that close it, probes that hang, time-outs that abort everybody.
 */
export interface ShareWindow {
  /** Counts one result; `tripped` is called (at once or a microtask later) when it was one too many. */
  record(bad: boolean): void;
  /** Frees its timers; later results count for nothing. */
  close(): void;
}

export const shareWindow = (
  options: { windowMs: number; minCalls: number; share: number },
  tripped: () => void,
): ShareWindow => {
  const circuit = new CircuitBreaker(judge, {
    timeout: false,
    errorThresholdPercentage: options.share * 100 - AT_LEAST,
    rollingCountTimeout: options.windowMs,
    // Opossum adds all buckets up at each bad result: with ten of them that took 10 µs.
    rollingCountBuckets: 5,
    volumeThreshold: options.minCalls,
    resetTimeout: NEVER_MS,
    // On by default, and it sorts every latency of the window at each failure.
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  });
  circuit.once('open', tripped);
  const longest = longRun(options.share, options.minCalls);
  let run = 0;
  return {
    record: bad => {
      // A good result only makes the whole larger. Opossum hears so by its own event: firing would make it three
      // promises and note a latency, for each call.
      if (bad) circuit.fire().catch(ignore);
      else circuit.emit('fire');
      run = bad ? run + 1 : 0;
      if (run === longest) tripped();
    },
    close: () => circuit.shutdown(),
  };
};
