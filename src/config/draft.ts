import { CATALOGUE } from '../hooks/catalogue.ts';
import { isLiteral, matchesGlob } from './glob.ts';
import { type AppLayers, appLayers, type Fields, flattenLayers, type Layer, lastToSay } from './layers.ts';
import type { Path } from './problems.ts';
import { FileOptions, MergedApp, RootOptions } from './schema.ts';
import { hookSettings, type ReadRung } from './settings.ts';
import type { HookSettings } from './types.ts';
import { type Finding, validate } from './validate.ts';
import { layUnder, type WcsFile } from './wcs-file.ts';

/** Upstreams under one name, and how they are treated. */
export interface DraftBacked {
  readonly layers: AppLayers;
  readonly options: MergedApp;
}

/** An app whose keys are valid one by one; whether they fit together is what `rules.ts` looks at. */
export interface DraftApp extends DraftBacked {
  readonly index: number;
  settings(hook: string): HookSettings;
  /** Every hook that is worth a look: the catalogue's and those that the file names. */
  readonly hooks: readonly string[];
  readonly namedHooks: readonly string[];
  /** True for a hook name that a name or glob in `hooks` matches. */
  names(hook: string): boolean;
}

/** A configuration whose keys are valid one by one. */
export interface Draft {
  /** What is written, with what WCS's own file says under it. */
  readonly data: unknown;
  readonly root: RootOptions;
  readonly apps: readonly DraftApp[];
  /** What no app has, if that leads anywhere. */
  readonly others: DraftBacked | undefined;
  /** True for a key that is written in a way that could not be read, so that what is in its place means nothing. */
  isUnread(path: Path): boolean;
  /** WCS's own file, if one is named. */
  readonly wcsFile: WcsFile | undefined;
  /** The keys of `wcs` that come from it, each with the place that says so: `FILE:LINE`. */
  readonly fromWcs: ReadonlyMap<string, string>;
}

/** What a draft is made of: the valid part of the file, and which apps can be looked at. */
export interface Valid {
  readonly data: Readonly<Record<string, unknown>>;
  readonly apps: readonly number[];
  readonly findings: readonly Finding[];
}

/** The name that calls have which are no hooks, and the one of what no app has. */
export const PASSTHROUGH = 'passthrough';

const MAX_PASSES = 5;

/** What an app cannot be looked at without; where it is wrong, the rest is looked at with these in its place. */
const STAND_INS = new Map<unknown, (at: number) => unknown>([
  ['name', at => `app-${at}`],
  ['path', at => `/app-${at}`],
  ['upstreams', () => ['http://stand-in.invalid']],
]);

/**
 * What stands in for one wrong item, so that the others are looked at in their places; it is at odds with nothing. Other
 * lists go as a whole: nothing is held against their items one by one.
 */
const ITEM_STAND_INS = new Map<unknown, (at: number) => unknown>([
  ['upstreams', at => `http://stand-in-${at}.invalid`],
  ['fallback', () => 'unavailable'],
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
    for (const { path } of left) if (!replaceItem(data, path)) takeOut(data, path);
    left = validate(FileOptions, data);
  }
  const broken = new Set(left.filter(({ path }) => path[0] === 'apps').map(({ path }) => path[1]));
  return { data, apps: [...list.keys()].filter(at => isFields(list[at]) && !broken.has(at)), findings };
};

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Puts a stand-in for the item of a list that `path` leads to or into; false if there is none for it. */
const replaceItem = (data: unknown, path: Path): boolean => {
  let value = data;
  for (const [at, step] of path.entries()) {
    const standIn = typeof step === 'number' ? ITEM_STAND_INS.get(path[at - 1]) : undefined;
    if (standIn && Array.isArray(value)) {
      value[Number(step)] = standIn(Number(step));
      return true;
    }
    value = (value as Record<string | number, unknown> | undefined | null)?.[step];
  }
  return false;
};

