import type { Path } from './problems.ts';

/** One thing that holds for a hook. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** In plain words. */
  readonly meaning: string;
  /** The line of the configuration, or the built-in rule, that says so. */
  readonly from: string;
}

/** A fact before it is known where it comes from: which key says so, and which rule if the file does not. */
export interface Statement extends Omit<Fact, 'from'> {
  /** A key of the app or the hook. */
  readonly key?: readonly string[];
  /** The whole path of another key. */
  readonly path?: Path;
  /** The line of another file. */
  readonly place?: string | undefined;
  readonly rule?: string;
}
