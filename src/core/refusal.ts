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

/** What a GatewayError looks like over HTTP when nothing better is left. The one place that decides it. */
export const errorAnswer = (error: GatewayError): Answer =>
  refusal(error.code, error.message, ERRORS[error.code].status, 'unavailable');
