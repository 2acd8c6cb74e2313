import { SOURCES } from '../core/call.ts';
import { CODES, type Code } from '../core/errors.ts';
import type { BreakerState, EventsState, HookState, SessionsState, UpstreamState } from '../core/events.ts';
import { answerCell, type Counts, type Durations, type Exemplar, type HookCounts, shownUpstream } from './counts.ts';
import { AGE_BOUNDS_MS, BOUNDS_MS, cumulate, sumMs } from './histogram.ts';

/** What the gateway is doing at this moment, beside what was counted. */
export interface Gauges {
  readonly upstreams: readonly UpstreamState[];
  readonly hooks: readonly HookState[];
  readonly sessions: SessionsState;
  /** Apps of which something is stored. */
  readonly events: readonly EventsState[];
  /** By app: connections that have changed their protocol. */
  readonly upgrades?: ReadonlyMap<string, number>;
  /** What kept answers to GETs hold, in bytes. */
  readonly keptBytes?: number;
  /** Whether Redis is used now; absent without one. */
  readonly redisIsUp?: boolean;
  /** Certificates in use, and when each expires in milliseconds since 1970; the listener's own has no app. */
  readonly certificates?: readonly { readonly app: string; readonly ends: number }[];
  /** Absent where nothing writes a log. */
  readonly log?: LogCounts;
  /** Absent where nothing is traced. */
  readonly spans?: SpanCounts;
}

/** Lines that went out, that were left out as more of the same, and that were lost because nobody read. */
export type LogCounts = Readonly<Record<'written' | 'sampled' | 'dropped', number>>;
/** Spans that the collector took, that it did not take, and that found no room while it took none or still waited at the end. */
export type SpanCounts = Readonly<Record<'exported' | 'failed' | 'dropped', number>>;

/** All that a scrape is made of. */
export interface View {
  readonly counts: Counts;
  readonly gauges: Gauges;
  readonly version: string;
}

/** One line of a scrape, in prom-client's shape. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Labels that many samples share; prom-client writes them out once per object. */
  readonly sharedLabels?: Readonly<Record<string, string>>;
  /** The full name where it is not the family's own: a histogram's parts. */
  readonly metricName?: string;
  /** In OpenMetrics alone; seconds. */
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>;
    readonly value: number;
    readonly timestamp: number;
  };
}

/** `breakwater_breaker_state` as a number. */
export const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const satisfies Record<BreakerState, number>;

const REASONS: readonly (Code | undefined)[] = [undefined, ...CODES];
const leOf = (bounds: readonly number[]) => [...bounds.map(ms => ({ le: String(ms / 1000) })), { le: '+Inf' }];
/** How the buckets of a histogram are told. */
interface Buckets {
  readonly bounds: readonly number[];
  readonly le: ReturnType<typeof leOf>;
}
const DURATIONS: Buckets = { bounds: BOUNDS_MS, le: leOf(BOUNDS_MS) };
export const AGES: Buckets = { bounds: AGE_BOUNDS_MS, le: leOf(AGE_BOUNDS_MS) };

const asExemplar = (exemplar: Exemplar | undefined): Pick<Sample, 'exemplar'> => {
  if (!exemplar) return {};
  const { traceId, callId, ms, at } = exemplar;
  const labelSet = { trace_id: traceId, call_id: callId };
  return { exemplar: { labelSet, value: ms / 1000, timestamp: at / 1000 } };
};

/** The samples of one series are taken at one moment, although they may be written out at several. */
export function* histogram(name: string, all: Iterable<Durations>, buckets = DURATIONS): Iterable<Sample> {
  const { bounds, le } = buckets;
  const [bucket, sum, count] = [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  for (const { labels: sharedLabels, histogram, exemplars } of all) {
    const counts = cumulate(histogram, bounds);
    const seconds = sumMs(histogram, bounds) / 1000;
    for (const [at, labels] of le.entries())
      yield { metricName: bucket, sharedLabels, labels, value: counts[at] ?? 0, ...asExemplar(exemplars?.[at]) };
    yield { metricName: sum, sharedLabels, labels: {}, value: seconds };
    yield { metricName: count, sharedLabels, labels: {}, value: counts[bounds.length] ?? 0 };
  }
}

/** A sample for each word that was counted at least once. */
export function* words(
  counted: Readonly<Record<string, number>>,
  name: string,
  labels: Sample['labels'],
): Iterable<Sample> {
  for (const [word, value] of Object.entries(counted))
    if (value > 0) yield { labels: { ...labels, [name]: word }, value };
}

export function* answers({ app, hook, answers }: HookCounts): Iterable<Sample> {
  for (const [status, cells] of answers)
    for (const source of SOURCES)
      for (const reason of REASONS) {
        const value = cells[answerCell(source, reason)] ?? 0;
        if (value > 0)
          yield {
            labels: { app, hook, source, reason: reason ?? '', code: status === 0 ? 'other' : String(status) },
            value,
          };
      }
}

export const perHook = (take: (hook: HookCounts) => number) =>
  function* ({ counts }: View): Iterable<Sample> {
    for (const hook of counts.hooks.values())
      if (take(hook) > 0) yield { labels: { app: hook.app, hook: hook.hook }, value: take(hook) };
  };

export const perUpstream = (take: (state: UpstreamState) => number) =>
  function* ({ gauges }: View): Iterable<Sample> {
    for (const state of gauges.upstreams)
      yield { labels: { app: state.app, upstream: shownUpstream(state.upstream) }, value: take(state) };
  };

export const perBacklog = (take: (state: EventsState) => number) =>
  function* ({ gauges }: View): Iterable<Sample> {
    for (const state of gauges.events) yield { labels: { app: state.app }, value: take(state) };
  };

/** One series per app and hook: hooks that no setting tells apart share the label `other`, and the longest delay. */
export function readHedgeDelays({ gauges }: View): Iterable<Sample> {
  const delays = new Map<string, Sample>();
  for (const { app, hook, hedgeDelayMs } of gauges.hooks) {
    const known = delays.get(`${app} ${hook}`);
    if (hedgeDelayMs === undefined || (known && known.value >= hedgeDelayMs / 1000)) continue;
    delays.set(`${app} ${hook}`, { labels: { app, hook }, value: hedgeDelayMs / 1000 });
  }
  return delays.values();
}

export function* each<Item>(items: Iterable<Item>, read: (item: Item) => Iterable<Sample>): Iterable<Sample> {
  for (const item of items) yield* read(item);
}

export function* all<Item>(items: Iterable<Item>, take: (item: Item) => Iterable<Durations>): Iterable<Durations> {
  for (const item of items) yield* take(item);
}
