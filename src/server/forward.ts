import { startedTrace, type Trace } from '../core/trace.ts';
import type { RequestHead } from './request-head.ts';
import type { Client } from './trust.ts';

/** The header block for the back-end, a line each: the end-to-end fields as they came, then the gateway's own. */
export const forwardHead = (head: RequestHead, callId: string, client: Client, trace?: Trace): string =>
  `${head.block}${head.trace === '' ? startedTrace(callId, trace?.flags) : ''}Via: 1.1 breakwater\r
X-Forwarded-For: ${client.address}\r
X-Forwarded-Host: ${client.host ?? head.host}\r
X-Forwarded-Proto: ${client.scheme}\r
Breakwater-Call-Id: ${callId}\r
Idempotency-Key: ${callId}\r
`;
