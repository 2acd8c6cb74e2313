import type { RequestHead } from './request-head.ts';

/** A trace begun here is named after the call, so that one can be found by the other. */
const traceparent = (callId: string): string => {
  const high = callId.slice(0, 8) + callId.slice(9, 13) + callId.slice(14, 18);
  const low = callId.slice(19, 23) + callId.slice(24);
  return `traceparent: 00-${high}${low}-${low}-00\r\n`;
};

/** The header block for the back-end, a line each: the end-to-end fields as they came, then the gateway's own. */
export const forwardHead = (head: RequestHead, callId: string, peer: string): string =>
  `${head.block}${head.hasTrace ? '' : traceparent(callId)}Via: 1.1 breakwater\r
X-Forwarded-For: ${peer}\r
X-Forwarded-Host: ${head.host}\r
X-Forwarded-Proto: http\r
Breakwater-Call-Id: ${callId}\r
Idempotency-Key: ${callId}\r
`;
