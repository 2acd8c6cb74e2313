import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

const BIN = join(import.meta.dirname, '../bin/breakwater.js');

/** A Node other than the bundled one, as a bare shell has it. */
const otherNode = (): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .filter(folder => !folder.includes('node_modules'))
    .map(folder => join(folder, 'node'))
    .find(file => existsSync(file) && dirname(file) !== dirname(process.execPath));

const run = (node: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(node, [BIN, ...args], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 20_000 });

const version = (JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string })
  .version;

describe('bin/breakwater.js', () => {
  test('runs the command line and ends with its exit code', () => {
    const good = run(process.execPath, ['--version']);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, new RegExp(version.replaceAll('.', '\\.')));
    const bad = run(process.execPath, ['no-such-command']);
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /no-such-command/);
  });

  const other = otherNode();
  test('under an older Node goes on with the bundled one', { skip: !other && 'this machine has one Node only' }, () => {
    const { status, stdout, stderr } = run(other ?? '', ['--version']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, new RegExp(version.replaceAll('.', '\\.')));
  });

  test('under an older Node without a bundled one says so in a line, exit 2', {
    skip: !other && 'this machine has one Node only',
  }, () => {
    // The mark of a second start: as if the bundled Node were not there.
    const { status, stderr } = run(other ?? '', ['--version'], { BREAKWATER_REEXEC: '1' });
    const isNew =
      Number(spawnSync(other ?? '', ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).stdout) >= 24;
    if (isNew) return;
    assert.equal(status, 2);
    assert.match(stderr, /^breakwater: needs Node 24 or later, this is v\d+.*npm ci.*\n$/);
  });
});
