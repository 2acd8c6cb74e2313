import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import manifest from '../package.json' with { type: 'json' };
import { DOCUMENTS, headingsOf, isExternal, linksOf, read } from '../scripts/site/documents.ts';
import { targetOf } from '../scripts/site/markdown.ts';
import { parseConfig } from '../src/config/load.ts';
import { SOURCES } from '../src/core/call.ts';
import { findHook } from '../src/hooks/catalogue.ts';
import { autoLadder, RUNG_WORDS } from '../src/hooks/ladder.ts';

const ROOT = join(import.meta.dirname, '..');

const none = (found: readonly string[]): void => assert.equal(found.length, 0, `\n${found.join('\n')}\n`);

interface Fence {
  readonly language: string;
  /** The file that the block says it quotes. */
  readonly file: string | undefined;
  readonly text: string;
}

const fencesOf = (document: string): Fence[] =>
  [...document.matchAll(/^```(\w*)(?: (\S+))?\n(.*?)^```$/gms)].map(([, language = '', file, text = '']) => ({
    language,
    file,
    text,
  }));

const faultOf = (from: string, link: string): string | undefined => {
  const target = targetOf(from, link);
  const anchor = link.split('#')[1];
  if (!existsSync(join(ROOT, target))) return `${from} links to ${link}, which does not exist`;
  if (anchor === undefined) return undefined;
  return target.endsWith('.md') && headingsOf(read(target)).some(heading => heading.anchor === anchor)
    ? undefined
    : `${from} links to ${link}, a heading that ${target} has not`;
};

const FILE = /`((?:src|test|docs|config|bench|scripts|bin)\/[\w./-]+\.(?:ts|js|md|yaml|json))`/g;

/** Cells of the tables in a document, row by row; code marks are taken off. */
const rowsOf = (document: string): string[][] =>
  [...document.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) =>
    row.split(/ (?<!\\)\| /).map(cell => cell.replaceAll('`', '')),
  );

