import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENV = { WCS_HOOK_SECRET: 'x'.repeat(32) };
const GUIDES = globSync('docs/guides/*.md', { cwd: ROOT });

/** Those that are whole; a guide may also show a few lines to add. */
const configurationsOf = (guide: string): string[] =>
  [...readFileSync(join(ROOT, guide), 'utf8').matchAll(/^ {3}```yaml\n(.*?)^ {3}```$/gms)]
    .map(([, text = '']) => text.replace(/^ {3}/gm, ''))
    .filter(text => /^apps:/m.test(text));

describe('the guides', () => {
  const all = GUIDES.flatMap(guide => configurationsOf(guide).map(text => ({ guide, text })));

  test('are four, and print configurations', () => assert.deepEqual([GUIDES.length, all.length], [4, 2]));

  for (const { guide, text } of all) {
    test(`${guide} prints one that is valid`, () => {
      // The file of WCS is on the machine of WCS.
      const here = text.replace(/^wcs: \{ properties: .*$/m, 'wcs: { requestTimeout: 15s }');
      assert.equal(parseConfig(here, { file: guide, env: ENV }).config.apps[0]?.name, 'members');
    });
  }

  test('name files of the package that are there', () => {
    const texts = GUIDES.map(guide => readFileSync(join(ROOT, guide), 'utf8')).join('\n');
    const named = [...texts.matchAll(/(?:config|deploy)\/[\w/.-]+\.(?:yaml|service)/g)].map(([file]) => file);
    assert.ok(named.length >= 3);
    for (const file of named) assert.doesNotThrow(() => readFileSync(join(ROOT, file)), file);
  });
});
