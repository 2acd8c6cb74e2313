import { spawnSync } from 'node:child_process';
import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { findTool, isThere, remedy, TOOLS, type Tool, withoutTools } from '../test/tools.ts';

// Debian's hook that package scripts ask before they start a service; 101 means "not allowed".
const GUARD = '/usr/sbin/policy-rc.d';
const NO_SERVICES = '#!/bin/sh\nexit 101\n';

/** Runs `work` while no package may start a service; a guard that was there stays as it was. */
const withoutServices = (work: () => void): void => {
  const isGuarded = existsSync(GUARD);
  if (!isGuarded) writeFileSync(GUARD, NO_SERVICES, { mode: 0o755 });
  try {
    work();
  } finally {
    if (!isGuarded) unlinkSync(GUARD);
  }
};

/** Runs apt-get with its output on our stderr. Whether it helped is seen by looking for the tool again. */
const apt = (...args: string[]): void => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env });
};

const canInstall = (): boolean => process.getuid?.() === 0 && findTool('apt-get') !== undefined;

/** Installs one by one, so that a package that cannot be had keeps no other out. */
const install = (packages: readonly string[]): void => {
  process.stderr.write(`installing ${packages.join(', ')} (services stay off)\n`);
  withoutServices(() => {
    apt('update', '-q');
    for (const name of packages) apt('install', '-qy', '--no-install-recommends', name);
  });
};

const missing = (tools: readonly Tool[]): readonly Tool[] => tools.filter(tool => !isThere(tool));

/**
 * Finds each tool, and installs what is missing where that is possible: as root on Debian.
 * Returns a line for each tool that is still missing: its package and the command. Tools named in BREAKWATER_WITHOUT are left alone.
 */
export const ensureTools = (tools: readonly Tool[]): readonly string[] => {
  const without = withoutTools();
  const wanted = missing(tools.filter(({ program }) => !without.includes(program)));
  if (wanted.length > 0 && canInstall()) install([...new Set(wanted.map(({ debian }) => debian))]);
  return missing(wanted).map(remedy);
};

if (import.meta.main) {
  const problems = ensureTools(TOOLS);
  for (const { program } of TOOLS) process.stdout.write(`${program.padEnd(12)} ${findTool(program) ?? '-'}\n`);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
