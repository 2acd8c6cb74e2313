import type { Code, GatewayError } from '../core/errors.ts';
import { type Parameter, sfInteger, sfItem, sfString } from './structured.ts';

/** The name of the gateway in `Via`, `Cache-Status` and `Proxy-Status`. */
export const GATEWAY = 'breakwater';

/** What is known of a failure beside its code. */
export interface FailureFacts {
  /** What the operating system or TLS said of the last attempt. */
  readonly why?: string | undefined;
  /** The status that the back-end answered with. */
  readonly receivedStatus?: number | undefined;
}

/** Types of RFC 9209 §2.3. A 5xx of the back-end has none: `received-status` tells it. */
const TYPES: Partial<Record<Code, string>> = {
  limit: 'http_response_timeout',
  timeout: 'http_response_timeout',
  connect: 'connection_timeout',
  refused: 'connection_refused',
  reset: 'connection_terminated',
  stale: 'connection_terminated',
  body: 'http_protocol_error',
  breaker: 'destination_unavailable',
  overload: 'connection_limit_reached',
  rate: 'http_request_denied',
  internal: 'proxy_internal_error',
};

/** What is behind a `refused`, by the beginning of what the system said of it. */
const REASONS: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/^(?:ENOTFOUND|EAI_)/, 'dns_error'],
  [/^E(?:HOST|NET)UNREACH/, 'destination_ip_unroutable'],
  [/^ETIMEDOUT/, 'connection_timeout'],
  [/CERT|ALTNAME|UNABLE_TO_(?:GET_ISSUER|VERIFY)|SELF_SIGNED/, 'tls_certificate_error'],
  [/^(?:ERR_SSL|ERR_TLS|EPROTO)/, 'tls_protocol_error'],
];

const typeOf = ({ code }: GatewayError, why: string | undefined): string | undefined => {
  const found = code === 'refused' && why !== undefined && REASONS.find(([pattern]) => pattern.test(why));
  return found ? found[1] : TYPES[code];
};

/** The gateway's member of `Proxy-Status` (RFC 9209) on an answer that it made because of `failure`. */
export const proxyStatus = (failure: GatewayError, { why, receivedStatus }: FailureFacts): string => {
  const type = typeOf(failure, why);
  const parameters: Parameter[] = [];
  if (type !== undefined) parameters.push(['error', type]);
  if (receivedStatus !== undefined) parameters.push(['received-status', sfInteger(receivedStatus)]);
  parameters.push(['details', sfString(failure.code)]);
  return sfItem(GATEWAY, parameters);
};
