import { appSchema, fileSchema, hookSchema, type JsonSchema } from '../../src/config/json-schema.ts';
import { describeKey, KEYS } from '../../src/config/keys.ts';
import { CONFIGURATION_TEXT } from './configuration-text.ts';

interface Row {
  readonly path: string;
  readonly form: string;
  readonly preset: string;
  readonly meaning: string;
}

/** One row for each key that the schema has, in its order; keys that are written elsewhere the same way are left out. */
export const rows = (schema: JsonSchema = fileSchema(), above = ''): readonly Row[] =>
  Object.entries(propertiesOf(schema)).flatMap(([key, inner]) => {
    const path = above === '' ? key : `${above}.${key}`;
    if (path === 'defaults') return [row(path, { ...inner, properties: {} })];
    const shared = KEYS[path] === undefined;
    return [...(shared ? [] : [row(path, inner)]), ...rows(inner, below(path, inner))];
  });

const propertiesOf = ({ properties, items, anyOf, additionalProperties }: JsonSchema): Record<string, JsonSchema> => {
  const inner = [items, ...(anyOf ?? []), typeof additionalProperties === 'object' ? additionalProperties : undefined];
  const nested = inner.flatMap(schema => (schema ? Object.entries(propertiesOf(schema)) : []));
  return { ...Object.fromEntries(isRung(nested) ? [] : nested), ...properties };
};

/** The keys of a rung are explained with the ladder. */
const isRung = (entries: readonly (readonly [string, JsonSchema])[]): boolean =>
  entries.some(([key]) => key === 'file');

const below = (path: string, { items, additionalProperties }: JsonSchema): string => {
  if (items?.properties) return `${path}[]`;
  return typeof additionalProperties === 'object' ? `${path}.*` : path;
};

const row = (path: string, schema: JsonSchema): Row => ({
  path,
  form: formOf(schema),
  preset: presetOf(path, schema),
  meaning: describeKey(path) ?? '',
});

const formOf = ({
  enum: words,
  type,
  items,
  anyOf,
  description,
  properties,
  additionalProperties,
}: JsonSchema): string => {
  if (words) return words.map(word => `\`${word}\``).join(', ');
  if (anyOf?.some(branch => branch.properties) && anyOf.some(branch => branch.const === false))
    return anyOf.some(branch => branch.const === true) ? '`true`, `false`, or keys' : '`false`, or keys';
  if (description && !properties) return description;
  if (type === 'integer') return 'whole number';
  if (items) return items.properties ? 'list' : 'list of texts';
  if (properties || typeof additionalProperties === 'object') return 'keys';
  return type === 'string' ? 'text' : (type ?? '');
};

const presetOf = (path: string, { default: value }: JsonSchema): string => {
  const leaf = /^apps\[\]\.(?:hooks\.\*\.)?(.+)/.exec(path)?.[1] ?? '';
  const preset = value ?? appSchema().properties?.[leaf]?.default ?? hookSchema().properties?.[leaf]?.default;
  if (['apps', 'apps[].name', 'apps[].path', 'apps[].upstreams'].includes(path)) return 'required';
  return preset === undefined || typeof preset === 'object' ? '' : `\`${preset}\``;
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const table = (list: readonly Row[]): string =>
  [
    '| key | form | default | meaning |',
    '|---|---|---|---|',
    ...list.map(({ path, form, preset, meaning }) => `| \`${path}\` | ${cell(form)} | ${preset} | ${cell(meaning)} |`),
  ].join('\n');

/** `docs/configuration.md`: every key, and what cannot be said key by key. */
export const configuration = {
  file: 'docs/configuration.md',
  render: (): string => CONFIGURATION_TEXT.replace('{{keys}}', () => table(rows())),
};
