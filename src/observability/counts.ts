import { STATUS_CODES } from 'node:http';
import { type Answer, type Call, type Outcome, type Route, SOURCES, type Source } from '../core/call.ts';
import { CODES, type Code } from '../core/errors.ts';
import type {
  AdmissionResult,
  BreakerState,
  EjectionReason,
  Event,
  EventResult,
  HedgeResult,
  RepeatResult,
} from '../core/events.ts';
import { createAges, createHistogram, type Histogram, observe, observeAge } from './histogram.ts';

type Labels = Readonly<Record<string, string>>;
type Of<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;
type CacheEvent = Of<'cache'>;

/** A histogram with the labels it is shown under. */
export interface Durations {
  readonly labels: Labels;
  readonly histogram: Histogram;
  /** The last traced call of each bucket. */
  exemplars?: (Exemplar | undefined)[];
}

/** A call that stands for those of its bucket. */
export interface Exemplar {
  readonly traceId: string;
  readonly callId: string;
  readonly ms: number;
  /** Epoch ms. */
  readonly at: number;
}

/** What was counted for one upstream of one app. */
export interface UpstreamCounts {
  readonly app: string;
  readonly upstream: string;
  readonly outcomes: Record<Outcome, number>;
  readonly transitions: Record<BreakerState, number>;
  readonly ejections: Record<EjectionReason, number>;
}

/** What was counted for one hook of one app. */
export interface HookCounts {
  readonly app: string;
  readonly hook: string;
  /** Per HTTP status, 0 for those that no RFC names, one cell for each pair of source and reason; see `answerCell`. */
  readonly answers: Map<number, Float64Array>;
  readonly durations: Map<Source, Durations>;
  /** Per HTTP status, the ages of the cached answers that left. */
  readonly ages: Map<number, Durations>;
  readonly upstreams: Map<string, Durations & { readonly counts: UpstreamCounts }>;
  readonly hedges: Record<HedgeResult, number>;
  readonly retries: Record<Of<'retry'>['result'], number>;
  readonly repeats: Record<RepeatResult, number>;
  coalesced: number;
  abandoned: number;
  limitMissed: number;
}

/** An answer counts as late beyond this: a process that was just awake may be so much behind its own timers. */
const LATE_MS = 20;

const SOURCE_AT = new Map<Source | undefined, number>(SOURCES.map((source, at) => [source, at]));
// The first column is for answers without a reason.
const REASON_AT = new Map<Code | undefined, number>([undefined, ...CODES].map((code, at) => [code, at]));
/** How many cells of `answers` one source has, that without a reason first. */
export const COLUMNS = REASON_AT.size;

/** The cell of `answers` for this source and reason. */
export const answerCell = (source: Source, reason: Code | undefined): number =>
  (SOURCE_AT.get(source) ?? 0) * COLUMNS + (REASON_AT.get(reason) ?? 0);

/** An upstream's address as it may be shown: never with a user or a password in it. */
export const shownUpstream = (upstream: string): string => upstream.replace(/\/\/[^/]*@/, '//');

const createHookCounts = ({ app, hook }: Route): HookCounts => ({
  app,
  hook,
  answers: new Map(),
  durations: new Map(),
  ages: new Map(),
  upstreams: new Map(),
  hedges: { won: 0, lost: 0, failed: 0, denied: 0 },
  retries: { sent: 0, denied: 0 },
  repeats: { joined: 0, redelivered: 0 },
  coalesced: 0,
  abandoned: 0,
  limitMissed: 0,
});

const createUpstreamCounts = (app: string, upstream: string): UpstreamCounts => ({
  app,
  upstream,
  outcomes: { ok: 0, verdict: 0, refused: 0, reset: 0, timeout: 0, status: 0, body: 0, cancelled: 0 },
  transitions: { closed: 0, 'half-open': 0, open: 0 },
  ejections: { failures: 0, errors: 0, slow: 0, health: 0 },
});

const createEventCounts = (): Record<EventResult, number> => ({
  stored: 0,
  delivered: 0,
  expired: 0,
  dead: 0,
  dropped: 0,
});

/** What `map` holds for `key`; made and kept at the first question. */
const obtain = <Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value => {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
};

// A back-end may make up any status; what becomes a label must stay bounded.
const obtainCells = (hook: HookCounts, status: number): Float64Array =>
  obtain(hook.answers, status in STATUS_CODES ? status : 0, () => new Float64Array(SOURCES.length * COLUMNS));

const countAnswer = (hook: HookCounts, { call, answer, ms }: Of<'answered'>): void => {
  const { source, status } = answer;
  const cells = hook.answers.get(status) ?? obtainCells(hook, status);
  const cell = answerCell(source, answer.reason);
  cells[cell] = (cells[cell] ?? 0) + 1;
  const durations =
    hook.durations.get(source) ?? obtain(hook.durations, source, () => createDurations(hook, { source }));
  note(durations, call, ms);
  if (ms > call.deadline - call.arrivedAt + LATE_MS) hook.limitMissed++;
  if (source === 'cached') countAge(hook, answer);
};

const countAge = (hook: HookCounts, { status, ageSeconds = 0 }: Answer): void => {
  const { app, hook: name, ages } = hook;
  const labels = { app, hook: name, code: String(status) };
  observeAge(obtain(ages, status, () => ({ labels, histogram: createAges() })).histogram, ageSeconds * 1000);
};

