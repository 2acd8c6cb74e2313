import type { Answer, Source } from './call.ts';
import { type Code, ERRORS, type GatewayError } from './errors.ts';

/** The headers of every answer that the gateway makes itself (contract 5). */
export const JSON_HEADERS: readonly string[] = ['Content-Type', 'application/json;charset=UTF-8'];

/** An answer of our own that says no: `{"error":{"code":…,"message":…}}`. */
export const refusal = (code: Code, message: string, status: number, source: Source): Answer => ({
  status,
  headers: JSON_HEADERS,
  body: Buffer.from(JSON.stringify({ error: { code, message } })),
  source,
  reason: code,
});

/** A token comes back within a second: no fewer than one a second can be configured (RFC 6585 §4, RFC 9110 §10.2.3). */
const RETRY_AFTER: readonly string[] = ['Retry-After', '1'];

/** What a GatewayError looks like over HTTP when nothing better is left. The one place that decides it. */
export const errorAnswer = ({ code, message }: GatewayError): Answer => {
  const answer = refusal(code, message, ERRORS[code].status, 'unavailable');
  return code === 'rate' ? { ...answer, headers: [...answer.headers, ...RETRY_AFTER] } : answer;
};
