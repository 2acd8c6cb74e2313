import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { renderEffective } from '../../src/config/effective.ts';
import { type Loaded, parseConfig } from '../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';
import { normalForm } from './normal-form.ts';

const FOLDER = import.meta.dirname;
const UPDATE = process.env.UPDATE_GOLDEN === '1';
/** Of the environment, of the configurations and of the files that they name. */
const SECRETS = {
  SECRET: 'hunter2-hunter2',
  WCS_HOOK_SECRET: 'swordfish-0123456789',
  REDIS_PASSWORD: 'xyzzy?#plugh',
  inFile: 'Zx81-of-the-goldens-0123',
  inList: 'the-old-one-for-a-week-more',
  inList2: 'the-right-one-0123456789',
  short: '1234567890',
  literal: 'pass:word, with',
};
const env = { HOST: '10.0.0.7', NAME: 'EchoApp', EMPTY: '', COUNT: '64', ...SECRETS };

const files = readdirSync(FOLDER).filter(file => file.endsWith('.yaml'));

/** Configurations are parsed under their bare name, so that the expected messages hold in any folder. */
const load = (text: string, file: string): Loaded => {
  const loaded = parseConfig(text, { file: join(FOLDER, file), env });
  return { ...loaded, warnings: loaded.warnings.map(warning => ({ ...warning, file })) };
};

const meaningOf = (file: string): string => {
  try {
    return normalForm(load(readFileSync(join(FOLDER, file), 'utf8'), file));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.problems.map(problem => formatProblem({ ...problem, file }));
    return `${lines.join('\n').replaceAll(`${FOLDER}/`, '')}\n`;
  }
};

const leaks = (text: string): readonly string[] => Object.values(SECRETS).filter(secret => text.includes(secret));

test('there are at least 100 golden configurations, and no expectation is left without one', () => {
  assert.ok(files.length >= 100, `only ${files.length} golden configurations`);
  const orphans = readdirSync(FOLDER).filter(
    file => file.endsWith('.expected') && !existsSync(join(FOLDER, file.replace(/\.expected$/, '.yaml'))),
  );
  assert.deepEqual(orphans, []);
});

for (const file of files) {
  const expectation = join(FOLDER, `${basename(file, '.yaml')}.expected`);
  const meaning = meaningOf(file);
  if (UPDATE) writeFileSync(expectation, meaning);

  test(`golden ${basename(file, '.yaml')} means what is written beside it`, () => {
    assert.ok(existsSync(expectation), `${expectation} is missing; write it with UPDATE_GOLDEN=1 and read it`);
    assert.equal(meaning, readFileSync(expectation, 'utf8'));
    assert.deepEqual(leaks(meaning), []);
  });

  if (file.includes('-bad-')) continue;

  test(`golden ${basename(file, '.yaml')} as printed by check means the same again`, () => {
    const withoutPlaces = (text: string) => text.replace(/^warning: .*\n/gm, '');
    const printed = renderEffective(load(readFileSync(join(FOLDER, file), 'utf8'), file));
    assert.equal(withoutPlaces(normalForm(load(printed, file))), withoutPlaces(meaning));
    assert.deepEqual(leaks(printed), []);
  });
}
