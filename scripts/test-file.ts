import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './test-reporter.ts';

/** How one test file ended. */
export interface FileResult extends Counts {
  readonly file: string;
  readonly ms: number;
  /** What the file and node:test printed. */
  readonly output: string;
  /** What is wrong beyond failed tests: died, hung, or ran no test. */
  readonly problem?: string;
}

const REPORTER = join(import.meta.dirname, 'test-reporter.ts');

const readCounts = (file: string): Counts | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    return undefined;
  } finally {
    rmSync(file, { force: true });
  }
};

const problemOf = (counts: Counts | undefined, code: number | null, timedOut: boolean, maxMs: number) => {
  if (timedOut) return `did not end within ${maxMs / 1000} s: a test hangs or leaves a handle open`;
  if (!counts) return `ended (code ${code}) before node:test had counted its tests`;
  if (counts.passed + counts.failed + counts.skipped === 0) return 'has no test';
  if (code !== 0 && counts.failed === 0) return `ended with code ${code} although no test failed`;
  return undefined;
};

interface Run {
  readonly output: string;
  readonly code: number | null;
  readonly timedOut: boolean;
}

/** Runs node on a test file; kills it and all it started when it takes longer than `maxMs`. */
const runNode = (args: readonly string[], maxMs: number): Promise<Run> =>
  new Promise(resolve => {
    // Where this runs inside a test itself, node:test would take the child for a part of that one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, maxMs);
    const done = (code: number | null) => {
      clearTimeout(timer);
      resolve({ output: Buffer.concat(chunks).toString(), code, timedOut });
    };
    child.on('error', () => done(null));
    child.on('close', done);
  });

/** Runs one test file in a process of its own. Never throws: what went wrong is in the result. */
export const runTestFile = async (file: string, folder: string, maxMs: number): Promise<FileResult> => {
  const startedAt = performance.now();
  const countsFile = join(folder, `${file.replaceAll('/', '_')}.json`);
  const reporters = [
    ['spec', 'stdout'],
    [REPORTER, countsFile],
  ].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
  const { output, code, timedOut } = await runNode([...reporters, file], maxMs);
  const counts = readCounts(countsFile);
  const problem = problemOf(counts, code, timedOut, maxMs);
  const ms = performance.now() - startedAt;
  return { file, ms, output, ...(counts ?? { passed: 0, failed: 0, skipped: 0 }), ...(problem && { problem }) };
};
