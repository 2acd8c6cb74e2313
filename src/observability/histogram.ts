/** Upper bounds of the duration buckets in milliseconds (contract: 1 ms to WCS's own 15 s). */
export const BOUNDS_MS = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000, 5000, 7500, 10_000, 12_000, 14_000, 15_000,
] as const;

/** Upper bounds of the age buckets in milliseconds: half a minute to a day. */
export const AGE_BOUNDS_MS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 360, 720, 1440].map(minutes => minutes * 60_000);

const BOUNDS = Float64Array.from(BOUNDS_MS);
const AGE_BOUNDS = Float64Array.from(AGE_BOUNDS_MS);
const BEYOND = BOUNDS.length;
const SUM = BEYOND + 1;
const LONGEST = SUM + 1;

/** Counts per bucket, then what lay beyond the last bound, then the sum and the longest in milliseconds. */
export type Histogram = Float64Array;

/** An empty histogram over `BOUNDS_MS`. */
export const createHistogram = (): Histogram => new Float64Array(LONGEST + 1);

/** An empty histogram over `AGE_BOUNDS_MS`: counts per bucket, then what lay beyond, then the sum in milliseconds. */
export const createAges = (): Histogram => new Float64Array(AGE_BOUNDS.length + 2);

/** Counts one age in a histogram of ages. */
export const observeAge = (ages: Histogram, ms: number): void => {
  const found = AGE_BOUNDS.findIndex(bound => ms <= bound);
  const at = found < 0 ? AGE_BOUNDS.length : found;
  ages[at] = (ages[at] ?? 0) + 1;
  ages[AGE_BOUNDS.length + 1] = (ages[AGE_BOUNDS.length + 1] ?? 0) + ms;
};

/** Counts one duration; gives its bucket. A bound is inclusive, as Prometheus wants it. */
export const observe = (histogram: Histogram, ms: number): number => {
  let at = 0;
  while (at < BEYOND && ms > (BOUNDS[at] as number)) at++;
  histogram[at] = (histogram[at] as number) + 1;
  histogram[SUM] = (histogram[SUM] as number) + ms;
  if (ms > (histogram[LONGEST] as number)) histogram[LONGEST] = ms;
  return at;
};

/** The sum of all that a histogram over `bounds` holds, in milliseconds. */
export const sumMs = (histogram: Histogram, bounds: ArrayLike<number> = BOUNDS): number =>
  histogram[bounds.length + 1] ?? 0;

/** For each bound, and last for infinity, how many were at most that long. */
export const cumulate = (histogram: Histogram, bounds: ArrayLike<number> = BOUNDS): number[] => {
  let seen = 0;
  return Array.from(histogram.subarray(0, bounds.length + 1), count => (seen += count));
};

/** What was counted between two states of one histogram; the longest is that of the later one. */
export const subtract = (later: Histogram, earlier: Histogram | undefined): Histogram =>
  later.map((count, at) => (at === LONGEST ? count : count - (earlier?.[at] ?? 0)));

/** How many durations were counted. */
export const total = (histogram: Histogram): number => {
  let sum = 0;
  for (let at = 0; at < SUM; at++) sum += histogram[at] as number;
  return sum;
};

/** One histogram that holds what all of `histograms` hold. */
export const addUp = (histograms: Iterable<Histogram>): Histogram => {
  const all = createHistogram();
  for (const histogram of histograms) {
    for (let at = 0; at <= SUM; at++) all[at] = (all[at] ?? 0) + (histogram[at] ?? 0);
    all[LONGEST] = Math.max(all[LONGEST] ?? 0, histogram[LONGEST] ?? 0);
  }
  return all;
};

/**
 * The duration in milliseconds that the share `quantile` (0 to 1) of all durations did not exceed, taken as evenly
 * spread within its bucket but never over the longest; undefined while nothing was counted.
 */
export const quantileMs = (histogram: Histogram, quantile: number): number | undefined => {
  const counts = cumulate(histogram);
  const wanted = quantile * (counts[BEYOND] ?? 0);
  if (wanted === 0) return undefined;
  const at = counts.findIndex(count => count >= wanted);
  const longest = histogram[LONGEST] ?? 0;
  const upper = BOUNDS[at];
  if (upper === undefined) return longest;
  const lower = BOUNDS[at - 1] ?? 0;
  const below = counts[at - 1] ?? 0;
  return Math.min(longest, lower + ((upper - lower) * (wanted - below)) / ((counts[at] ?? 0) - below));
};
