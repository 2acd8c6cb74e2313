import { stringify } from 'yaml';
import { formatAddress } from '../core/host-port.ts';
import { duration } from '../options/fields.ts';
import type { Draft, DraftApp } from './draft.ts';
import { appSchema, fileSchema, hookSchema, type JsonSchema } from './json-schema.ts';
import { type AppLayers, type Fields, flattenLayers, lastToSay, layOver } from './layers.ts';
import type { Loaded } from './load.ts';
import { maskValue } from './secrets.ts';
import { hookSettings } from './settings.ts';
import { formatDuration } from './text.ts';
import type { HookSettings } from './types.ts';

/** The configuration as YAML with every default written out and secrets masked. Loads to the same meaning again. */
export const renderEffective = ({ draft }: Loaded): string =>
  stringify(keepLiteral(effective(draft)), { lineWidth: 0, aliasDuplicateObjects: false });

const REPLICAS: readonly string[] = ['ejection', 'slowStart', 'health', 'resolve'];
const CREDENTIALS: readonly string[] = ['restUsername', 'restPassword'];

/** Keeps texts that happen to hold `${` from being taken for variables when the output is read again. */
const keepLiteral = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(keepLiteral);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keepLiteral(item)]));
};

const effective = ({ data, root, apps, others }: Draft): Fields => {
  const { defaults: _, apps: __, passthrough, ...rest } = fill(fileSchema(), data) as Fields;
  return {
    ...masked(rest),
    ...(others && masked({ passthrough: { ...(passthrough as Fields), concurrency: others.options.concurrency } })),
    listen: formatAddress(root.listen),
    admin: formatAddress(root.admin),
    apps: apps.map(app => effectiveApp(app, root.wcs.requestTimeout)),
  };
};

const effectiveApp = ({ layers, options }: DraftApp, requestTimeout: number): Fields => {
  const written = flattenLayers(layers.general);
  const general = hookSettings({ general: layers.general, hooks: [] }, requestTimeout, rung =>
    typeof rung === 'object' && 'file' in rung ? { ...rung, content: Buffer.alloc(0) } : rung,
  )('');
  return {
    name: options.name,
    path: options.path || '/',
    upstreams: options.upstreams,
    ...masked(pick(written, CREDENTIALS)),
    limit: formatDuration(general.limit),
    ...effectiveAttempt(layers, general),
    ...pick(fill(appSchema(), written), ['connectLimit']),
    ...pick(fill(hookSchema(), written), ['idempotent', 'hedge', 'retry']),
    ...pick(fill(appSchema(), written), ['breaker']),
    concurrency: options.concurrency,
    ...pick(fill(appSchema(), written), [...REPLICAS, 'tls']),
    ...masked(pick(fill(appSchema(), written), ['passthrough'])),
    ...masked(pick(fill(hookSchema(), written), ['fallback'])),
    hooks: effectiveHooks(layers),
  };
};

/**
 * The attemptLimit of the app, which is its limit unless it is written. Left out where it would then hold for a hook too
 * whose own limit is longer.
 */
const effectiveAttempt = (layers: AppLayers, { limit, attemptLimit }: HookSettings): Fields => {
  const isWritten = lastToSay(layers.general, ['attemptLimit']) !== undefined;
  const isShort = layers.hooks.some(({ data }) => (duration().safeParse(data.limit).data ?? 0) > limit);
  return isWritten || !isShort ? { attemptLimit: formatDuration(attemptLimit) } : {};
};

/** Masked one by one, because a hook may bear the name of a secret. */
const effectiveHooks = ({ hooks }: AppLayers): Fields => {
  const merged = hooks.reduce<Fields>((under, { glob = '', data }) => layOver(under, { [glob]: data }) as Fields, {});
  return Object.fromEntries(Object.entries(merged).map(([glob, data]) => [glob, maskValue(data)]));
};

const masked = (fields: Fields): Fields => maskValue(fields) as Fields;

/** The values under `keys`, without those that there are none of. */
const pick = (fields: unknown, keys: readonly string[]): Fields =>
  Object.fromEntries(keys.map(key => [key, (fields as Fields)[key]]).filter(([, value]) => value !== undefined));

/** `value` with the defaults of `schema` wherever it says nothing, in the order of the schema. */
const fill = ({ properties, anyOf, additionalProperties: others, ...schema }: JsonSchema, value: unknown): unknown => {
  const known = properties ?? anyOf?.find(branch => branch.properties)?.properties;
  const said = value === undefined ? schema.default : value;
  const given = known && said === true ? {} : said;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const each = typeof others === 'object' ? others : {};
  const inside = known ?? Object.fromEntries(Object.keys(given).map(key => [key, each]));
  const filled = Object.entries(inside).map(([key, inner]) => [key, fill(inner, (given as Fields)[key])]);
  return Object.fromEntries(filled.filter(([, item]) => item !== undefined));
};
