import type { Answer } from '../core/call.ts';

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];
const STEPS_MS = [SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];

/**
 * How long to wait before the next attempt, after so many that failed: anything up to the step, so that what failed
 * together does not come back together (Brooker, Exponential Backoff and Jitter, 2015: full jitter).
 */
export const delayOf = (attempts: number): number =>
  Math.random() * (STEPS_MS[Math.min(attempts, STEPS_MS.length - 1)] as number);

/** Milliseconds that the `Retry-After` of an answer asks for, an hour at most; 0 without one (RFC 9110 §10.2.3). */
export const retryAfterMs = ({ headers }: Answer): number => {
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'retry-after');
  const value = at < 0 ? '' : (headers[at + 1] ?? '').trim();
  const ms = /^\d+$/.test(value) ? Number(value) * SECOND : Date.parse(value) - Date.now();
  return Math.min(HOUR, Math.max(0, ms || 0));
};