/**
 * Deletes the key at `path`; for an item of a list the key that holds the list, for a key that is missing the mapping
 * that lacks it, but never an app as a whole.
 */
const takeOut = (data: Record<string, unknown>, path: Path): void => {
  const held: { readonly fields: Record<string, unknown>; readonly key: string }[] = [];
  let value: unknown = data;
  for (const [at, step] of path.entries()) {
    const isListOfApps = at === 0 && step === 'apps' && path.length > 1;
    if (typeof step === 'string' && isFields(value) && !isListOfApps) held.push({ fields: value, key: step });
    value = (value as Record<string | number, unknown> | undefined | null)?.[step];
  }
  const last = held.findLast(({ fields, key }) => Object.hasOwn(fields, key));
  if (last) delete last.fields[last.key];
  const [list, at, ofApp] = path;
  const standIn = list === 'apps' ? STAND_INS.get(ofApp) : undefined;
  const app = held.find(({ key }) => key === ofApp)?.fields;
  if (standIn && app) app[String(ofApp)] = standIn(Number(at));
};

/** Puts the valid part of a file together, with what WCS's own file says where it says nothing. */
export const draft = (valid: Valid, wcsFile: WcsFile | undefined, readRung: ReadRung): Draft => {
  const { data, fromWcs } = layUnder(valid.data, wcsFile);
  const root = RootOptions.parse(data);
  const apps = valid.apps.map(index => draftApp(data, index, root.wcs.requestTimeout, readRung));
  const isUnread = (path: Path) => valid.findings.some(finding => areInLine(finding.path, path));
  return { data, root, apps, others: draftOthers(data, root.passthrough), isUnread, wcsFile, fromWcs };
};

/** True if one of two places is the other, or holds it. */
const areInLine = (a: Path, b: Path): boolean => a.slice(0, b.length).every((step, at) => step === b[at]);

/** True if each of the keys (`breaker.openFor`) could be read wherever the layers say something of it. */
export const allRead = ({ isUnread }: Draft, layers: readonly Layer[], ...keys: readonly string[]): boolean =>
  keys.every(key => layers.every(({ path }) => !isUnread([...path, ...key.split('.')])));

/** All that has upstreams of its own. */
export const backedOf = ({ apps, others }: Pick<Draft, 'apps' | 'others'>): readonly DraftBacked[] =>
  others ? [...apps, others] : apps;

/** Any of these may have signed a hook; none if signatures are not looked at. */
export const secretsOf = ({ root }: Pick<Draft, 'root'>): readonly string[] => [root.wcs.secret ?? []].flat();

/** True if it is known how long WCS waits, be it by the built-in value. */
export const knowsTimeout = ({ isUnread, data }: Draft): boolean => {
  const { requestTimeout } = (data as { readonly wcs: Fields }).wcs;
  return !isUnread(['wcs', 'requestTimeout']) && (requestTimeout !== undefined || !isUnread(['wcs', 'properties']));
};

/** The key, or the line of WCS's own file, that says how long WCS waits. */
export const timeoutSource = ({ fromWcs }: Draft): string => fromWcs.get('requestTimeout') ?? 'wcs.requestTimeout';

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
    names: hook => globs.some(glob => matchesGlob(glob, hook)),
  };
};

/** In the shape of an app: its keys of `passthrough` stand beside those of upstreams. */
const draftOthers = (data: unknown, written: RootOptions['passthrough']): DraftBacked | undefined => {
  if (!written) return undefined;
  const { firstByte, idle, limit, upgrades, routes, ...ofUpstreams } = written;
  const passthrough = { firstByte, idle, limit, upgrades, routes };
  const fields = (data as { readonly passthrough: Fields }).passthrough;
  const general = [
    { path: [PASSTHROUGH], data: fields },
    { path: [], data: { passthrough: fields } },
  ];
  return {
    layers: { general, hooks: [] },
    options: { name: PASSTHROUGH, path: '', passthrough, ...ofUpstreams },
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
