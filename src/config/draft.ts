import { CATALOGUE } from '../hooks/catalogue.ts';
import { isLiteral } from './glob.ts';
import { type AppLayers, appLayers, flattenLayers, type Layer, lastToSay } from './layers.ts';
import type { Path } from './problems.ts';
import { FileOptions, MergedApp, RootOptions } from './schema.ts';
import { hookSettings, type ReadRung } from './settings.ts';
import type { HookSettings } from './types.ts';
import { type Finding, validate } from './validate.ts';

/** An app whose keys are valid one by one; whether they fit together is what `rules.ts` looks at. */
export interface DraftApp {
  readonly index: number;
  readonly layers: AppLayers;
  readonly options: MergedApp;
  settings(hook: string): HookSettings;
  /** Every hook that is worth a look: the catalogue's and those that the file names. */
  readonly hooks: readonly string[];
  readonly namedHooks: readonly string[];
}

/** A configuration whose keys are valid one by one. */
export interface Draft {
  readonly data: unknown;
  readonly root: RootOptions;
  readonly apps: readonly DraftApp[];
}

/** What a draft is made of: the valid part of the file, and which apps can be looked at. */
export interface Valid {
  readonly data: Readonly<Record<string, unknown>>;
  readonly apps: readonly number[];
  readonly findings: readonly Finding[];
}

const MAX_PASSES = 5;

/** What an app cannot be looked at without; where it is wrong, the rest is looked at with these in its place. */
const STAND_INS = new Map<unknown, (at: number) => unknown>([
  ['name', at => `app-${at}`],
  ['path', at => `/app-${at}`],
  ['upstreams', () => ['http://stand-in.invalid']],
]);

/**
 * Holds the file against the schema and takes out what is wrong, so that the rest can be looked at too:
 * one run tells every problem. An app that is no mapping is left out as a whole.
 */
export const keepValid = (written: unknown): Valid => {
  const findings = validate(FileOptions, written);
  const data = structuredClone(isFields(written) ? written : {}) as Record<string, unknown>;
  const list = Array.isArray(data.apps) ? (data.apps as unknown[]) : [];
  let left = findings;
  for (let pass = 0; pass < MAX_PASSES && left.length > 0; pass++) {
    for (const { path } of left) takeOut(data, path);
    left = validate(FileOptions, data);
  }
  const broken = new Set(left.filter(({ path }) => path[0] === 'apps').map(({ path }) => path[1]));
  return { data, apps: [...list.keys()].filter(at => isFields(list[at]) && !broken.has(at)), findings };
};

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deletes the key at `path`; for an item of a list the key that holds the list, but never an app as a whole. */
const takeOut = (data: Record<string, unknown>, path: Path): void => {
  let fields: Record<string, unknown> | undefined;
  let key: string | undefined;
  let value: unknown = data;
  for (const [at, step] of path.entries()) {
    const isListOfApps = at === 0 && step === 'apps' && path.length > 1;
    if (typeof step === 'string' && isFields(value) && !isListOfApps) [fields, key] = [value, step];
    value = (value as Record<string | number, unknown> | undefined | null)?.[step];
  }
  if (!fields || key === undefined) return;
  delete fields[key];
  const [list, at, ofApp] = path;
  const standIn = list === 'apps' && key === ofApp ? STAND_INS.get(ofApp) : undefined;
  if (standIn) fields[key] = standIn(Number(at));
};

/** Puts the valid part of a file together. */
export const draft = ({ data, apps }: Valid, readRung: ReadRung): Draft => {
  const root = RootOptions.parse(data);
  return { data, root, apps: apps.map(index => draftApp(data, index, root.wcs.requestTimeout, readRung)) };
};

const draftApp = (data: unknown, index: number, requestTimeout: number, readRung: ReadRung): DraftApp => {
  const layers = appLayers(data, index);
  const globs = layers.hooks.flatMap(({ glob }) => glob ?? []);
  const namedHooks = [...new Set(globs.filter(isLiteral))];
  return {
    index,
    layers,
    options: MergedApp.parse(flattenLayers(layers.general)),
    settings: hookSettings(layers, requestTimeout, readRung),
    hooks: [...new Set([...CATALOGUE.map(({ name }) => name), ...namedHooks])],
    namedHooks,
  };
};

/** The path at which the file has the last word on `key`; undefined if it says nothing, so that a built-in rule holds. */
export const originOf = (layers: readonly Layer[], key: readonly string[]): Path | undefined => {
  const layer = lastToSay(layers, key);
  if (!layer) return undefined;
  const said = key.findIndex((_, at) => !Object.hasOwn(fieldsAlong(layer.data, key.slice(0, at)), key[at] ?? ''));
  return [...layer.path, ...(said < 0 ? key : key.slice(0, said))];
};

const fieldsAlong = (data: unknown, steps: readonly string[]): object => {
  const value = steps.reduce<unknown>((at, step) => (isFields(at) ? at[step] : undefined), data);
  return isFields(value) ? value : {};
};
