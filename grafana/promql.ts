import { FAMILIES } from '../src/observability/families.ts';

/** How long WCS waited. */
export const WAIT = 'breakwater_answer_duration_seconds';

/** Of hooks alone: what passes through is no answer to WCS, and a download takes as long as it takes. */
export const OF_HOOKS = 'hook!="passthrough"';

/** A template variable; it narrows by the label of the same name. `instance` is the label that Prometheus adds. */
export type Variable = 'instance' | 'app' | 'hook' | 'upstream';

/** Expressions over the series that some variables leave. `matchers` are further ones, such as `source="cached"`. */
export interface Queries {
  select(metric: string, ...matchers: readonly string[]): string;
  /** How much a counter grows in a second. */
  rate(metric: string, ...matchers: readonly string[]): string;
  /** How much a counter has grown over the time range that is shown. */
  growth(metric: string, ...matchers: readonly string[]): string;
  /** The quantile `q`, 0 to 1, of a histogram in seconds, for each value of the labels `by`. */
  quantile(q: number, histogram: string, ...by: readonly string[]): string;
  /** The buckets of a histogram, for a heat map. */
  buckets(histogram: string): string;
}

/** The labels of a metric. Those of Node (`process_*`, `nodejs_*`) that are shown here have none. */
const labelsOf = (metric: string): readonly string[] => {
  const family = FAMILIES.find(({ name }) => name === metric || `${name}_bucket` === metric);
  return ['instance', ...(family?.labels ?? [])];
};

/** The sum of `expression` for each value of the labels `by`. */
export const sum = (expression: string, ...by: readonly string[]): string =>
  by.length > 0 ? `sum by (${by.join(', ')}) (${expression})` : `sum(${expression})`;

/** 0 in place of nothing: a counter has no series before it counts for the first time. */
export const orZero = (expression: string): string => `(${expression} or vector(0))`;

/** `part` as a share of `whole`, 0 to 1; 0 where no part was counted. Both are sums by the same labels. */
export const share = (part: string, whole: string): string => `(${part} or ${whole} * 0) / ${whole}`;

/** Narrows each metric by those of the variables whose label it has, so that none is asked for a label that it has not. */
export const narrowedBy = (...variables: readonly Variable[]): Queries => {
  const select: Queries['select'] = (metric, ...matchers) => {
    const labels = labelsOf(metric);
    const narrowing = variables.filter(name => labels.includes(name)).map(name => `${name}=~"$${name}"`);
    return `${metric}{${[...narrowing, ...matchers].join(', ')}}`;
  };
  const rate: Queries['rate'] = (...of) => `rate(${select(...of)}[$__rate_interval])`;
  const buckets = (histogram: string, ...by: readonly string[]) =>
    sum(rate(`${histogram}_bucket`, ...(histogram === WAIT ? [OF_HOOKS] : [])), 'le', ...by);
  return {
    select,
    rate,
    growth: (...of) => `increase(${select(...of)}[$__range])`,
    quantile: (q, histogram, ...by) => `histogram_quantile(${q}, ${buckets(histogram, ...by)})`,
    buckets: histogram => buckets(histogram),
  };
};
