import type { Call } from '../core/call.ts';
import type { Cancel } from '../core/cancel.ts';
import type { Emit } from '../core/events.ts';
import { beginTrace } from '../core/trace.ts';
import type { Match } from '../gateway/gateway.ts';
import type { Through } from '../gateway/through.ts';
import { forwardHead, forwardThrough } from './forward.ts';
import type { Asked, AskedThrough } from './front-door.ts';
import type { HttpPassage } from './passage.ts';
import type { Client } from './trust.ts';

/** One request, from its first byte until its answer has left. */
export interface Visitor {
  readonly id: string;
  readonly arrivedAt: number;
  readonly client: Client;
  /** Becomes the call's own once the body is here. */
  readonly cancel: Cancel;
  /** To be called when the answer has left, or never will. */
  readonly leave: () => void;
}

export interface CallsOptions {
  /** The share of calls that are traced if nobody before has decided; absent: none is. */
  readonly traceShare?: number | undefined;
  readonly emit: Emit;
}

const NOTHING = Buffer.alloc(0);

/** Makes Calls of requests that have been let in. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** A hook. */
  ofHook({ id, arrivedAt, cancel, client }: Visitor, { match, query, head }: Asked<Match>, body: Buffer): Call {
    const { route, hook } = match;
    const { traceShare, emit } = this.#options;
    const trace = traceShare === undefined ? undefined : beginTrace(id, head.trace, traceShare);
    const call: Call = {
      id,
      route,
      hook,
      query,
      body,
      head: forwardHead(head, id, client, trace),
      peer: client.address,
      authorization: head.authorization,
      arrivedAt,
      deadline: arrivedAt + route.limitMs,
      attemptLimitMs: route.attemptLimitMs,
      cancel,
      emit,
      attempts: [],
    };
    return trace ? { ...call, trace } : call;
  }

  /** What passes through. */
  ofPassage({ id, arrivedAt, cancel, client }: Visitor, asked: AskedThrough<Through>, passage: HttpPassage): Call {
    const { through, query, head } = asked;
    const { route } = through;
    const { traceShare, emit } = this.#options;
    const trace = traceShare === undefined ? undefined : beginTrace(id, head.trace, traceShare);
    const call: Call = {
      id,
      route,
      hook: route.hook,
      query,
      body: NOTHING,
      head: forwardThrough(head, id, client, { upgrade: passage.upgrade, trace }),
      authorization: head.authorization,
      arrivedAt,
      deadline: arrivedAt + route.limitMs,
      attemptLimitMs: route.firstByteMs,
      cancel,
      emit,
      attempts: [],
      peer: client.address,
      passage,
    };
    return trace ? { ...call, trace } : call;
  }
}
