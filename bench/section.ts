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

/** A figure of the overview: what was asked for, and whether this run gave it. */
export interface Verdict {
  readonly what: string;
  readonly measured: string;
  /** Nothing where a figure was asked for but no bound. */
  readonly target?: string;
  readonly met?: boolean;
  /** No figure but a promise: the command fails if it is not kept. */
  readonly isPromise?: true;
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

export const atMost = (what: string, measured: number, target: number): Verdict => ({
  what,
  measured: print(measured),
  target: `at most ${target}`,
  met: measured <= target,
});

/** Something that must never have happened. */
export const never = (what: string, count: number): Verdict => ({
  what,
  measured: print(count),
  target: '0',
  met: count === 0,
  isPromise: true,
});

/** A figure that is asked for without a bound. */
export const shown = (what: string, measured: string): Verdict => ({ what, measured });
