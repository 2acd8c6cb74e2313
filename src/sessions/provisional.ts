import type { Bodies } from '../answers/bodies.ts';
import { stringifyJson } from '../answers/json.ts';
import { JSON_HEADERS } from '../core/refusal.ts';
import type { FallbackRung } from '../core/rung.ts';
import { CATALOGUE, needsVerifying } from '../hooks/catalogue.ts';
import type { Admissions } from './admissions.ts';
import { sessionName } from './ids.ts';

/** Every hook that a provisional session must be refused by an error status. */
export const HELD_HOOKS: readonly string[] = CATALOGUE.filter(needsVerifying).map(({ name }) => name);

/** A notification whose answer may end a stream; it is never held, but must be told to be heeded. */
export const KEEP_ALIVE = 'StreamKeepAliveEvent';

/** Takes the place of one in the request, where it could only be a stranger's. */
const OURS = {
  restClientConfig: Object.fromEntries([...HELD_HOOKS, KEEP_ALIVE].map(name => [name, { restOnError: 'FAIL' }])),
};

/**
 * `provisional`, for `connect` alone: 200 with the request's own fields and a `restClientConfig` that makes WCS refuse
 * whatever the gateway does not allow. Nothing for a request that does not tell its session, as nobody could be held to
 * it, and where too many wait to be verified.
 */
export const provisionalRung = (bodies: Bodies, admissions: Admissions): FallbackRung => ({
  name: 'provisional',
  source: 'default',
  answer: (call, failure) => {
    const body = bodies(call);
    if (sessionName(call.route.app, call.body) === undefined || !admissions.hasRoomFor(call)) return undefined;
    return {
      status: 200,
      headers: JSON_HEADERS,
      body: Buffer.from(stringifyJson({ ...body, ...OURS })),
      source: 'default',
      reason: failure.code,
      isProvisional: true,
    };
  },
});
