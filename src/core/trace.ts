import { randomBytes } from 'node:crypto';

/** A span that another one points at; ids are lower-case hex, of 32 and 16 digits. */
export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

/** Where a traced call stands in its trace (W3C Trace Context, https://www.w3.org/TR/trace-context/). */
export interface Trace {
  readonly traceId: string;
  /** As `traceparent` has them; `sampled` is always among them. */
  readonly flags: string;
  /** The span of the call; absent for the late delivery of an event, of which each attempt begins a trace of its own. */
  readonly spanId?: string;
  /** The span that WCS's side said it is in. */
  readonly parentId?: string;
  /** The span of the call that an event was stored by. */
  readonly origin?: SpanRef;
  /** The span of another call, the answer to which is this one's too; set when it is found. */
  joined?: SpanRef;
}

/** Version 00 has four parts and nothing behind them; a later one may have more, and ff is none. */
const TRACEPARENT =
  /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const TRACEPARENT_LINE = /^traceparent: ?(.*)$/im;
const TRACESTATE_LINES = /^tracestate:.*\r\n/gim;

const SAMPLED = 1;
const RANDOM_VALUES = 2 ** 32;
const MOST_ATTEMPTS = 0x7f;

/** True for a `traceparent` that may be gone by. */
export const isTraceparent = (value: string): boolean => TRACEPARENT.test(value);

/** A trace begun here is named after the call, so that one can be found by the other. */
const traceIdOf = (callId: string): string => callId.replaceAll('-', '');

/** The span of a call is the second half of its id; the first digit is 8 to b, never 0. */
const spanIdOf = (callId: string): string => callId.slice(19, 23) + callId.slice(24);

const isSampled = (flags: string): boolean => (Number.parseInt(flags, 16) & SAMPLED) !== 0;

/** The header line of a call that came without a trace. */
export const startedTrace = (callId: string, flags = '00'): string =>
  `traceparent: 00-${traceIdOf(callId)}-${spanIdOf(callId)}-${flags}\r\n`;

const sampled = (callId: string, share: number): Trace | undefined => {
  // The end of a call's id is random.
  if (Number.parseInt(callId.slice(-8), 16) >= share * RANDOM_VALUES) return undefined;
  return { traceId: traceIdOf(callId), spanId: spanIdOf(callId), flags: '01' };
};

/**
 * The trace of a call, or nothing if it is not traced: a sound `traceparent` has decided that by its sampled flag; where
 * there is none (an empty text), `share` of all calls are.
 */
export const beginTrace = (callId: string, traceparent: string, share: number): Trace | undefined => {
  const [, traceId, parentId, flags = ''] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || parentId === undefined) return sampled(callId, share);
  return isSampled(flags) ? { traceId, spanId: spanIdOf(callId), parentId, flags } : undefined;
};

/** The trace of the late delivery of an event, if the call that it was stored by was traced; `head` is what was stored. */
export const beginDelivery = (callId: string, head: string): Trace | undefined => {
  const [, line = ''] = TRACEPARENT_LINE.exec(head) ?? [];
  const [, traceId, , flags = ''] = TRACEPARENT.exec(line) ?? [];
  if (traceId === undefined || !isSampled(flags)) return undefined;
  const origin = { traceId, spanId: spanIdOf(callId) };
  return { traceId: randomBytes(16).toString('hex'), flags, origin };
};

/** Notes that the call of `trace` shares the answer of another, if both are traced. */
export const joinTraces = (trace: Trace | undefined, other: Trace | undefined): void => {
  if (trace && other?.spanId !== undefined) trace.joined = { traceId: other.traceId, spanId: other.spanId };
};

/** What belongs to the trace that the event came in must not go on in another one. */
export const withoutTracestate = (head: string): string => head.replace(TRACESTATE_LINES, '');

/** The span of the attempt at place `at` of its call, from 0: named after the call too, and never the call's own. */
export const attemptSpanId = (callId: string, at: number): string => {
  const number = (at + 1) & MOST_ATTEMPTS;
  return number.toString(16).padStart(2, '0') + spanIdOf(callId).slice(2);
};

/** `head` with the `traceparent` of an attempt, so that what the back-end tells belongs below it. */
export const tracedHead = (head: string, { traceId, flags }: Trace, spanId: string): string =>
  head.replace(TRACEPARENT_LINE, () => `traceparent: 00-${traceId}-${spanId}-${flags}`);
