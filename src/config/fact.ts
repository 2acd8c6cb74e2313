import { originOf } from './draft.ts';
import type { Layer } from './layers.ts';
import type { Loaded } from './load.ts';
import { formatPath, type Path } from './problems.ts';

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

/** Finds for each statement the line or the rule that says so; `layers` are where a key is looked for. */
export const asFacts = (loaded: Loaded, layers: readonly Layer[], statements: readonly Statement[]): readonly Fact[] =>
  statements.map(({ key, path: whole, place, rule, ...fact }) => {
    if (place) return { ...fact, from: place };
    const path = whole ?? (key && originOf(layers, key));
    if (!path) return { ...fact, from: `built-in: ${rule}` };
    return { ...fact, from: `${loaded.file}:${loaded.position(path).line} ${formatPath(path)}` };
  });
