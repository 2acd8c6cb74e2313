import { stringify } from 'yaml';
import { formatHostPort } from '../core/host-port.ts';
import type { Draft, DraftApp } from './draft.ts';
import { appSchema, fileSchema, hookSchema, type JsonSchema } from './json-schema.ts';
import { type Fields, flattenLayers, layOver } from './layers.ts';
import type { Loaded } from './load.ts';
import { maskValue } from './secrets.ts';
import { hookSettings } from './settings.ts';
import { formatDuration } from './text.ts';

/** The configuration as YAML with every default written out and secrets masked. Loads to the same meaning again. */
export const renderEffective = ({ draft }: Loaded): string =>
  stringify(keepLiteral(maskValue(effective(draft))), { lineWidth: 0, aliasDuplicateObjects: false });

/** Keeps texts that happen to hold `${` from being taken for variables when the output is read again. */
const keepLiteral = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(keepLiteral);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keepLiteral(item)]));
};

const effective = ({ data, root, apps }: Draft): Fields => {
  const { defaults: _, apps: __, ...rest } = fill(fileSchema(), data) as Fields;
  return {
    ...rest,
    listen: formatHostPort(root.listen),
    admin: formatHostPort(root.admin),
    apps: apps.map(app => effectiveApp(app, root.wcs.requestTimeout)),
  };
};

const effectiveApp = ({ layers, options }: DraftApp, requestTimeout: number): Fields => {
  const written = flattenLayers(layers.general);
  const general = hookSettings({ general: layers.general, hooks: [] }, requestTimeout, rung =>
    typeof rung === 'object' && 'file' in rung ? { ...rung, content: Buffer.alloc(0) } : rung,
  )('');
  const hooks = layers.hooks.reduce<Fields>(
    (under, { glob = '', data }) => layOver(under, { [glob]: data }) as Fields,
    {},
  );
  return {
    name: options.name,
    path: options.path || '/',
    upstreams: options.upstreams,
    limit: formatDuration(general.limit),
    attemptLimit: formatDuration(general.attemptLimit),
    ...pick(fill(appSchema(), written), ['connectLimit']),
    ...pick(fill(hookSchema(), written), ['idempotent', 'hedge', 'retry']),
    ...pick(fill(appSchema(), written), ['breaker', 'concurrency']),
    ...pick(fill(hookSchema(), written), ['fallback']),
    hooks,
  };
};

const pick = (fields: unknown, keys: readonly string[]): Fields =>
  Object.fromEntries(keys.map(key => [key, (fields as Fields)[key]]));

/** `value` with the defaults of `schema` wherever it says nothing, in the order of the schema. */
const fill = ({ properties, anyOf, ...schema }: JsonSchema, value: unknown): unknown => {
  const given = value === undefined ? schema.default : value;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const known = properties ?? anyOf?.find(branch => branch.properties)?.properties;
  if (!known) return given;
  const filled = Object.entries(known).map(([key, inner]) => [key, fill(inner, (given as Fields)[key])]);
  return Object.fromEntries(filled.filter(([, item]) => item !== undefined));
};
