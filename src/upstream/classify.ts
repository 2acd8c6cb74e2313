import type { Answer, Outcome } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { isJsonText } from '../core/json-text.ts';

/**
 * Says what an HTTP answer of the back-end means (contract 4): `ok` and `verdict` are its own word and are passed on;
 * a 200 that is no JSON and what is neither 200 nor 4xx are failures, thrown as GatewayErrors that carry the answer.
 * A redirect or a 204 is an error to WCS, but nobody meant to refuse the caller by it.
 * The one place that decides; breaker, hedge, retry and metrics go by the error's row.
 */
export const classify = (answer: Answer): Outcome => {
  if (answer.status !== 200 && (answer.status < 400 || answer.status >= 500)) {
    throw new GatewayError('status', `the upstream answered ${answer.status}`, { answer });
  }
  if (answer.status !== 200) return 'verdict';
  if (!isJsonText(answer.body)) throw new GatewayError('body', undefined, { answer });
  return 'ok';
};

export interface Wire {
  /** The connection was set up, so bytes of the request may have reached the back-end. */
  readonly connected: boolean;
  /** The connection had served another call before. */
  readonly reused: boolean;
  /** At least one byte of an answer came. */
  readonly answered: boolean;
  /** Milliseconds since the request was written. */
  readonly ms: number;
}

/** A request that met the closing of an idle connection hears of it one way later; what takes longer was being served. */
const STALE_MS = 100;

/** Turns an error of node:net or node:tls into ours; `cause` keeps the original. */
export const classifyError = (error: NodeJS.ErrnoException, wire: Wire): GatewayError => {
  const cause = { cause: error };
  if (!wire.connected) return new GatewayError('refused', undefined, cause);
  if (wire.reused && !wire.answered && wire.ms <= STALE_MS) return new GatewayError('stale', undefined, cause);
  return new GatewayError('reset', wire.answered ? 'the answer was cut short' : undefined, cause);
};
