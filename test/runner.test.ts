import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { recordCounts, shortfalls } from '../scripts/test-counts.ts';
import { runTestFile } from '../scripts/test-file.ts';

const IMPORT = "import { test } from 'node:test';\n";

const CASES = {
  good: {
    text: "test('a', () => {}); test('b', { skip: 'no tool' }, () => {});",
    counts: [1, 0, 1],
    problem: undefined,
  },
  bad: {
    text: "test('a', () => {}); test('b', () => { throw new Error('broken'); });",
    counts: [1, 1, 0],
    problem: undefined,
  },
  empty: { text: '', counts: [0, 0, 0], problem: /has no test|before node:test/ },
  unloadable: { text: "import './missing.ts';", counts: [0, 0, 0], problem: /ended \(code 1\) before/ },
  dying: { text: "test('a', () => process.exit(0));", counts: [0, 0, 0], problem: /before node:test had counted/ },
  leaking: {
    text: "test('a', () => { setInterval(() => {}, 1000); });",
    counts: undefined,
    problem: /leaves a handle open/,
  },
} as const;

describe('the test runner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-runner-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, { text, counts, problem }] of Object.entries(CASES)) {
    test(`sees what becomes of a ${name} file`, async () => {
      const file = join(folder, `${name}.test.ts`);
      writeFileSync(file, IMPORT + text);
      const result = await runTestFile(file, folder, name === 'leaking' ? 3000 : 30_000);
      if (counts) assert.deepEqual([result.passed, result.failed, result.skipped], counts, result.output);
      if (problem) assert.match(result.problem ?? '', problem);
      else assert.equal(result.problem, undefined);
      if (name === 'bad') assert.match(result.output, /broken/);
    });
  }

  test('takes a run with fewer tests than recorded for a failure', () => {
    const countFile = join(folder, 'count.json');
    const results = (src: number, sockets: number) => [
      { file: 'src/core/a.test.ts', passed: src, failed: 0, skipped: 0 },
      { file: 'test/b.test.ts', passed: sockets, failed: 0, skipped: 1 },
    ];
    assert.match(shortfalls(countFile, results(5, 5), false)[0] ?? '', /cannot be read.*--record/);
    recordCounts(countFile, results(5, 5));
    assert.deepEqual(shortfalls(countFile, results(6, 5), false), []);
    assert.match(shortfalls(countFile, results(1, 5), false)[0] ?? '', /^src\/core ran 1 tests, 5 are recorded/);
    assert.match(shortfalls(countFile, results(5, 0), false)[0] ?? '', /^test ran 1 tests, 6 are recorded/);
    assert.deepEqual(shortfalls(countFile, results(5, 0), true), []);
  });
});
