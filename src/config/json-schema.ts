import { z } from 'zod';
import { describeKey } from './keys.ts';
import { FileOptions, MergedApp, MergedHook } from './schema.ts';

/** The parts of a JSON Schema that ours consists of. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly [key: string]: unknown;
}

const inputOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;

/** The file's schema before the keys' descriptions are put in; those that it has tell the form of a value. */
export const fileSchema = (): JsonSchema => withAppDefaults(inputOf(FileOptions));

/** What an app's own keys, and those of a hook, are when nobody writes them. */
export const appSchema = (): JsonSchema => inputOf(MergedApp);
export const hookSchema = (): JsonSchema => inputOf(MergedHook);

/** `config/breakwater.schema.json`: editors complete and check configurations with it. */
export const renderJsonSchema = (): string =>
  `${JSON.stringify({ title: 'Breakwater configuration', ...describe(fileSchema(), '') }, null, 2)}\n`;

/** Shows the defaults of an app's keys, which the schema cannot apply before `defaults` and app are merged. */
const withAppDefaults = (root: JsonSchema): JsonSchema => {
  const defaults = { ...hookSchema().properties, ...appSchema().properties };
  const app = root.properties?.apps?.items;
  const properties = Object.entries(app?.properties ?? {}).map(([key, schema]) => {
    const value = defaults[key]?.default;
    return [key, value === undefined ? schema : { ...schema, default: value }];
  });
  const apps = { ...root.properties?.apps, items: { ...app, properties: Object.fromEntries(properties) } };
  return { ...root, properties: { ...root.properties, apps } };
};

const VARIABLE = '\\$\\{';

/** Puts the keys' descriptions in, and lets a `${…}` stand wherever a text of some form is asked for. */
const describe = (schema: JsonSchema, path: string, isBranch = false): JsonSchema => {
  const { properties, items, anyOf, additionalProperties, pattern } = schema;
  const description = (isBranch ? undefined : describeKey(path)) ?? schema.description;
  return {
    ...schema,
    ...(description && { description }),
    ...(pattern && { pattern: `${pattern}|${VARIABLE}` }),
    ...(properties && { properties: describeAll(properties, path) }),
    ...(items && { items: describe(items, `${path}[]`) }),
    ...(anyOf && { anyOf: anyOf.map(branch => describe(branch, path, true)) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: describe(additionalProperties, `${path}.*`),
    }),
  };
};

const describeAll = (properties: Readonly<Record<string, JsonSchema>>, path: string) =>
  Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [key, describe(schema, path === '' ? key : `${path}.${key}`)]),
  );
