import type { GatewayError } from '../core/errors.ts';
import { type FailureFacts, GATEWAY } from './proxy-status.ts';
import { type Parameter, sfInteger, sfItem } from './structured.ts';

/**
 * The gateway's member of `Cache-Status` (RFC 9211) on a kept answer: `hit` where nothing went to the back-end, else
 * that it was asked and the kept answer taken although it may be stale. `freshForMs` is how long that is fresh by its own
 * word, negative once it is stale; absent where it does not say.
 */
export const cacheStatus = (
  failure: GatewayError,
  { receivedStatus }: FailureFacts,
  freshForMs: number | undefined,
): string => {
  const wasAsked = !('unsent' in failure.row);
  const parameters: Parameter[] = wasAsked ? [['fwd', 'stale']] : [['hit', true]];
  if (receivedStatus !== undefined) parameters.push(['fwd-status', sfInteger(receivedStatus)]);
  if (freshForMs !== undefined) parameters.push(['ttl', sfInteger(freshForMs / 1000)]);
  parameters.push(['detail', failure.code]);
  return sfItem(GATEWAY, parameters);
};
