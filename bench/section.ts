import { print } from './figures.ts';
import type { Lab } from './lab.ts';
import type { Load } from './load.ts';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know to judge the rows: one sentence each. */
  readonly notes: readonly string[];
}

/** What must hold according to the issue, and whether it did in this run. */
export interface Verdict {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly met: boolean;
}

export interface Outcome {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

export interface Bench {
  readonly lab: Lab;
  readonly load: Load;
  /** Fewer and shorter rounds: to see that all works, not for figures to quote. */
  readonly quick: boolean;
  /** Tells how far it is. */
  readonly say: (text: string) => void;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Outcome>;
}

export const atLeast = (what: string, measured: number, target: number): Verdict => ({
  what,
  measured: print(measured),
  target: `at least ${target}`,
  met: measured >= target,
});
