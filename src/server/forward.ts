import type { IncomingMessage } from 'node:http';
import { endToEnd } from '../upstream/headers.ts';

/**
 * Fields of the request that the gateway answers for itself. Accept-Encoding goes too: the answer is checked and kept
 * as JSON, so it must not come compressed. Expect has been met by the time the body is here.
 */
const OWN = new Set([
  'host',
  'expect',
  'accept-encoding',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'idempotency-key',
  'breakwater-call-id',
  'breakwater-attempt',
  'breakwater-deadline-ms',
  'breakwater-received-at',
  'breakwater-replayed',
]);

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

const hasTrace = (headers: readonly string[]): boolean => {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'traceparent') return TRACEPARENT.test(headers[i + 1] ?? '');
  }
  return false;
};

/** A trace begun here is named after the call, so that one can be found by the other (W3C Trace Context §3.2). */
const traceparent = (callId: string): string => {
  const trace = callId.replaceAll('-', '');
  return `00-${trace}-${trace.slice(16)}-00`;
};

/** The header block for the back-end, name and value in turn: end-to-end fields as received, then the gateway's own. */
export const forwardHeaders = (request: IncomingMessage, callId: string): string[] => {
  const headers = endToEnd(request.rawHeaders, OWN);
  if (!hasTrace(headers)) headers.push('traceparent', traceparent(callId));
  headers.push('Via', '1.1 breakwater');
  headers.push('X-Forwarded-For', request.socket.remoteAddress ?? 'unknown');
  headers.push('X-Forwarded-Host', request.headers.host ?? '', 'X-Forwarded-Proto', 'http');
  headers.push('Breakwater-Call-Id', callId, 'Idempotency-Key', callId);
  return headers;
};
