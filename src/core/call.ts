import type { Cancel } from './cancel.ts';
import { now } from './clock.ts';
import type { Code } from './errors.ts';
import type { Emit } from './events.ts';
import type { Passage, Tap } from './passage.ts';
import type { Trace } from './trace.ts';

/** How one attempt at an upstream ended; the words of `breakwater_upstream_attempts_total`. */
export type Outcome = 'ok' | 'verdict' | 'refused' | 'reset' | 'timeout' | 'status' | 'body' | 'cancelled';

/** Where an answer came from; the first word of the `Breakwater-Answer` header. */
export const SOURCES = ['upstream', 'hedge', 'cached', 'echo', 'default', 'stored', 'refused', 'unavailable'] as const;
export type Source = (typeof SOURCES)[number];

/** Who goes first where there is not room for all, in this order. */
export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * So much of the room at most is for calls of low priority, where others come to the same upstream: what passes through
 * holds its room to its last byte, and a hook cannot wait for a download to end.
 */
export const LOW_SHARE = 3 / 4;

/** The labels that a call is counted under. One object per route, so that it can be a map's key. */
export interface Route {
  readonly app: string;
  /** The hook's name if the catalogue or the configuration knows it, else `other`. */
  readonly hook: string;
  /** How much its calls matter beside others of the app; `normal` if it is absent. */
  readonly priority?: Priority;
}

/** One try at one upstream, as the access line and the status page tell it. */
export interface Attempt {
  readonly upstream: string;
  /** False while it waits for room, and for good if the breaker or a full house kept it from the upstream. */
  sent: boolean;
  /** Set when a sent attempt has ended. */
  outcome?: Outcome;
  /** What the operating system or TLS had to say of a failure: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED. */
  why?: string;
  /** Milliseconds from sending to outcome. */
  ms?: number;
  /** What the back-end answered with; noted for traced calls alone. */
  status?: number;
}

/** One hook request on its way. Immutable: a layer passes on a changed copy. Times are `now()` milliseconds. */
export interface Call {
  /** UUID v7, the same on every attempt. */
  readonly id: string;
  readonly route: Route;
  /** The hook as WCS named it: the last segment of the path. */
  readonly hook: string;
  /** The query of the request target with its `?`, or nothing. */
  readonly query: string;
  /** The request's body, byte for byte. */
  readonly body: Buffer;
  /** Header lines for the back-end, each ended by CRLF: the end-to-end ones of the request, then our own. */
  readonly head: string;
  /** The client's address; absent in calls that the gateway makes itself. */
  readonly peer?: string;
  /** The request's `Authorization`, or empty. */
  readonly authorization: string;
  /** When the first byte of the request arrived. */
  readonly arrivedAt: number;
  /** When the answer must have left. */
  readonly deadline: number;
  readonly cancel: Cancel;
  readonly emit: Emit;
  /** The longest that one attempt may take, in milliseconds. */
  readonly attemptLimitMs: number;
  /** The attempt that this copy stands for; absent above the choice of an upstream. */
  readonly attempt?: Attempt;
  /** Every attempt of this call in order, shared by all its copies. The one part that grows. */
  readonly attempts: Attempt[];
  /** Set if the call is traced. */
  readonly trace?: Trace;
  /** True if this copy is a second attempt beside a first. */
  readonly isHedge?: true;
  /** When all that is looked up for an answer must be there, if that is sooner than the deadline. */
  readonly lookupsEnd?: number;
  /**
   * Set where an attempt may go on when the call has been answered without it: told of each such attempt, which ends after
   * `forMs` at most, with true if the back-end took the call after all.
   */
  readonly late?: (end: Promise<boolean>, forMs: number) => void;
  /** Set for what passes through: `body` is empty then, and an answer is on its way to the client before the call ends. */
  readonly passage?: Passage;
  /** What looks at an answer on its way through. */
  readonly tap?: Tap;
}

/** What a call ends with. */
export interface Answer {
  readonly status: number;
  /** End-to-end answer headers, name and value in turn; never Content-Length, which follows from the body. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly source: Source;
  /** Why the answer is not the back-end's own, or why that one is passed on although it is a failure. */
  readonly reason?: Code;
  /** How old a cached answer is. */
  readonly ageSeconds?: number;
  /** True if it lets a session in that the back-end must admit later. */
  readonly isProvisional?: true;
}

/** So much before its deadline an answer must be made, because writing it takes time too. */
const LEAD_MS = 5;

/** How long, in milliseconds, may be worked on an answer to `call`. */
export const restMs = (call: Call): number => Math.max(0, call.deadline - LEAD_MS - now());

/** How long, in milliseconds, may be looked for something that an answer to `call` is made of. */
export const lookupMs = (call: Call): number =>
  Math.min(
    restMs(call),
    call.lookupsEnd === undefined ? Number.POSITIVE_INFINITY : Math.max(0, call.lookupsEnd - now()),
  );

/** `call` for those who look something up for its answer: all of it together may take `ms`. */
export const boundLookups = (call: Call, ms: number): Call => ({ ...call, lookupsEnd: now() + ms });

/** How many attempts of `call` reached an upstream. */
export const sentAttempts = (call: Call): number => {
  let sent = 0;
  for (const attempt of call.attempts) if (attempt.sent) sent++;
  return sent;
};

/** How many bytes of the request's body have come. */
export const bytesIn = ({ passage, body }: Call): number => passage?.bytesIn ?? body.length;

/** How many bytes of a body leave with an answer. */
export const bytesOut = ({ passage }: Call, { body }: Answer): number =>
  passage?.hasBegun ? passage.bytesOut : body.length;
