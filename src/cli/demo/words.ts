/** 1500 as `1,500`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** Milliseconds, never shown as less than they are by rounding up to the next whole one: `2,398 ms`. */
export const formatMs = (ms: number): string => `${formatCount(Math.ceil(ms))} ms`;

/** Seconds, rounded up to a hundredth: `3.02 s`, `2.4 s`. */
export const formatSeconds = (ms: number): string => `${Math.ceil(ms / 10 - 1e-9) / 100} s`;

/** A part of a whole as `97.3 %`, rounded down, so that 100 % is said only of all. */
export const formatShare = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${(Math.floor((part / whole) * 1000 + 1e-9) / 10).toFixed(1)} %`;

/** `1 hook`, `2 hooks`. */
export const formatAmount = (count: number, thing: string): string =>
  `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`;

/** The sources of answers in the words of the table, in its order. */
export const SOURCE_WORDS: Readonly<Record<string, string>> = {
  upstream: 'from the back-end',
  hedge: 'from a second attempt (hedge)',
  cached: 'last verdict, kept (cached)',
  echo: 'acknowledged as it is (echo)',
  unavailable: '503 at once (unavailable)',
  nobody: 'no answer at all',
};
