import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../journal.ts';
import { cannotUse, isDamage, journalFile, lockUnused, sizeOf, wholeFile } from './folder.ts';
import { rebuild, replace } from './salvage.ts';
import { migrate, SCHEMA_VERSION, versionOf } from './schema.ts';
import { setAside } from './set-aside.ts';
import { countLost } from './wal.ts';

/** How long one waits for another that is just writing. */
const BUSY_MS = 5000;
/** Larger files are looked at where they are used, not as a whole: that could take minutes. */
const MAX_CHECKED_BYTES = 256 * 1024 ** 2;
/** The log is cut to this after a flood. */
const LOG_BYTES = 16 * 1024 ** 2;

const connect = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    // The first has effect on a new file alone, before anything is written.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA secure_delete = FAST');
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${LOG_BYTES}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

/** Throws what SQLite throws for a file that is damaged. */
const check = (db: DatabaseSync, file: string): void => {
  if (statSync(file).size > MAX_CHECKED_BYTES) return;
  const found = String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]);
  if (found !== 'ok') throw Object.assign(new JournalError('failed', found), { errcode: 11 });
};

const openChecked = (file: string): DatabaseSync => {
  const db = connect(file);
  try {
    // An empty one gets its tables before it is looked at.
    migrate(db, file);
    check(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

/**
 * Why the files cannot be used as they are, if SQLite itself would not say so: it removes a log whose database is empty, and
 * leaves out all of a log behind the first damaged page, without a word.
 */
const silentDamage = (file: string): string | undefined => {
  const log = `${file}-wal`;
  if (sizeOf(log) === 0) return undefined;
  if (sizeOf(file) === 0) return 'it is empty, but its log is not';
  return undefined;
};

const beginAnew = (file: string, why: string, tell: (message: string) => void): DatabaseSync => {
  const what = `the journal ${file} is damaged: ${why}`;
  tell(`${what}. What can be read of it is now brought over into a new one`);
  const { events, isAll } = rebuild(file);
  const aside = replace(file);
  const rest = isAll ? 'all that it held' : 'the rest cannot be read';
  tell(`${what}. It is kept as ${aside}, and a new one is begun; ${events} events were brought over, ${rest}`);
  return connect(file);
};

/** Ends what `beginAnew` had begun when the process ended. */
const finish = (file: string, tell: (message: string) => void): void => {
  if (sizeOf(wholeFile(file)) === 0) return;
  const aside = replace(file);
  tell(
    `the journal ${file} was damaged: what could be read of it had been brought over, and is used now; it is kept as ${aside}`,
  );
};

const reportLostLog = (file: string, tell: (message: string) => void): void => {
  const lost = countLost(`${file}-wal`);
  if (lost === 0) return;
  const aside = setAside(`${file}-wal`, { isCopy: true });
  tell(
    `the log ${file}-wal is damaged: at least ${lost} transactions behind the damage cannot be read. A copy is kept as ${aside}`,
  );
};

/**
 * Opens the journal in `dir`, which is there and locked, and brings it to the present schema. A damaged one is set aside,
 * whatever can be read of it is brought over, and `tell` hears of it; so is one that was found damaged while it was in use,
 * for the reason `why`. Throws a JournalError, or what SQLite throws.
 */
export const openJournal = (dir: string, tell: (message: string) => void, why?: string): DatabaseSync => {
  const file = journalFile(dir);
  finish(file, tell);
  const damage = why ?? silentDamage(file);
  if (damage !== undefined) return beginAnew(file, damage, tell);
  reportLostLog(file, tell);
  try {
    return openChecked(file);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return beginAnew(file, (error as Error).message, tell);
  }
};

/**
 * Writes the database that `db` has open, and whose file is no longer in `dir`, there anew. A closed one would remove the
 * log of its successor, so `db` is closed here, and the new one is opened afterwards.
 */
export const writeAnew = (dir: string, db: DatabaseSync): void => {
  const file = journalFile(dir);
  db.prepare('VACUUM INTO ?').run(file);
  db.close();
  const copy = openSync(file, 'r+');
  fsyncSync(copy);
  closeSync(copy);
};

/** Whoever closes a journal last writes its log into it and removes it; a damaged one is copied first, as at a start. */
const keepLostLog = (dir: string, tell: (message: string) => void): void => {
  const lock = lockUnused(dir);
  if (!lock) return;
  reportLostLog(journalFile(dir), tell);
  lock.close();
};

/**
 * Opens the journal in `dir` as it is, beside the process that keeps it, if one does. `tell` hears of what its log has lost.
 * Throws a JournalError if it cannot be used.
 */
export const openBeside = (dir: string, tell: (message: string) => void): DatabaseSync => {
  const file = journalFile(dir);
  if (sizeOf(file) === 0) throw new JournalError('failed', `there is no journal in ${dir}`);
  try {
    keepLostLog(dir, tell);
    const db = connect(file);
    const version = versionOf(db, file);
    if (version === SCHEMA_VERSION) return db;
    db.close();
    throw new JournalError('failed', `${file} is of an earlier release; start the gateway of this one first`);
  } catch (error) {
    throw cannotUse(dir, error);
  }
};