describe('every document', () => {
  test('is found', () => assert.ok(DOCUMENTS.length >= 20, DOCUMENTS.join(' ')));

  test('has links that lead somewhere', () => {
    const links = DOCUMENTS.flatMap(from => linksOf(read(from)).map(link => ({ from, link }))).filter(
      ({ link }) => !isExternal(link),
    );
    assert.ok(links.length >= 20, `${links.length} links`);
    none(links.flatMap(({ from, link }) => faultOf(from, link) ?? []));
  });

  test('names only files that are there', () => {
    none(
      DOCUMENTS.flatMap(from =>
        [...read(from).matchAll(FILE)].flatMap(([, file = '']) =>
          existsSync(join(ROOT, file)) ? [] : [`${from} names ${file}, which does not exist`],
        ),
      ),
    );
  });

  test('names only npm scripts that there are', () => {
    none(
      DOCUMENTS.flatMap(from =>
        [...read(from).matchAll(/npm run ([\w:-]+)/g)].flatMap(([, script = '']) =>
          Object.hasOwn(manifest.scripts, script) ? [] : [`${from} names npm run ${script}`],
        ),
      ),
    );
  });

  test('quotes files as they are', () => {
    const quotes = DOCUMENTS.flatMap(from => fencesOf(read(from)).map(fence => ({ from, ...fence })));
    assert.ok(quotes.filter(({ file }) => file).length >= 5);
    none(
      quotes.flatMap(({ from, file, text }) =>
        file === undefined || read(file).includes(text) ? [] : [`${from} quotes ${file} otherwise than it is`],
      ),
    );
  });

  test('names no path of a machine', () => {
    const paths = /(?:^|[\s`"'(=])((?:\/(?:home|root|tmp|work|farm|Users|mnt)\/|[A-Z]:\\)[^\s`"')]*)/gm;
    none(DOCUMENTS.flatMap(from => [...read(from).matchAll(paths)].map(([, path]) => `${from} names ${path}`)));
  });
});

describe('the worked example', () => {
  const quoted = (file: string) => fencesOf(read('CONTRIBUTING.md')).find(fence => fence.file === file)?.text;

  test('is printed as a whole', () => {
    const file = 'docs/adding-a-policy/throttle.ts';
    assert.equal(quoted(file), read(file));
  });

  test('is printed with a test and its line in a stack', () => {
    assert.match(quoted('docs/adding-a-policy/throttle.test.ts') ?? '', /^test\(/);
    assert.match(quoted('docs/adding-a-policy/throttled-upstream.ts') ?? '', /throttle\(options\), \/\/ /);
  });
});

describe('the configurations that documents print', () => {
  test('the one of the README is valid, and nothing in it is doubtful', () => {
    const text = fencesOf(read('README.md')).find(({ language }) => language === 'yaml')?.text ?? '';
    const { warnings } = parseConfig(text, { file: 'README.md', env: {} });
    none(warnings.map(({ message }) => message));
  });

  test('the hooks of the ladder page are valid', () => {
    const text = fencesOf(read('docs/ladder.md')).find(({ language }) => language === 'yaml')?.text ?? '';
    const app = 'apps:\n  - name: a\n    path: /a\n    upstreams: [http://127.0.0.1:8000/a]\n';
    const { config } = parseConfig(app + text.replace(/^/gm, '    '), { file: 'ladder.md', env: {} });
    assert.deepEqual(config.apps[0]?.namedHooks, ['playHLS', 'publishStream', 'submitBugReport']);
  });
});

describe('the page of static fallbacks', () => {
  const page = read('docs/static-fallbacks.md');

  test('prints routes that are valid, and nothing in them is doubtful', () => {
    const text = fencesOf(page).find(({ language }) => language === 'yaml')?.text ?? '';
    const app = 'apps:\n  - { name: a, path: /a, upstreams: [http://127.0.0.1:8000/a] }\n';
    const { config, warnings } = parseConfig(app + text, { file: 'static-fallbacks.md', env: {} });
    none(warnings.map(({ message }) => message));
    assert.equal(config.passthrough?.findRoute('/api/status/now')?.keepFor, 600_000);
  });

  test('has a row for each rung', () => {
    const heads = new Set(rowsOf(page).flatMap(([rung = '']) => rung.split(', ')));
    none(['cached', 'unavailable', '{ body: … }', '{ file: x.json }'].filter(rung => !heads.has(rung)));
  });
});

describe('the decisions', () => {
  const files = DOCUMENTS.filter(file => file.startsWith('docs/decisions/'));

  test('are numbered without a gap, and each says context, choice and price in less than a page', () => {
    for (const [at, file] of files.entries()) {
      const number = String(at + 1).padStart(4, '0');
      const text = read(file);
      assert.match(file, new RegExp(`/${number}-[a-z0-9-]+\\.md$`));
      assert.ok(text.startsWith(`# ${number} `), file);
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, ['Context', 'Choice', 'Price'], file);
      assert.ok(text.split('\n').length <= 60, `${file} is longer than a page`);
    }
  });

  test('name each dependency, and none that is not one', () => {
    const rows = rowsOf(read('docs/decisions/0002-dependencies.md'));
    const named = rows.flatMap(([packages = '', purpose]) =>
      purpose === 'used for' || packages.startsWith('-') ? [] : packages.replace(/ \(.*\)/, '').split(', '),
    );
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    const all = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
    assert.deepEqual(named.toSorted(), all.toSorted());
  });
});

describe('the vocabulary', () => {
  const text = read('docs/vocabulary.md');
  const words = new Set([
    ...rowsOf(text).map(([word = '']) => word),
    ...[...text.matchAll(/`(\w+)`/g)].map(([, w]) => w),
  ]);
  const missing = (wanted: readonly string[]) => none(wanted.filter(word => !words.has(word)));

  test('has the types of the core', () => {
    const exported = ['call', 'layer', 'errors', 'events', 'cancel'].flatMap(file =>
      [...read(`src/core/${file}.ts`).matchAll(/^export (?:type|interface|class) (\w+)/gm)].map(
        ([, name = '']) => name,
      ),
    );
    assert.ok(exported.length > 12, exported.join(' '));
    missing(exported);
  });

  test('has each policy and each structure beside them', () => {
    const files = globSync('src/resilience/*.ts', { cwd: ROOT }).filter(file => !file.endsWith('.test.ts'));
    const heads = rowsOf(text).flatMap(([word = '']) => word.split(', '));
    const name = (file: string) => file.replace(/^.*\/|\.ts$/g, '').replaceAll('-', ' ');
    none(files.map(name).filter(word => !heads.some(head => head === word || head === `${word} window`)));
  });

  test('has each source, each outcome and each kind of hook', () => {
    const outcomes = /type Outcome = (.*);/.exec(read('src/core/call.ts'))?.[1]?.match(/\w+/g) ?? [];
    assert.ok(outcomes.length >= 8);
    missing([...SOURCES, ...outcomes, 'connect', 'direct', 'incoming', 'notification']);
  });
});

describe('the ladder page', () => {
  const rows = rowsOf(read('docs/ladder.md'));

  test('has a row for each rung', () => {
    const heads = new Set(rows.flatMap(([rung = '']) => rung.split(', ')));
    none([...RUNG_WORDS, '{ body: … }', '{ file: … }', '{ echo: … }'].filter(rung => !heads.has(rung)));
  });

  test('says of each hook it names what auto means for it', () => {
    const named = rows.flatMap(([hooks = '', rungs = '']) =>
      [...hooks.matchAll(/\b(?:[a-z]\w+|\w+Event|On\w+)\b/g)]
        .map(([name]) => ({ name, hook: findHook(name), rungs: rungs.split(';')[0] }))
        .filter(({ hook }) => hook.known),
    );
    assert.ok(named.length >= 15, named.map(({ name }) => name).join(' '));
    for (const { name, hook, rungs } of named) assert.equal(rungs, autoLadder(hook, hook.keyed).join(', '), name);
  });
});
