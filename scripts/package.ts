import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = `npm run package                     writes the tarball that npm install takes, here
npm run package -- --folder FOLDER  writes what is in it to FOLDER, for an image or a Debian package`;

const ROOT = join(import.meta.dirname, '..');
/** What is in the package beside the compiled sources. */
const CARRIED = [
  'bin/*',
  'config/**',
  'src/page/**',
  'docs/*.md',
  'deploy/**',
  'grafana/**',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
];
/** Needed to make or to try packages, or the page of a person who changes them. */
const LEFT = /\.(?:ts|sh)$|\/Containerfile$/;

type Json = Record<string, unknown>;

const readJson = (file: string): Json => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

const writeJson = (file: string, value: Json): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** package.json as whoever installs it needs it: without what only a checkout can run. */
const manifest = (): Json => {
  const { private: _private, scripts: _scripts, devDependencies: _development, ...rest } = readJson('package.json');
  return rest;
};

/** The lock file without what is for development, so that an installation gets the versions that were tested. */
const shrinkwrap = (): Json => {
  const lock = readJson('package-lock.json');
  const packages = Object.entries(lock.packages as Record<string, Json>).filter(([, { dev }]) => !dev);
  const [, { devDependencies: _development, ...own } = {}] = packages.find(([path]) => path === '') ?? [];
  return { ...lock, packages: { ...Object.fromEntries(packages), '': own } };
};

/** Node strips no types below node_modules, so what is installed has to be JavaScript. */
const compile = (to: string): void => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.package.json'), '--outDir', to], {
    stdio: 'inherit',
  });
};

const carry = (to: string): void => {
  const files = globSync(CARRIED, { cwd: ROOT, withFileTypes: true }).filter(entry => entry.isFile());
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    if (LEFT.test(path)) continue;
    const target = join(to, path.slice(ROOT.length + 1));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(path, target);
  }
};

/** Lays the package out in `folder`, which must be empty or new. */
export const layOut = (folder: string): void => {
  mkdirSync(folder, { recursive: true });
  compile(folder);
  carry(folder);
  writeJson(join(folder, 'package.json'), manifest());
  writeJson(join(folder, 'npm-shrinkwrap.json'), shrinkwrap());
};

/** Writes the tarball to the folder `to`; gives its path. */
export const pack = (to: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-package-'));
  try {
    layOut(folder);
    const args = ['pack', folder, '--json', '--pack-destination', to];
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' }));
    return join(to, filename);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const main = (args: string[]): void => {
  const options = { folder: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args, options });
  if (values.help) console.log(USAGE);
  else if (values.folder) layOut(resolve(values.folder));
  else console.log(pack(process.cwd()));
};

if (import.meta.main) main(process.argv.slice(2));
