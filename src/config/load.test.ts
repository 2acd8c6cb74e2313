import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { loadConfig, parseConfig } from './load.ts';
import { ConfigError } from './problems.ts';

const CONFIG = join(import.meta.dirname, '../../config');
const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-load-'));
after(() => rmSync(FOLDER, { recursive: true }));

const APP = 'apps:\n  - name: a\n    path: /a\n    upstreams: [http://127.0.0.1:1]\n';
/** What examples have no default for, because nobody should run with one. */
const EXAMPLE_ENV = { WCS_HOOK_SECRET: '0123456789abcdef' };
const parse = (text: string, env = {}) => parseConfig(text, { file: 'test.yaml', env });

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return assert.fail('no ConfigError');
};

const write = (name: string, content: string | Buffer): string => {
  const file = join(FOLDER, name);
  writeFileSync(file, content);
  return file;
};

test('a file that is missing, a folder, too large or no UTF-8 is told in one line', () => {
  const cases: readonly [string, RegExp][] = [
    [join(FOLDER, 'missing.yaml'), /missing\.yaml: does not exist; name another file with --config$/],
    [FOLDER, /: is a folder, not a file; /],
    [write('large.yaml', '#'.repeat(2 ** 20 + 1)), /: has 1048577 bytes, and at most 1048576 are read; /],
    [write('latin1.yaml', Buffer.from([0x61, 0xe4])), /: is not UTF-8; /],
  ];
  for (const [file, expected] of cases) {
    const message = messageOf(() => loadConfig(file, {}));
    assert.match(message, expected);
    assert.equal(message.split('\n').length, 1);
  }
});

test('nothing in a configuration can be changed, not even deep below or in what settings gives', () => {
  const { config } = parse(`${APP}    fallback: [{ body: { list: [1] } }]\n`);
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(config));
  assert.ok(frozen(config.apps[0]?.settings('connect')));
});

test('settings are one object for all hooks with the same globs, and few however many names are asked for', () => {
  const [app] = parse(`${APP}    idempotent: [b*]\n    hooks: { "*Event": { limit: 1s } }\n`).config.apps;
  assert.ok(app);
  assert.equal(app.settings('x'), app.settings('y'));
  assert.notEqual(app.settings('x'), app.settings('xEvent'));
  assert.notEqual(app.settings('x'), app.settings('bx'));
  const distinct = new Set(
    Array.from({ length: 5000 }, (_, n) => app.settings(`${n % 2 ? 'b' : 'c'}${n}${n % 3 ? 'Event' : ''}`)),
  );
  assert.equal(distinct.size, 4);
});

test('only names that stand literally in hooks are named hooks', () => {
  const [app] = parse(`${APP}    hooks: { connect: {}, "*Event": {}, myOwn: {} }\n`).config.apps;
  assert.deepEqual(app?.namedHooks.toSorted(), ['connect', 'myOwn']);
});

test('a file rung keeps the bytes as they are, and its path counts from the folder of the configuration', () => {
  write('answer.json', '{ "n": 12345678901234567890.0 }\n');
  const file = write('rung.yaml', `${APP}    fallback: [{ file: answer.json }]\n`);
  const rung = loadConfig(file, {}).config.apps[0]?.settings('snapshot').fallback[0];
  assert.ok(typeof rung === 'object' && 'file' in rung);
  assert.equal(rung.content.toString(), '{ "n": 12345678901234567890.0 }\n');
});

test('a byte order mark and Windows line ends do no harm', () => {
  assert.equal(parse(`\uFEFF${APP.replaceAll('\n', '\r\n')}`).config.apps[0]?.name, 'a');
});

test('a secret from the environment is in no message', () => {
  const text = `${APP}    limit: 1h\n    fallback: [{ body: { token: "\${T}" }, x: 1 }, { echo: "\${U}" }]\n`;
  const message = messageOf(() => parse(text, { T: 'hunter2', U: 'http://me:pw-of-me@host' }));
  assert.doesNotMatch(message, /hunter2|pw-of-me/);
  assert.match(message, /http:\/\/\*\*\*@host/);
});

test('a value nested 20,000 deep is told, not crashed on', () => {
  assert.match(
    messageOf(() => parse(`apps: ${'['.repeat(20_000)}`)),
    /^test\.yaml:1:\d+: is nested too deep to be read$/,
  );
});

test('every packaged configuration is valid, and names its schema in the first line', () => {
  const examples = readdirSync(join(CONFIG, 'examples')).map(name => join('examples', name));
  assert.equal(examples.length, 4);
  for (const name of ['default.yaml', ...examples]) {
    const file = join(CONFIG, name);
    assert.ok(loadConfig(file, EXAMPLE_ENV).config.apps.length > 0, name);
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8'))?.[1];
    assert.equal(join(file, '..', schema ?? ''), join(CONFIG, 'breakwater.schema.json'), name);
  }
});

test('the default configuration answers every hook as EchoApp would, and may repeat it', () => {
  const [app] = loadConfig(join(CONFIG, 'default.yaml'), {}).config.apps;
  for (const hook of ['connect', 'StreamStatusEvent', 'unheardOf']) {
    assert.deepEqual(app?.settings(hook).fallback, ['cached', 'echo']);
    assert.equal(app?.settings(hook).idempotent, true);
  }
});

test('the examples never admit by default whom the back-end has to judge', () => {
  for (const name of readdirSync(join(CONFIG, 'examples'))) {
    const { warnings } = loadConfig(join(CONFIG, 'examples', name), EXAMPLE_ENV);
    assert.deepEqual(
      warnings.filter(({ message }) => !message.includes('in this release')),
      [],
      name,
    );
  }
});

const PIECE = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    ':',
    '*',
    '&a',
    '${',
    '"',
    '[',
    '{',
    '- ',
    '\n',
    '\t',
    '0',
    '!x',
    'limit: 1s\n',
    '<<: ',
    '#',
  ),
  fc.string({ maxLength: 3 }),
);

const checkEdited = (text: string, numRuns: number): void => {
  const edit = fc.tuple(fc.nat(text.length), fc.nat(12), PIECE);
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), edits => {
      const edited = edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text);
      try {
        parse(edited, EXAMPLE_ENV);
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${error}`);
        assert.ok(error.problems.length > 0);
        const lines = edited.split('\n').length;
        for (const { position } of error.problems) assert.ok(position && position.line >= 1 && position.line <= lines);
      }
    }),
    { numRuns },
  );
};

for (const name of ['authenticating-app', 'signed']) {
  test(`whatever becomes of ${name}, either it is valid or every problem has a place in the file`, () => {
    const text = readFileSync(join(CONFIG, `examples/${name}.yaml`), 'utf8').replaceAll(/^ *#.*\n/gm, '');
    checkEdited(text, 100);
  });
}
