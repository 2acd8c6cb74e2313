import { startedTrace, type Trace } from '../core/trace.ts';
import type { RequestHead } from './request-head.ts';

/** The header block for the back-end, a line each: the end-to-end fields as they came, then the gateway's own. */
export const forwardHead = (head: RequestHead, callId: string, peer: string, trace?: Trace): string =>
  `${head.block}${head.trace === '' ? startedTrace(callId, trace?.flags) : ''}Via: 1.1 breakwater\r
X-Forwarded-For: ${peer}\r
X-Forwarded-Host: ${head.host}\r
X-Forwarded-Proto: http\r
Breakwater-Call-Id: ${callId}\r
Idempotency-Key: ${callId}\r
`;
