import { type Outcome, SOURCES, type Source } from '../core/call.ts';
import type { Code } from '../core/errors.ts';
import type { AdmissionResult, BreakerState, EjectionReason, HedgeResult, RepeatResult } from '../core/events.ts';
import { answerCell, COLUMNS, type Counts, type HookCounts, type UpstreamCounts } from './counts.ts';
import { addUp, quantileMs } from './histogram.ts';

/** How long answers took, in milliseconds, since the process began; absent before the first. */
export interface Quantiles {
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

export interface HookSnapshot {
  readonly app: string;
  readonly hook: string;
  /** Answers by source; sources that never answered are left out. */
  readonly answers: Partial<Record<Source, number>>;
  readonly abandoned: number;
  /** Answers that left too late. */
  readonly limitMissed: number;
  readonly coalesced: number;
  readonly hedges: Readonly<Record<HedgeResult, number>>;
  readonly retries: { readonly sent: number; readonly denied: number };
  readonly repeats: Readonly<Record<RepeatResult, number>>;
  readonly ms: Quantiles;
}

export interface UpstreamSnapshot {
  readonly app: string;
  readonly upstream: string;
  readonly attempts: Readonly<Record<Outcome, number>>;
  readonly transitions: Readonly<Record<BreakerState, number>>;
  readonly ejections: Readonly<Record<EjectionReason, number>>;
}

/** A copy of the counts as plain numbers. */
export interface Snapshot {
  readonly hooks: readonly HookSnapshot[];
  readonly upstreams: readonly UpstreamSnapshot[];
  readonly cache: Counts['cache'];
  readonly rejected: Partial<Record<Code, number>>;
  readonly admissions: Readonly<Record<string, Readonly<Record<AdmissionResult, number>>>>;
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

const takeQuantiles = ({ durations }: HookCounts): Quantiles => {
  const total = addUp(Array.from(durations.values(), ({ histogram }) => histogram));
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map(quantile => quantileMs(total, quantile));
  if (p50 === undefined || p95 === undefined || p99 === undefined) return {};
  return { p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) };
};

const sumAnswers = ({ answers }: HookCounts): HookSnapshot['answers'] => {
  const sums: Partial<Record<Source, number>> = {};
  for (const cells of answers.values())
    for (const source of SOURCES) {
      const from = answerCell(source, undefined);
      const sum = cells.subarray(from, from + COLUMNS).reduce((total, count) => total + count, 0);
      if (sum > 0) sums[source] = (sums[source] ?? 0) + sum;
    }
  return sums;
};

/** Copies what was counted for one hook. */
export const takeHook = (counts: HookCounts): HookSnapshot => ({
  app: counts.app,
  hook: counts.hook,
  answers: sumAnswers(counts),
  abandoned: counts.abandoned,
  limitMissed: counts.limitMissed,
  coalesced: counts.coalesced,
  hedges: { ...counts.hedges },
  retries: { ...counts.retries },
  repeats: { ...counts.repeats },
  ms: takeQuantiles(counts),
});

/** Copies what was counted for one upstream. */
export const takeUpstream = ({
  app,
  upstream,
  outcomes,
  transitions,
  ejections,
}: UpstreamCounts): UpstreamSnapshot => ({
  app,
  upstream,
  attempts: { ...outcomes },
  transitions: { ...transitions },
  ejections: { ...ejections },
});

/** Copies what was counted for no hook and no upstream. */
export const takeRest = ({ cache, rejected, admissions }: Counts): Omit<Snapshot, 'hooks' | 'upstreams'> => ({
  cache: { memory: { ...cache.memory }, redis: { ...cache.redis } },
  rejected: Object.fromEntries(rejected),
  admissions: Object.fromEntries(Array.from(admissions, ([app, results]) => [app, { ...results }])),
});

/** Copies what was counted so far. */
export const takeSnapshot = (counts: Counts): Snapshot => ({
  hooks: Array.from(counts.hooks.values(), takeHook),
  upstreams: Array.from(counts.upstreams.values(), takeUpstream),
  ...takeRest(counts),
});
