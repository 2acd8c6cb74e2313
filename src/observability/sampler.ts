import type { Outcome, Source } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Counts, HookCounts } from './counts.ts';
import { addUp, type Histogram, quantileMs, subtract, total } from './histogram.ts';

/** Two quantiles in milliseconds: the middle, and what one in a hundred exceeded. */
export type Spread = readonly [p50: number, p99: number];

/** What one hook of one app saw since the sample before. */
export interface HookSample {
  readonly app: string;
  readonly hook: string;
  readonly answers: Partial<Record<Source, number>>;
  /** How long WCS waited for the back-end's own answers, and for all others. */
  readonly own?: Spread;
  readonly others?: Spread;
}

/** What one upstream did since the sample before. */
export interface UpstreamSample {
  readonly app: string;
  readonly upstream: string;
  /** Attempts that it answered, and those that failed; one that the gateway cut off is neither. */
  readonly answered: number;
  readonly failed: number;
  readonly ms?: Spread;
}

/** What was counted in about a second. Hooks and upstreams without any calls are left out. */
export interface Sample {
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
  /** How long it covers. */
  readonly seconds: number;
  readonly hooks: readonly HookSample[];
  readonly upstreams: readonly UpstreamSample[];
}

const FAILURES: readonly Outcome[] = ['refused', 'reset', 'timeout', 'status', 'body'];

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

const spreadOf = (histograms: readonly Histogram[]): Spread | undefined => {
  const all = addUp(histograms);
  const [p50, p99] = [quantileMs(all, 0.5), quantileMs(all, 0.99)];
  return p50 === undefined || p99 === undefined ? undefined : [rounded(p50), rounded(p99)];
};

const isOwn = (source: Source): boolean => source === 'upstream' || source === 'hedge';

/** Tells what the counts gained from one look to the next. Between two looks it costs nothing. */
export class Sampler {
  readonly #counts: Counts;
  #at = now();
  #seen = new Map<Histogram, Histogram>();
  #outcomes = new Map<Readonly<Record<Outcome, number>>, Readonly<Record<Outcome, number>>>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** What was counted since the last look, or since the process began. */
  take(): Sample {
    const at = now();
    const seconds = Math.max(0.001, (at - this.#at) / 1000);
    this.#at = at;
    const hooks = [...this.#counts.hooks.values()];
    const sample = {
      at: Date.now(),
      seconds: rounded(seconds),
      upstreams: this.#takeUpstreams(hooks),
      hooks: hooks.flatMap(hook => this.#takeHook(hook)),
    };
    this.#remember(hooks);
    return sample;
  }

  #gained(histogram: Histogram): Histogram {
    return subtract(histogram, this.#seen.get(histogram));
  }

  #takeHook({ app, hook, durations }: HookCounts): HookSample[] {
    const gained = [...durations].map(([source, { histogram }]) => ({ source, histogram: this.#gained(histogram) }));
    const answers = Object.fromEntries(
      gained.map(({ source, histogram }) => [source, total(histogram)] as const).filter(([, count]) => count > 0),
    );
    if (Object.keys(answers).length === 0) return [];
    const of = (wanted: boolean) =>
      spreadOf(gained.filter(({ source }) => isOwn(source) === wanted).map(({ histogram }) => histogram));
    const [own, others] = [of(true), of(false)];
    return [{ app, hook, answers, ...(own && { own }), ...(others && { others }) }];
  }

  #takeUpstreams(hooks: readonly HookCounts[]): UpstreamSample[] {
    return [...this.#counts.upstreams.values()].flatMap(({ app, upstream, outcomes }) => {
      const before = this.#outcomes.get(outcomes);
      const gained = (names: readonly Outcome[]) =>
        names.reduce((sum, name) => sum + outcomes[name] - (before?.[name] ?? 0), 0);
      const [answered, failed] = [gained(['ok', 'verdict']), gained(FAILURES)];
      if (answered + failed === 0) return [];
      const histograms = hooks.flatMap(hook =>
        [...hook.upstreams.values()].filter(one => one.counts.outcomes === outcomes).map(one => one.histogram),
      );
      const ms = spreadOf(histograms.map(histogram => this.#gained(histogram)));
      return [{ app, upstream, answered, failed, ...(ms && { ms }) }];
    });
  }

  #remember(hooks: readonly HookCounts[]): void {
    const all = hooks.flatMap(hook => [...hook.durations.values(), ...hook.upstreams.values()]);
    this.#seen = new Map(all.map(({ histogram }) => [histogram, histogram.slice()]));
    const upstreams = [...this.#counts.upstreams.values()];
    this.#outcomes = new Map(upstreams.map(({ outcomes }) => [outcomes, { ...outcomes }]));
  }
}
