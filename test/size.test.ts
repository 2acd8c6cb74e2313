import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measure, productSources, quantile, type Size } from '../scripts/sizes.ts';

const MOST = { median: 8, p90: 25, function: 60, file: 300 } as const;

const tooLong = (sizes: readonly Size[], most: number): string =>
  sizes
    .filter(({ lines }) => lines > most)
    .map(({ file, name, line, lines }) => `\n${file}:${line} ${name}: ${lines} lines, at most ${most}`)
    .join('');

describe('sizes', () => {
  const { functions, files } = measure(productSources());

  test('are of all that ships', () => {
    assert.ok(functions.length > 300, `${functions.length} functions`);
    assert.ok(files.length > 50, `${files.length} files`);
  });

  test(`no function is longer than ${MOST.function} lines`, () => assert.equal(tooLong(functions, MOST.function), ''));

  test(`no file is longer than ${MOST.file} lines`, () => assert.equal(tooLong(files, MOST.file), ''));

  test(`half of the functions have at most ${MOST.median} lines, nine of ten at most ${MOST.p90}`, t => {
    const [median, p90] = [quantile(functions, 0.5), quantile(functions, 0.9)];
    t.diagnostic(`functions: median ${median}, p90 ${p90}, longest ${quantile(functions, 1)}`);
    assert.ok(median <= MOST.median, `median ${median}`);
    assert.ok(p90 <= MOST.p90, `p90 ${p90}`);
  });
});
