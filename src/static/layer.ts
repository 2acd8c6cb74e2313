import type { Answer, Call } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';
import type { Passage, Tap } from '../core/passage.ts';
import { fieldOf } from './fields.ts';
import type { KeptAnswers } from './kept-answers.ts';
import { failureAnswer } from './ladder.ts';
import type { Asked } from './may-keep.ts';
import type { LoadedRouteOptions } from './options.ts';
import { StandIn } from './stand-in.ts';

/** The routes of one `passthrough`, and where their answers are kept. */
export interface StaticFallbacks {
  readonly app: string;
  readonly findRoute: (path: string) => LoadedRouteOptions | undefined;
  readonly kept: KeptAnswers;
}

/** Of these a back-end makes the addresses in its pages. */
const HOSTS = ['host', 'x-forwarded-host', 'x-forwarded-proto'] as const;

/** The request as the back-end sees it, which is what its answer was chosen by. */
const askedBy = ({ head, query }: Call, { request, path }: Passage): Asked => {
  const fields = head.split('\r\n').flatMap(line => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [line.slice(0, colon), line.slice(colon + 1)];
  });
  const host = HOSTS.map(name => fieldOf(fields, name)).join(' ');
  return { method: request.method ?? '', host, target: path + query, fields };
};

const tapInto = (standIn: StandIn, call: Call, begun: () => void): Tap => ({
  begin: ({ status, headers, hasEnd }) => {
    standIn.begin({ status, fields: headers, hasEnd, delayMs: now() - call.arrivedAt });
    begun();
  },
  write: bytes => standIn.pass(bytes),
  end: isWhole => standIn.end(isWhole),
});

/** What `next` gives, which must begin within the limit of the route. */
const watched = async (next: Handler, call: Call, standIn: StandIn): Promise<Answer> => {
  const { limitMs } = standIn;
  if (limitMs === undefined) return next({ ...call, tap: tapInto(standIn, call, () => {}) });
  const cancel = call.cancel.fork();
  const stop = after(call.arrivedAt + limitMs - now(), () => cancel.cancel(new GatewayError('limit')));
  try {
    return await next({ ...call, cancel, tap: tapInto(standIn, call, stop) });
  } finally {
    stop();
  }
};

/** The answer to a call that failed, unless it is the client's own doing, or its answer has begun to leave. */
const mend = (call: Call, thrown: unknown, standIn: StandIn | undefined): Answer => {
  const error = asGatewayError(thrown);
  if (error.row.fault === 'client' || call.passage?.hasBegun) throw error;
  if (error.code === 'internal') call.emit({ type: 'defect', error });
  const why = call.attempts.at(-1)?.why;
  // Only a refusal slows down a client that asks for too much.
  const found = error.code === 'rate' ? undefined : standIn?.answer(error, why);
  return found ?? failureAnswer({ error, why });
};

/**
 * Lets the routes of `passthrough` have an answer where the back-end has none: an earlier one of its own, or one that the
 * operator wrote. A call that no route has an answer for, or whose client is over its rate, fails as it did, with a
 * `Proxy-Status`. Once a byte of an answer has left, nothing is replaced. Of what passes it keeps answers, and delays
 * nothing.
 */
export const staticFallbacks =
  ({ app, findRoute, kept }: StaticFallbacks): Layer =>
  next =>
  call => {
    const { passage, emit } = call;
    const route = passage?.upgrade.length === 0 ? findRoute(passage.path) : undefined;
    if (!passage || !route) return next(call).catch(thrown => mend(call, thrown, undefined));
    const told = (result: 'hit' | 'miss') => emit({ type: 'cache', tier: 'memory', result });
    const standIn = new StandIn({ app, asked: askedBy(call, passage), route, kept, told });
    return watched(next, call, standIn).catch(thrown => mend(call, thrown, standIn));
  };
