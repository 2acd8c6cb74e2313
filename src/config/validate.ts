import type { z } from 'zod';
import { exampleAt } from './examples.ts';
import { rightPlace } from './places.ts';
import type { Path } from './problems.ts';
import { shown } from './shown.ts';
import { suggest } from './suggest.ts';

/** Something wrong with the value at a path, or with the key itself. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** True if the key is wrong, whatever its value. */
  readonly key?: true;
}

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;
/** Which keys were allowed where unknown ones stood. */
type Known = Map<readonly string[], readonly string[]>;

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'keys below it',
  record: 'keys below it',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  string: 'a text',
};

/** What `schema` has against `data`: every finding at once, each saying what would be right. */
export const validate = (schema: z.ZodType, data: unknown): readonly Finding[] => {
  const known: Known = new Map();
  const error = (issue: RawIssue) => explain(issue, known);
  const result = schema.safeParse(data, { error, reportInput: true });
  return result.success ? [] : result.error.issues.flatMap(issue => flatten(issue, [], known));
};

/** The message for an issue to which the schema itself gives none. */
const explain = (issue: RawIssue, known: Known): string => {
  if (issue.code === 'unrecognized_keys') {
    known.set(issue.keys, Object.keys((issue.inst as z.ZodObject | undefined)?.shape ?? {}));
    return 'unknown key';
  }
  const description = (issue.inst as z.ZodType | undefined)?.meta?.()?.description;
  return `is ${shown(issue.input)}; write ${wanted(issue) ?? description ?? 'something else'}`;
};

const wanted = (issue: RawIssue): string | undefined => {
  if (issue.code === 'invalid_type') return EXPECTED[issue.expected];
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  return undefined;
};

const flatten = (issue: Issue, above: Path, known: Known): readonly Finding[] => {
  const path = [...above, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') {
    const allowed = known.get(issue.keys) ?? [];
    return issue.keys.map(key => ({ path: [...path, key], message: unknownKey(path, key, allowed), key: true }));
  }
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ path, message: `the key ${message}`, key: true }));
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch) return branch.flatMap(inner => flatten(inner, path, known));
  }
  if (path.length === 0)
    return [{ path, message: `the configuration is ${shown(issue.input)}; it needs at least apps: and one app` }];
  return [{ path, message: withExample(path, tidy(issue.message, issue.input)) }];
};

/** Who writes something else where keys are wanted may not know which there are. */
const withExample = (path: Path, message: string): string => {
  const example = message.endsWith('keys below it') ? exampleAt(path) : undefined;
  return example ? `${message}, such as ${example}` : message;
};

/**
 * The alternative of a union that was probably meant: its outer form fits, so that its complaints lie within it, and it
 * has the fewest. None if that is not clear.
 */
const meantBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined => {
  const fitting = branches.filter(issues =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  const [best, next] = fitting.toSorted((a, b) => a.length - b.length);
  return best && best.length < (next?.length ?? Number.POSITIVE_INFINITY) ? best : undefined;
};

const unknownKey = (path: Path, key: string, known: readonly string[]): string => {
  const place = rightPlace(path, key);
  if (place) return `unknown key here; ${place}`;
  const meant = suggest(key, known);
  if (meant) return `unknown key; did you mean ${meant}?`;
  return `unknown key; known here: ${known.join(', ')}`;
};

/** A message of a schema, without a quoted value that is endless, and in plain words where the value is null. */
const tidy = (message: string, input: unknown): string => {
  const quoted = JSON.stringify(input);
  if (quoted === undefined || !message.includes(quoted)) return message;
  return message.replace(quoted, () => shown(input));
};
