import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { productSources } from '../scripts/sizes.ts';
import type { Parsed } from '../scripts/source-tree.ts';
import { BANS, breachesOf, cyclesIn, misdirected, strangers } from './kit/architecture.ts';

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

const none = (found: readonly string[]): void => assert.equal(found.length, 0, `\n${found.join('\n')}\n`);

describe('the sources', () => {
  const sources = productSources();

  test('are all there', () => {
    assert.ok(sources.length > 50, `${sources.length} files`);
  });

  test('import only in the allowed directions', () => none(misdirected(sources)));

  test('have no import cycle', () => none(cyclesIn(sources)));

  test('import no package but the dependencies, each only where it belongs', () =>
    none(sources.flatMap(source => strangers(source, Object.keys(dependencies)))));

  for (const ban of BANS) test(ban.sentence, () => none(sources.flatMap(source => breachesOf(ban, source))));
});

/** Files that break every rule, to see that the rules find something. */
const CULPRITS = {
  'src/core/low.ts': "import { high } from '../server/high.ts';\nexport const low = high;\n",
  'src/server/high.ts': "import { low } from '../core/low.ts';\nexport const high = low;\n",
  'src/resilience/one.ts':
    "import type { Layer } from '../core/layer.ts';\nimport { two } from './two.ts';\nexport const one: Layer = two;\n",
  'src/resilience/two.ts':
    "import type { Layer } from '../core/layer.ts';\nimport opossum from 'pino';\nexport const two = opossum as Layer;\n",
  'src/gateway/bad.ts': [
    "import { AsyncLocalStorage } from 'node:async_hooks';",
    'let count = Date.now();',
    'export const bad = () => {',
    '  count++;',
    '  new AbortController();',
    '  AbortSignal.timeout(count);',
    '  console.log(process.env.HOME, process.stdout, new AsyncLocalStorage());',
    "  throw new Error('x');",
    '};',
    '',
  ].join('\n'),
} as const;

describe('the rules', () => {
  const root = mkdtempSync(join(tmpdir(), 'breakwater-architecture-'));
  after(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(CULPRITS)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  writeFileSync(
    join(root, 'tsconfig.json'),
    '{"compilerOptions":{"module":"nodenext","noEmit":true},"include":["src"]}',
  );
  const culprits = productSources(root);
  const found = (rule: (source: Parsed) => string[]): string => culprits.flatMap(rule).join('\n');

  test('find an import against the direction, and one policy in another', () => {
    const all = misdirected(culprits).join('\n');
    assert.match(all, /src\/core\/low\.ts:1 .*core may import nothing/);
    assert.match(all, /src\/resilience\/one\.ts:2 .*policy/);
  });

  test('find a cycle', () => assert.match(cyclesIn(culprits).join('\n'), /low\.ts.*high\.ts/));

  test('find a package that is out of place', () =>
    assert.match(
      found(source => strangers(source, ['pino'])),
      /src\/resilience\/two\.ts:2 .*pino/,
    ));

  for (const ban of BANS) {
    test(`find a breach of: ${ban.sentence}`, () =>
      assert.match(
        found(source => breachesOf(ban, source)),
        /src\/gateway\/bad\.ts:\d+ /,
      ));
  }
});
