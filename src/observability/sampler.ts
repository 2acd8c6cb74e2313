import { setImmediate } from 'node:timers/promises';
import type { Outcome, Source } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Counts, HookCounts, UpstreamCounts } from './counts.ts';
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

/** What there was at the last look. */
interface Seen {
  total: number;
  readonly histogram: Histogram;
}

interface Parts {
  readonly hooks: HookSample[];
  readonly upstreams: UpstreamSample[];
}

/** Tells what the counts gained from one look to the next. Between two looks it costs nothing. */
export class Sampler {
  readonly #counts: Counts;
  #at = now();
  readonly #seen = new Map<Histogram, Seen>();
  readonly #outcomes = new Map<UpstreamCounts, Readonly<Record<Outcome, number>>>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** What was counted since the last look, or since the process began. Calls go on between two apps. */
  async take(): Promise<Sample> {
    const at = now();
    const seconds = Math.max(0.001, (at - this.#at) / 1000);
    this.#at = at;
    const sample = { at: Date.now(), seconds: rounded(seconds), upstreams: [], hooks: [] };
    const upstreams = Map.groupBy(this.#counts.upstreams.values(), ({ app }) => app);
    const hooks = Map.groupBy(this.#counts.hooks.values(), ({ app }) => app);
    const apps = new Set([...upstreams.keys(), ...hooks.keys()]);
    for (const app of apps) {
      this.#takeApp(hooks.get(app) ?? [], upstreams.get(app) ?? [], sample);
      if (apps.size > 1) await setImmediate();
    }
    return sample;
  }

  /** What an app gained is taken and remembered in one turn, so that nothing is told twice or lost. */
  #takeApp(hooks: readonly HookCounts[], upstreams: readonly UpstreamCounts[], into: Parts): void {
    const times = this.#gainedTimes(hooks);
    for (const upstream of upstreams) into.upstreams.push(...this.#takeUpstream(upstream, times.get(upstream) ?? []));
    for (const hook of hooks) into.hooks.push(...this.#takeHook(hook));
  }

  /** What `histogram` gained since it was last asked for; nothing if that is nothing. */
  #gained(histogram: Histogram): Histogram | undefined {
    const count = total(histogram);
    const seen = this.#seen.get(histogram);
    if (count === (seen?.total ?? 0)) return undefined;
    const gained = subtract(histogram, seen?.histogram);
    if (seen) {
      seen.total = count;
      seen.histogram.set(histogram);
    } else this.#seen.set(histogram, { total: count, histogram: histogram.slice() });
    return gained;
  }

  #takeHook({ app, hook, durations }: HookCounts): HookSample[] {
    const gained = [...durations].flatMap(([source, { histogram: whole }]) => {
      const histogram = this.#gained(whole);
      return histogram ? [{ source, histogram }] : [];
    });
    if (gained.length === 0) return [];
    const answers = Object.fromEntries(gained.map(({ source, histogram }) => [source, total(histogram)] as const));
    const of = (wanted: boolean) =>
      spreadOf(gained.filter(({ source }) => isOwn(source) === wanted).map(({ histogram }) => histogram));
    const [own, others] = [of(true), of(false)];
    return [{ app, hook, answers, ...(own && { own }), ...(others && { others }) }];
  }

  /** How long the attempts of all hooks took, by the upstream that they went to. */
  #gainedTimes(hooks: readonly HookCounts[]): ReadonlyMap<UpstreamCounts, Histogram[]> {
    const times = new Map<UpstreamCounts, Histogram[]>();
    for (const hook of hooks)
      for (const { counts, histogram } of hook.upstreams.values()) {
        const gained = this.#gained(histogram);
        if (gained === undefined) continue;
        const list = times.get(counts);
        if (list) list.push(gained);
        else times.set(counts, [gained]);
      }
    return times;
  }

  #takeUpstream(counts: UpstreamCounts, times: readonly Histogram[]): UpstreamSample[] {
    const { app, upstream, outcomes } = counts;
    const before = this.#outcomes.get(counts);
    const gained = (names: readonly Outcome[]) =>
      names.reduce((sum, name) => sum + outcomes[name] - (before?.[name] ?? 0), 0);
    const [answered, failed] = [gained(['ok', 'verdict']), gained(FAILURES)];
    if (answered + failed === 0) return [];
    this.#outcomes.set(counts, { ...outcomes });
    const ms = spreadOf(times);
    return [{ app, upstream, answered, failed, ...(ms && { ms }) }];
  }
}