/** Counts a duration, and of a traced call which it was. */
const note = (durations: Durations, { id, trace }: Call, ms: number): void => {
  const at = observe(durations.histogram, ms);
  if (!trace) return;
  durations.exemplars ??= [];
  durations.exemplars[at] = { traceId: trace.traceId, callId: id, ms, at: Date.now() };
};

const createDurations = ({ app, hook }: Route, more: Labels): Durations => ({
  labels: { app, hook, ...more },
  histogram: createHistogram(),
});

/**
 * Everything that was counted since the process began. Events are counted in place: no labels and no text are put
 * together on the way of a call.
 */
export class Counts {
  readonly hooks = new Map<string, HookCounts>();
  readonly upstreams = new Map<string, UpstreamCounts>();
  readonly cache: Record<CacheEvent['tier'], Record<CacheEvent['result'], number>> = {
    memory: { hit: 0, miss: 0, error: 0, timeout: 0 },
    redis: { hit: 0, miss: 0, error: 0, timeout: 0 },
  };
  readonly rejected = new Map<Code, number>();
  /** By name: how often it was not found. */
  readonly dnsFailures = new Map<string, number>();
  /** What became of new certificates of the listener. */
  readonly certificates = { applied: 0, refused: 0 };
  /** By app: what became of sessions that were let in provisionally. */
  readonly admissions = new Map<string, Record<AdmissionResult, number>>();
  /** By app: what became of stored events. */
  readonly events = new Map<string, Record<EventResult, number>>();
  // A reload makes new Route objects; weak, so that those of replaced configurations can go.
  readonly #byRoute = new WeakMap<Route, HookCounts>();

  /** Counts one event; bound, so that it can be passed on as it is. */
  readonly listen = (event: Event): void => {
    switch (event.type) {
      case 'answered':
        countAnswer(this.#ofRoute(event.call.route), event);
        break;
      case 'attempt':
        this.#countAttempt(this.#ofRoute(event.call.route), event);
        break;
      case 'abandoned':
        this.#ofRoute(event.call.route).abandoned++;
        break;
      case 'hedge':
        this.#ofRoute(event.route).hedges[event.result]++;
        break;
      case 'retry':
        this.#ofRoute(event.route).retries[event.result]++;
        break;
      case 'coalesced':
        this.#ofRoute(event.route).coalesced++;
        break;
      case 'cache':
        this.cache[event.tier][event.result]++;
        break;
      case 'breaker':
      case 'ejected':
      case 'returned':
      case 'dns':
        this.#countChange(event);
        break;
      case 'rejected':
        this.rejected.set(event.code, (this.rejected.get(event.code) ?? 0) + 1);
        break;
      case 'repeat':
        this.#ofRoute(event.route).repeats[event.result]++;
        break;
      case 'admission':
        obtain(this.admissions, event.app, () => ({ provisional: 0, verified: 0, refused: 0 }))[event.result]++;
        break;
      case 'event':
        obtain(this.events, event.app, createEventCounts)[event.result]++;
        break;
      case 'ended':
        this.#countEnds(event);
        break;
      case 'certificate':
        this.certificates[event.is]++;
        break;
      case 'tls-failed':
      case 'redis':
      case 'journal':
      case 'backlog':
      case 'traces':
      case 'rules-doubted':
      case 'rung-failed':
      case 'defect':
        break;
      default:
        event satisfies never;
    }
  };

  #countEnds({ app, how, count }: Of<'ended'>): void {
    obtain(this.events, app, createEventCounts)[how === 'expired' ? 'expired' : 'dropped'] += count;
  }

  /** What changed about an upstream or its name. */
  #countChange(event: Of<'breaker' | 'ejected' | 'returned' | 'dns'>): void {
    if (event.type === 'breaker') this.#ofUpstream(event.app, event.upstream).transitions[event.to]++;
    else if (event.type === 'ejected') this.#ofUpstream(event.app, event.upstream).ejections[event.reason]++;
    else if (event.type === 'dns' && event.is === 'failed')
      this.dnsFailures.set(event.host, (this.dnsFailures.get(event.host) ?? 0) + 1);
  }

  #ofRoute(route: Route): HookCounts {
    const known = this.#byRoute.get(route);
    if (known) return known;
    const hook = obtain(this.hooks, `${route.app} ${route.hook}`, () => createHookCounts(route));
    this.#byRoute.set(route, hook);
    return hook;
  }

  #ofUpstream(app: string, address: string): UpstreamCounts {
    const upstream = shownUpstream(address);
    return obtain(this.upstreams, `${app} ${upstream}`, () => createUpstreamCounts(app, upstream));
  }

  #joinUpstream(hook: HookCounts, address: string): Durations & { readonly counts: UpstreamCounts } {
    const counts = this.#ofUpstream(hook.app, address);
    return { ...createDurations(hook, { upstream: counts.upstream }), counts };
  }

  #countAttempt(hook: HookCounts, { call, attempt: { upstream, outcome, ms } }: Of<'attempt'>): void {
    if (outcome === undefined) return;
    const at =
      hook.upstreams.get(upstream) ?? obtain(hook.upstreams, upstream, () => this.#joinUpstream(hook, upstream));
    at.counts.outcomes[outcome]++;
    // A cancelled attempt was ended by us, so its time says nothing about the back-end.
    if (ms !== undefined && outcome !== 'cancelled') note(at, call, ms);
  }
}
