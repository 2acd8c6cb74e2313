import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pack } from '../../scripts/package.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the tarball', () => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-tarball-'));
  // Below a node_modules, as npm puts it: there Node strips no types.
  const installed = join(folder, 'node_modules/breakwater');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(installed, 'bin/breakwater.js'), ...args], { encoding: 'utf8', cwd: folder });

  before(() => {
    const tarball = pack(folder);
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('has JavaScript only, and no test', () => {
    assert.ok(existsSync(join(installed, 'src/cli/main.js')));
    assert.ok(!existsSync(join(installed, 'src/cli/main.ts')));
    assert.ok(!existsSync(join(installed, 'src/cli/check.test.js')));
  });

  test('asks for what it runs with, and locks it', () => {
    const read = (name: string) => JSON.parse(readFileSync(join(installed, name), 'utf8'));
    const { devDependencies, dependencies } = read('package.json');
    const { packages } = read('npm-shrinkwrap.json');
    assert.equal(devDependencies, undefined);
    for (const [name, version] of Object.entries(dependencies))
      assert.equal(packages[`node_modules/${name}`]?.version, version, name);
    assert.equal(packages['node_modules/typescript'], undefined);
  });

  test('runs every command', () => {
    assert.match(run('--version').stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match(run('check').stdout, /default\.yaml is valid/);
    assert.match(run('explain', 'EchoApp', 'connect').stdout, /^limit/m);
    assert.match(run('events', '--help').stdout, /^Usage: breakwater events/);
  });

  test('starts its threads and its child processes', () => {
    const { status, stdout, stderr } = run('demo', '--seconds', '5', '--rate', '10');
    assert.match(stdout, /With Breakwater/, stderr);
    assert.ok(status === 0 || stdout.includes('could not keep the pace'), stdout);
  });
});
