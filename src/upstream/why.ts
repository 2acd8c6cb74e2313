import type { Attempt, Call } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import { upstreamFault } from '../tls/faults.ts';

/** Notes what the operating system or TLS had to say of an attempt that failed. What TLS said is told in words too. */
export const noteWhy = ({ route, emit }: Call, attempt: Attempt, { cause }: GatewayError): void => {
  const error = (cause ?? {}) as NodeJS.ErrnoException;
  if (error.code === undefined) return;
  attempt.why = error.code;
  const detail = upstreamFault(error);
  if (detail) emit({ type: 'tls-failed', app: route.app, upstream: attempt.upstream, detail });
};
