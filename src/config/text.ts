const DURATIONS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;
const SIZES = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

const inUnits = (amount: number, units: readonly (readonly [string, number])[], smallest: string): string => {
  const [unit, factor] = units.find(([, size]) => amount > 0 && amount % size === 0) ?? [smallest, 1];
  return `${amount / factor}${unit}`;
};

/** Milliseconds as the configuration writes them: `2500ms`, `12s`, `10m`. */
export const formatDuration = (ms: number): string => inUnits(ms, DURATIONS, 'ms');

/** Bytes as the configuration writes them: `16KiB`. */
export const formatSize = (bytes: number): string => inUnits(bytes, SIZES, 'B');

/** 0.05 as `5%`. */
export const formatShare = (share: number): string => `${Number((share * 100).toFixed(6))}%`;

/** `a, b, c and 4 more`. */
export const listed = (words: readonly string[], most = 5): string => {
  if (words.length <= most) return words.join(', ');
  return `${words.slice(0, most).join(', ')} and ${words.length - most} more`;
};
