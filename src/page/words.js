/**
 * @import { Source } from '../core/call.ts'
 * @import { UpstreamStatus } from '../observability/status.ts'
 * @typedef {'ok' | 'warn' | 'bad' | 'quiet'} Level how much something needs looking at
 */

/** Shapes tell levels apart where colours cannot. */
export const SHAPES = Object.freeze({ ok: '●', warn: '▲', bad: '■', quiet: '○' });

/**
 * What each source means to WCS, in the order in which they are stacked.
 * @type {Readonly<Record<Source, { readonly level: Level, readonly means: string }>>}
 */
export const SOURCES = Object.freeze({
  upstream: { level: 'ok', means: "the back-end's own" },
  hedge: { level: 'ok', means: "the back-end's own, to a second attempt" },
  cached: { level: 'warn', means: 'its last verdict on this caller' },
  echo: { level: 'warn', means: 'the request itself' },
  default: { level: 'warn', means: 'JSON from the configuration' },
  stored: { level: 'warn', means: 'on disk, delivered later' },
  refused: { level: 'bad', means: 'a 403 of the gateway' },
  unavailable: { level: 'bad', means: 'an error of the gateway' },
});

export const SOURCE_NAMES = /** @type {readonly Source[]} */ (Object.keys(SOURCES));

/** Three figures at most: `4.2 ms`, `310 ms`, `2.45 s`. @param {number | undefined} ms */
export const duration = ms => {
  if (ms === undefined) return '–';
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`;
};

/** `50 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. @param {number} seconds */
export const span = seconds => {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** Why an upstream is left out. */
const REASONS = Object.freeze({
  failures: 'it fails',
  errors: 'it fails too often',
  slow: 'slow',
  health: 'health check',
});

/**
 * `left out (slow), back in 8 s`, `coming back, 40 % of its share`; nothing of one that gets its calls.
 * @param {Pick<UpstreamStatus, 'out' | 'returnsInMs' | 'share'>} status
 */
export const standing = ({ out, returnsInMs, share }) => {
  if (out !== undefined) {
    const when = returnsInMs === undefined ? '' : `, back in ${span(Math.ceil(returnsInMs / 1000))}`;
    return `left out (${REASONS[out]})${when}`;
  }
  return share === undefined ? '' : `coming back, ${percent(share)} of its share`;
};

/** @param {number} perSecond */
export const rate = perSecond => {
  if (perSecond === 0) return '0';
  return perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en');
};

/** Whole per cent, but never 0 or 100 for what is not quite. @param {number} share */
export const percent = share => {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) return '< 1 %';
  return whole === 100 && share < 1 ? '> 99 %' : `${whole} %`;
};

/** @param {number} bytes */
export const size = bytes => {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
};

/** @param {number} count */
export const number = count => count.toLocaleString('en');

/** Time of the day on the wall, with seconds. @param {number} at milliseconds since 1970 */
export const clock = at => new Date(at).toTimeString().slice(0, 8);
