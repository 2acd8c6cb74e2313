import { readFileSync, writeFileSync } from 'node:fs';
import type { Counts } from './test-reporter.ts';

type CountsByFolder = Readonly<Record<string, number>>;
type Results = readonly (Counts & { readonly file: string })[];

/** `src/core` and the like; everything else counts by its first folder. */
const folderOf = (file: string): string => {
  const [first = '', second = ''] = file.split('/');
  return first === 'src' ? `src/${second}` : first;
};

const countByFolder = (results: Results): CountsByFolder => {
  const counts: Record<string, number> = {};
  for (const { file, passed, failed, skipped } of results) {
    const folder = folderOf(file);
    counts[folder] = (counts[folder] ?? 0) + passed + failed + skipped;
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const read = (countFile: string): CountsByFolder | undefined => {
  try {
    return JSON.parse(readFileSync(countFile, 'utf8')) as CountsByFolder;
  } catch {
    return undefined;
  }
};

/** Writes how many tests each folder has now. */
export const recordCounts = (countFile: string, results: Results): void =>
  writeFileSync(countFile, `${JSON.stringify(countByFolder(results), null, 2)}\n`);

/**
 * The folders with fewer tests than recorded, a line each. A runner that stops early still reports success;
 * only the number of tests shows it. `unitOnly` leaves out what is not under `src`.
 */
export const shortfalls = (countFile: string, results: Results, unitOnly: boolean): string[] => {
  const recorded = read(countFile);
  if (!recorded) return [`${countFile} cannot be read; write it with: npm test -- --record`];
  const counts = countByFolder(results);
  return Object.entries(recorded)
    .filter(([folder, least]) => (!unitOnly || folder.startsWith('src/')) && (counts[folder] ?? 0) < least)
    .map(([folder, least]) => `${folder} ran ${counts[folder] ?? 0} tests, ${least} are recorded; ${MEANT}`);
};

const MEANT = 'if some were removed on purpose: npm test -- --record';
