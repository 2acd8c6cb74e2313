// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text ${…} is what these tests are about
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type JsonSchema, renderJsonSchema } from './json-schema.ts';
import { describeKey, KEYS } from './keys.ts';

const SCHEMA = join(import.meta.dirname, '../../config/breakwater.schema.json');

/** Paths of all keys of a schema; what a rung holds is told with the ladder and left out. */
const pathsOf = (schema: JsonSchema, path = ''): readonly string[] => {
  const { properties = {}, items, anyOf = [], additionalProperties } = schema;
  const below = Object.entries(properties).flatMap(([key, inner]) => {
    const whole = path === '' ? key : `${path}.${key}`;
    return [whole, ...pathsOf(inner, whole)];
  });
  const inItems = items ? pathsOf(items, `${path}[]`) : [];
  const inAny = typeof additionalProperties === 'object' ? pathsOf(additionalProperties, `${path}.*`) : [];
  return [...below, ...inItems, ...inAny, ...anyOf.flatMap(branch => pathsOf(branch, path))].filter(
    found => !found.includes('fallback[]'),
  );
};

const paths = pathsOf(JSON.parse(renderJsonSchema()));

test('every key of the schema has a description', () => {
  assert.ok(paths.length > 60, `only ${paths.length} keys found`);
  assert.deepEqual(
    paths.filter(path => describeKey(path) === undefined),
    [],
  );
});

test('every description belongs to a key of the schema', () => {
  assert.deepEqual(
    Object.keys(KEYS).filter(path => !paths.includes(path)),
    [],
  );
});

test('the packaged JSON Schema is the one that the code makes', () => {
  assert.equal(readFileSync(SCHEMA, 'utf8'), renderJsonSchema(), 'run: npm run docs');
});

test('the JSON Schema lets a variable stand where a form is asked for', () => {
  const schema: JsonSchema = JSON.parse(renderJsonSchema());
  const pattern = new RegExp(schema.properties?.drain?.pattern ?? '(?!)');
  assert.deepEqual(
    ['20s', '${DRAIN}', '${DRAIN:-5s}', 'soon'].map(text => pattern.test(text)),
    [true, true, true, false],
  );
});
