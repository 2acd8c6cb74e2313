import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { TOOLS } from '../test/tools.ts';
import { recordCounts, shortfalls } from './test-counts.ts';
import { type FileResult, runTestFile } from './test-file.ts';
import { ensureTools } from './tools.ts';

const USAGE = `npm test                   everything, and at least as many tests as test/count.json says
npm test -- --unit         only what lies beside the code, in src
npm test -- PATH...        only files whose path contains one of the words
npm test -- --record       everything, then write the number of tests to test/count.json`;

const ROOT = join(import.meta.dirname, '..');
const COUNT_FILE = join(ROOT, 'test/count.json');
const UNIT_MAX_MS = 60_000;
const SOCKET_MAX_MS = 180_000;
/** Measured limits suffer when files compete for two cores, so those that hold limits against the clock run alone. */
const ALONE = /^test\/(faults|soak|tail)/;

const isUnit = (file: string): boolean => file.startsWith('src');

const findFiles = (words: readonly string[], unitOnly: boolean): string[] =>
  globSync(['src/**/*.test.ts', ...(unitOnly ? [] : ['{test,scripts,bench,docs}/**/*.test.ts'])], { cwd: ROOT })
    .filter(file => words.length === 0 || words.some(word => file.includes(relative(ROOT, join(ROOT, word)))))
    .sort();

const line = ({ file, ms, passed, failed, skipped, problem }: FileResult): string => {
  const bad = failed > 0 || problem !== undefined;
  const mark = bad ? styleText('red', '✖') : styleText('green', '✔');
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  return `${mark} ${file.padEnd(48)} ${counts.filter(Boolean).join(', ')}  ${Math.round(ms)} ms`;
};

const report = (result: FileResult): void => {
  console.log(line(result));
  if (result.failed > 0 || result.problem) console.log(result.output.trimEnd().replace(/^/gm, '    '));
  if (result.problem) console.log(styleText('red', `    ${result.file} ${result.problem}`));
};

/** Runs `files`, `width` at a time, and reports each as it ends. */
const runFiles = async (files: readonly string[], folder: string, width: number): Promise<FileResult[]> => {
  const queue = [...files];
  const results: FileResult[] = [];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runTestFile(file, folder, isUnit(file) ? UNIT_MAX_MS : SOCKET_MAX_MS);
      report(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
};

const runAll = async (files: readonly string[]): Promise<FileResult[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
  try {
    const together = await runFiles(
      files.filter(file => !ALONE.test(file)),
      folder,
      2,
    );
    const alone = await runFiles(
      files.filter(file => ALONE.test(file)),
      folder,
      1,
    );
    return [...together, ...alone];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const sum = (results: readonly FileResult[], key: 'passed' | 'failed' | 'skipped'): number =>
  results.reduce((all, result) => all + result[key], 0);

interface Options {
  readonly unit: boolean;
  readonly record: boolean;
  readonly words: readonly string[];
}

/** Everything that makes the run a failure, a line each. */
const problemsOf = (results: readonly FileResult[], { unit, record, words }: Options): string[] => {
  const problems = results.flatMap(({ file, failed, problem }) => [
    ...(problem ? [`${file} ${problem}`] : []),
    ...(failed > 0 ? [`${file}: ${failed} failed`] : []),
  ]);
  if (words.length > 0) return problems;
  if (record && !unit && problems.length === 0) recordCounts(COUNT_FILE, results);
  return [...problems, ...shortfalls(COUNT_FILE, results, unit)];
};

const runTests = async (options: Options): Promise<number> => {
  const files = findFiles(options.words, options.unit);
  if (files.length === 0) {
    console.log(`no test file matches ${options.words.join(' ')}`);
    return 1;
  }
  for (const problem of ensureTools(TOOLS)) console.log(styleText('yellow', problem));
  const startedAt = performance.now();
  const results = await runAll(files);
  const problems = problemsOf(results, options);
  for (const problem of problems) console.log(styleText('red', problem));
  console.log(`${results.length} files, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  const counts = [`${sum(results, 'passed')} passed`, `${sum(results, 'failed')} failed`];
  console.log([...counts, `${sum(results, 'skipped')} skipped`].join(', '));
  return problems.length === 0 ? 0 : 1;
};

const main = async (args: string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { unit: { type: 'boolean' }, record: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (!values.help) return runTests({ unit: values.unit === true, record: values.record === true, words: positionals });
  console.log(USAGE);
  return 0;
};

process.chdir(ROOT);
process.exitCode = await main(process.argv.slice(2));
