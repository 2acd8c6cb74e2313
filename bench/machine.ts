import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../test/tools.ts';

const MODULES = join(import.meta.dirname, '..', 'node_modules');

/** The first line of what a program says of its version; some say it on stderr. */
const ask = (program: string, flag: string): string => {
  const path = findTool(program);
  if (!path) return `${program} is not installed`;
  const text = execFileSync('sh', ['-c', '"$0" "$1" 2>&1', path, flag], { encoding: 'utf8' });
  return (text.split('\n')[0] ?? '').trim();
};

const moduleVersion = (name: string): string => {
  try {
    const { version } = JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8')) as { version: string };
    return `${name} ${version}`;
  } catch {
    return `${name} is not installed`;
  }
};

const system = (): string =>
  /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;

/** What the figures depend on, a line each. */
export const describeMachine = (isPinned: boolean): string[] => [
  `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
  `${system()}, Linux ${release()}`,
  `Node ${process.versions.node} for this gateway and the Node peers`,
  ['http-proxy', 'fastify', '@fastify/http-proxy'].map(moduleVersion).join(', '),
  `${ask('nginx', '-v')}; ${ask('haproxy', '-v')}; ${ask('gcc', '--version')}; ${ask('java', '-version')}`,
  isPinned
    ? 'The target has core 1 for itself, with all of its threads; load and back-ends share core 0.'
    : 'Nothing was pinned to a core (fewer than two, or no taskset), so the figures say more about the scheduler.',
];
