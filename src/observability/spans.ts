import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Answer, type Attempt, bytesIn, bytesOut, type Call, type Outcome, sentAttempts } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Event } from '../core/events.ts';
import { attemptSpanId, type SpanRef, type Trace } from '../core/trace.ts';
import { shownUpstream } from './counts.ts';
import { shownPath } from './redact.ts';

type Of<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

const HOOK_CHARS = 100;
const CLOCK_SLACK_MS = 10;
/** Attempts that say nothing against the back-end. */
const WELL: ReadonlySet<Outcome | undefined> = new Set(['ok', 'verdict', 'cancelled']);

/** What all spans of a process have in common. */
export interface SpanScope {
  readonly resource: Resource;
  readonly version: string;
  /** The path of an app. */
  readonly pathOf: (app: string) => string;
}

interface Draft {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  /** By `now()`, in milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly attributes: Attributes;
  readonly error: boolean;
  readonly links: Link[];
}

const contextOf = ({ traceId, spanId }: SpanRef, { flags }: Trace, isRemote = false): SpanContext => ({
  traceId,
  spanId,
  traceFlags: Number.parseInt(flags, 16),
  isRemote,
});

const toHrTime = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
};

/** What answers an attempt that went wrong: as the system said it, else how it ended. */
const errorOf = ({ outcome, why }: Attempt): string | undefined => (WELL.has(outcome) ? undefined : (why ?? outcome));

const methodOf = ({ passage }: Call): string => passage?.request.method ?? 'POST';

const ofHook = (call: Call): Attributes => ({
  'http.request.method': methodOf(call),
  'breakwater.call_id': call.id,
  'breakwater.app': call.route.app,
  'breakwater.hook': call.route.hook,
});

/** As the back-end is told it. */
const schemeOf = ({ head }: Call): string => (/^X-Forwarded-Proto: https\r$/m.test(head) ? 'https' : 'http');

/** What was asked for; of what passes through, whose paths are without number, the route is that of all. */
const ofPath = (call: Call, path: string, route: string): Attributes => ({
  'http.route': route,
  'url.path': call.passage ? shownPath(call.passage.path) : `${path}/${call.hook.slice(0, HOOK_CHARS)}`,
  'http.request.body.size': bytesIn(call),
});

const nameOf = ({ passage, route: { hook } }: Call): string => {
  if (passage) return '{path}';
  return hook === 'other' ? '{hook}' : hook;
};

const ofAnswer = (call: Call, answer: Answer): Attributes => ({
  'http.response.status_code': answer.status,
  'http.response.body.size': bytesOut(call, answer),
  ...ofSource(answer),
});

const ofSource = ({ status, source, reason, ageSeconds }: Answer): Attributes => ({
  'breakwater.source': source,
  ...(reason !== undefined && { 'breakwater.reason': reason }),
  ...(ageSeconds !== undefined && { 'breakwater.age': ageSeconds }),
  ...(status >= 500 && { 'error.type': reason ?? String(status) }),
});

const ofServer = (upstream: string): Attributes => {
  if (upstream.startsWith('unix:'))
    return { 'server.address': upstream.split(':')[1] ?? '', 'network.transport': 'unix' };
  const { protocol, hostname, port } = new URL(upstream);
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
};

const ofUpstream = ({ upstream, status, outcome }: Attempt, { passage, hook }: Call): Attributes => {
  const asked = passage ? shownPath(passage.target.replace(/\?.*$/, '')) : `/${hook.slice(0, HOOK_CHARS)}`;
  return {
    'url.full': `${shownUpstream(upstream)}${asked}`,
    ...ofServer(upstream),
    'breakwater.outcome': outcome ?? 'pending',
    ...(status !== undefined && { 'http.response.status_code': status }),
  };
};

const ofPlace = (at: number, { isHedge, trace }: Call): Attributes => ({
  'breakwater.attempt': at + 1,
  ...(at > 0 && { 'http.request.resend_count': at }),
  ...(isHedge && { 'breakwater.hedge': true }),
  ...(trace?.origin && { 'breakwater.replayed': true }),
});

/** Makes spans of events once all is known of them; names are those of OpenTelemetry's conventions for HTTP. */
export class Spans {
  readonly #scope: SpanScope;
  /** What `now()` must be moved by to be wall-clock time. */
  #offsetMs = 0;

  constructor(scope: SpanScope) {
    this.#scope = scope;
  }

  /** The span of a call that was answered, with a link to the call that it shared the answer of, or whose client had gone; nothing if the call is not traced. */
  ofCall(event: Of<'answered' | 'abandoned'>): ReadableSpan | undefined {
    const { call, ms } = event;
    const { trace } = call;
    if (trace?.spanId === undefined) return undefined;
    const answer = event.type === 'answered' ? ofAnswer(call, event.answer) : { 'error.type': event.code };
    const path = this.#scope.pathOf(call.route.app);
    const name = `${path}/${nameOf(call)}`;
    return this.#finish({
      name: `${methodOf(call)} ${name}`,
      kind: SpanKind.SERVER,
      context: contextOf({ traceId: trace.traceId, spanId: trace.spanId }, trace),
      parent:
        trace.parentId === undefined
          ? undefined
          : contextOf({ traceId: trace.traceId, spanId: trace.parentId }, trace, true),
      from: call.arrivedAt,
      to: call.arrivedAt + ms,
      attributes: {
        ...ofHook(call),
        ...ofPath(call, path, name),
        'url.scheme': schemeOf(call),
        'breakwater.attempts': sentAttempts(call),
        ...answer,
      },
      error: 'error.type' in answer,
      links: trace.joined ? [{ context: contextOf(trace.joined, trace) }] : [],
    });
  }

  /** The span of an attempt, below that of its call; of a late delivery the first of its trace, with a link to the call. */
  ofAttempt({ call, attempt }: Of<'attempt'>): ReadableSpan | undefined {
    const { trace } = call;
    if (!trace) return undefined;
    const at = call.attempts.indexOf(attempt);
    const { traceId, spanId, origin } = trace;
    const error = errorOf(attempt);
    const to = now();
    return this.#finish({
      name: `${methodOf(call)} ${call.route.hook}`,
      kind: SpanKind.CLIENT,
      context: contextOf({ traceId, spanId: attemptSpanId(call.id, at) }, trace),
      parent: spanId === undefined ? undefined : contextOf({ traceId, spanId }, trace),
      from: to - (attempt.ms ?? 0),
      to,
      attributes: {
        ...ofHook(call),
        ...ofUpstream(attempt, call),
        ...ofPlace(at, call),
        ...(error !== undefined && { 'error.type': error }),
      },
      error: error !== undefined,
      links: origin ? [{ context: contextOf(origin, trace, true) }] : [],
    });
  }

  /** The wall clock is followed, but not on each call: spans of one call must fit into each other. */
  #epochMs(ms: number): number {
    const offsetMs = Date.now() - now();
    if (Math.abs(offsetMs - this.#offsetMs) > CLOCK_SLACK_MS) this.#offsetMs = offsetMs;
    return ms + this.#offsetMs;
  }

  #finish({ name, kind, context, parent, from, to, attributes, error, links }: Draft): ReadableSpan {
    const { resource, version } = this.#scope;
    return {
      name,
      kind,
      spanContext: () => context,
      ...(parent && { parentSpanContext: parent }),
      startTime: toHrTime(this.#epochMs(from)),
      endTime: toHrTime(this.#epochMs(to)),
      duration: toHrTime(to - from),
      status: { code: error ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes,
      links,
      events: [],
      ended: true,
      resource,
      instrumentationScope: { name: 'breakwater', version },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}
