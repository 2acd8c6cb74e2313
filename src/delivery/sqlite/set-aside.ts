import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';

/** `journal-2026-01-31T23-59-59-123Z.corrupt` for `journal.db`. */
const asideName = (file: string): string => {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return file.replace(/\.db(-wal)?$/, `-${stamp}.corrupt$1`);
};

/**
 * Renames the database `file` together with its log, so that SQLite still takes the two for one, or copies a single file
 * and leaves it in place. Gives the new name.
 */
export const setAside = (file: string, { isCopy = false } = {}): string => {
  const aside = asideName(file);
  if (isCopy) {
    copyFileSync(file, aside);
    return aside;
  }
  renameSync(file, aside);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  return aside;
};
