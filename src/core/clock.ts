/**
 * The gateway's one clock: monotonic milliseconds since the process began, with fractions.
 * Wall-clock time jumps, so it is never used for a limit.
 */
export const now = (): number => performance.now();

/** Calls `run` once, no earlier than `ms` from now; returns what stops it. A negative wait counts as 0. */
export const after = (ms: number, run: () => void): (() => void) => {
  // Rounding up keeps the promise "no earlier": setTimeout itself cuts fractions off.
  const timer = setTimeout(run, Math.max(0, Math.ceil(ms)));
  return () => clearTimeout(timer);
};

/** Resolves once `ms` have passed. */
export const pause = (ms: number): Promise<void> => new Promise(resolve => after(ms, resolve));
