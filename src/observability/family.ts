import type { Sample, View } from './samples.ts';

/** One metric: what Prometheus calls a family. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (view: View) => Iterable<Sample>;
}
