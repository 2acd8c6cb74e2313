import { startedTrace, type Trace } from '../core/trace.ts';
import type { RequestHead } from './request-head.ts';
import type { Client } from './trust.ts';

/** The header block of a hook for the back-end, a line each. */
export const forwardHead = (head: RequestHead, callId: string, client: Client, trace?: Trace): string =>
  `${forwardFields(head, callId, client, trace)}Idempotency-Key: ${callId}\r\n`;

/** How the body is framed, and what the client offers to change to: said by each hop anew. */
const hopFields = ({ transferEncodings, contentLength }: RequestHead, upgrade: readonly string[]): string => {
  const change = upgrade.length > 0 ? `Connection: Upgrade\r\nUpgrade: ${upgrade.join(', ')}\r\n` : '';
  if (transferEncodings > 0) return `Transfer-Encoding: chunked\r\n${change}`;
  return contentLength === undefined ? change : `Content-Length: ${contentLength}\r\n${change}`;
};

/** The whole header block of what passes through. */
export const forwardThrough = (
  head: RequestHead,
  callId: string,
  client: Client,
  { upgrade, trace }: { readonly upgrade: readonly string[]; readonly trace?: Trace | undefined },
): string =>
  `${head.hosts === 0 ? '' : `Host: ${head.host}\r\n`}${forwardFields(head, callId, client, trace)}${hopFields(head, upgrade)}`;

/** The end-to-end fields as they came, then the gateway's own. */
const forwardFields = (head: RequestHead, callId: string, client: Client, trace: Trace | undefined): string =>
  `${head.block}${head.trace === '' ? startedTrace(callId, trace?.flags) : ''}Via: 1.1 breakwater\r
X-Forwarded-For: ${client.address}\r
X-Forwarded-Host: ${client.host ?? head.host}\r
X-Forwarded-Proto: ${client.scheme}\r
Breakwater-Call-Id: ${callId}\r
`;
