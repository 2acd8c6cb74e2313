import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { EXAMPLES, exampleAt } from './examples.ts';
import { fileSchema, type JsonSchema } from './json-schema.ts';
import { FileOptions } from './schema.ts';
import { validate } from './validate.ts';

/** The names, as in `KEYS`, of all that has keys below it. */
const mappingsOf = (schema: JsonSchema, name = ''): readonly string[] => {
  const { properties, items, anyOf = [], additionalProperties } = schema;
  const own = properties || additionalProperties ? [name] : [];
  const below = Object.entries(properties ?? {}).flatMap(([key, each]) =>
    mappingsOf(each, name === '' ? key : `${name}.${key}`),
  );
  const ofAnyName = typeof additionalProperties === 'object' ? mappingsOf(additionalProperties, `${name}.*`) : [];
  const ofList = items ? mappingsOf(items, `${name}[]`) : [];
  return [...own, ...below, ...ofAnyName, ...ofList, ...anyOf.flatMap(branch => mappingsOf(branch, name))];
};

/** The place of the file that a name stands for, with a glob where one may choose. */
const pathOf = (name: string): (string | number)[] =>
  name.split('.').flatMap(step => {
    if (step === '*') return ['/glob*'];
    return step.endsWith('[]') ? [step.slice(0, -2), 0] : [step];
  });

/** What stands below each of the rungs is JSON of somebody's own. */
const isOfRungs = (name: string): boolean => /fallback\[\]/.test(name);

test('whatever has keys below it has an example, save passthrough at the top, which has words of its own', () => {
  const names = [...new Set(mappingsOf(fileSchema()))].filter(name => name !== '' && !isOfRungs(name));
  assert.ok(names.length > 40, `${names.length} of them`);
  const without = names.filter(name => exampleAt(pathOf(name)) === undefined);
  assert.deepEqual(without, ['passthrough']);
});

const APP = { name: 'a', path: '/a', upstreams: ['http://127.0.0.1:1'] };

/** `value` where `path` leads to, in mappings and lists of its own. */
const nested = (path: readonly (string | number)[], value: unknown): unknown =>
  path.reduceRight((inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value);

for (const [name, example] of Object.entries(EXAMPLES)) {
  test(`the example for ${name} is valid where it is shown`, () => {
    const path = pathOf(name.replace('hooks.*', 'hooks.connect'));
    const [root, , ...below] = path;
    const value = parse(example);
    const ofApp = below.length === 0 ? value : { ...APP, ...(nested(below, value) as object) };
    const data = root === 'apps' ? { apps: [ofApp] } : { apps: [APP], ...(nested(path, value) as object) };
    assert.deepEqual(validate(FileOptions, data), []);
  });
}
