import { compareGlobs, matchesGlob } from './glob.ts';
import type { Path } from './problems.ts';

/** Keys written in one place of the file; of several, a later one is laid over the earlier ones. */
export interface Layer {
  readonly path: Path;
  readonly data: Fields;
  /** The glob whose keys these are; absent for `defaults` and the app. */
  readonly glob?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fieldsAt = (data: unknown, key: string | number): Fields => {
  const value = typeof data === 'object' && data !== null ? (data as Fields)[key] : undefined;
  return isFields(value) ? value : {};
};

/** `over` laid over `under`: mappings key by key, `true` as a mapping without keys, else in place of what was there. */
export const layOver = (under: unknown, over: unknown): unknown => {
  if (over === true && isFields(under)) return under;
  if (!isFields(under) || !isFields(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) merged[key] = layOver(under[key], value);
  return merged;
};

/** What the layers come to, without their `hooks`. */
export const flattenLayers = (layers: readonly Layer[]): Fields => {
  const merged = layers.reduce<unknown>((under, { data }) => layOver(under, data), {}) as Fields;
  const { hooks: _, ...rest } = merged;
  return rest;
};

/** The last layer that says something about `key`, so the one whose word counts. */
export const lastToSay = (layers: readonly Layer[], key: readonly string[]): Layer | undefined =>
  layers.findLast(({ data }) => {
    const parent = key.slice(0, -1).reduce<unknown>((value, step) => (isFields(value) ? value[step] : value), data);
    return isFields(parent) ? Object.hasOwn(parent, key.at(-1) ?? '') : parent !== undefined;
  });

/** All that the file says about one app, from the general to the particular. */
export interface AppLayers {
  readonly general: readonly Layer[];
  /** Layers of the hook globs, least specific first; for the same glob `defaults` stands before the app. */
  readonly hooks: readonly Layer[];
}

/** Finds what the file says about the app at `index` of `apps`. */
export const appLayers = (data: unknown, index: number): AppLayers => {
  const root = data as Fields;
  const apps = root.apps as readonly unknown[];
  const general: readonly Layer[] = [
    { path: ['defaults'], data: fieldsAt(root, 'defaults') },
    { path: ['apps', index], data: fieldsAt(apps, index) },
  ];
  const hooks = general.flatMap(({ path, data }) =>
    Object.keys(fieldsAt(data, 'hooks')).map(glob => ({
      path: [...path, 'hooks', glob],
      data: fieldsAt(fieldsAt(data, 'hooks'), glob),
      glob,
    })),
  );
  return { general, hooks: hooks.toSorted((a, b) => compareGlobs(a.glob, b.glob)) };
};

/** The layers that hold for one hook, the most particular last. */
export const hookLayers = ({ general, hooks }: AppLayers, hook: string): readonly Layer[] => [
  ...general,
  ...hooks.filter(({ glob }) => glob !== undefined && matchesGlob(glob, hook)),
];
