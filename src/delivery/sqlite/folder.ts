import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../journal.ts';

/** The file of the journal in `dir`. Beside it lie SQLite's own, with `-wal` and `-shm` behind its name. */
export const journalFile = (dir: string): string => join(dir, 'journal.db');

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'no folder can be made there; name another one',
  ENOTDIR: 'a part of that path is a file, not a folder; name another one',
  EEXIST: 'that is a file, not a folder; name another one',
  EACCES: 'this user may not write there; change its owner, or name another one',
  EPERM: 'this user may not write there; change its owner, or name another one',
  EROFS: 'it is on a file system that is mounted read-only; name another one',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota of this user is used up; make room',
};

const plainWords = (dir: string, error: NodeJS.ErrnoException): JournalError => {
  const remedy = REMEDIES[error.code ?? ''] ?? error.message;
  return new JournalError('failed', `the folder ${dir} cannot be used for the journal: ${remedy}`, error);
};

/** Creates a file that nobody else may read, before SQLite does; its companions get the same mode. */
export const secureFile = (file: string): void => {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
};

/** Bytes in it; 0 if it is not there. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What was brought over from the damaged journal `file`, until it takes its place. */
export const wholeFile = (file: string): string => `${file}.whole`;

const isThere = (file: string): boolean => sizeOf(file) > 0 || sizeOf(wholeFile(file)) > 0;

/** Which file lies under the name of the journal, so that one that was taken away under it is found out. */
export const fileNumber = (dir: string): number | undefined =>
  statSync(journalFile(dir), { throwIfNoEntry: false })?.ino;

/** What an operator should know of a folder that can be used. */
const notesOn = (dir: string, hadJournal: boolean): string[] => {
  const mode = statSync(dir).mode & 0o777;
  return [
    ...(mode & 0o077
      ? [`others may look into the folder ${dir} (mode ${mode.toString(8)}); its files are for this user alone`]
      : []),
    ...(hadJournal
      ? [`there was a journal in ${dir} before, and ${journalFile(dir)} is missing or empty; a new one is begun`]
      : []),
  ];
};

/** Makes `dir` with its parents. `recursive` would try for ever where there is a parent in which none can be made: /proc. */
const makeFolder = (dir: string): void => {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(dir).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(dir))) throw error;
    makeFolder(dirname(dir));
    makeFolder(dir);
  }
};

/**
 * Makes `dir` with its parents, for this user alone, and sees that one can write there. Gives what is strange about it, a
 * sentence each. Throws a JournalError that says what to do.
 */
export const prepareFolder = (dir: string): string[] => {
  try {
    makeFolder(dir);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    const hadJournal = existsSync(lockFile(dir)) && !isThere(journalFile(dir));
    for (const file of [journalFile(dir), lockFile(dir)]) secureFile(file);
    return notesOn(dir, hadJournal);
  } catch (error) {
    throw plainWords(dir, error as NodeJS.ErrnoException);
  }
};

const lockFile = (dir: string): string => join(dir, 'journal.lock');

/** The code of an error of SQLite, of https://www.sqlite.org/rescode.html; its low byte. */
const codeOf = (error: unknown): number => Number((error as { errcode?: number }).errcode ?? 0) & 0xff;

const CODES = { busy: 5, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** Less than what a new journal and its log take. */
const NO_ROOM_BYTES = 256 * 1024;

/** A file that may not grow is an I/O error where the kernel finds it out before SQLite does. */
const isFull = (dir: string): boolean => {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize < NO_ROOM_BYTES;
};

const SQLITE_REMEDIES: Readonly<Record<number, string>> = {
  [CODES.busy]: 'another program keeps it locked; end that',
  [CODES.readOnly]: 'its files or their file system may not be written; make them writable',
  [CODES.io]: 'see whether the disk is sound, and whether a limit keeps its files from growing',
  [CODES.full]: 'the disk is full; make room',
  [CODES.cannotOpen]: 'see who owns its files, and whether this user may write them',
};

/** True if there is no room left on the disk of `dir`, which is what `error` came from. */
export const isOutOfRoom = (dir: string, error: unknown): boolean => {
  const code = codeOf(error);
  return code === CODES.full || (code === CODES.io && isFull(dir));
};

/** What SQLite says, and what to do about it. */
export const inWords = (dir: string, error: unknown): string => {
  const remedy = SQLITE_REMEDIES[isOutOfRoom(dir, error) ? CODES.full : codeOf(error)];
  return `${(error as Error).message}${remedy ? `; ${remedy}` : ''}`;
};

/** True if the file itself is at fault. */
export const isDamage = (error: unknown): boolean =>
  [CODES.corrupt, CODES.notADatabase].includes(codeOf(error) as never);

/** What SQLite threw as a JournalError. */
export const cannotUse = (dir: string, error: unknown): JournalError =>
  error instanceof JournalError
    ? error
    : new JournalError('failed', `the journal in ${dir} cannot be used: ${inWords(dir, error)}`, error);

/** A tool keeps the lock for as long as it takes to copy a log. */
const LOCK_MS = 1000;

const lock = (dir: string, timeout: number): DatabaseSync | undefined => {
  const db = new DatabaseSync(lockFile(dir), { timeout });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if (codeOf(error) !== CODES.busy) throw cannotUse(dir, error);
    return undefined;
  }
};

/**
 * Keeps other gateways out of `dir` for as long as what is given is open. The lock is the operating system's, on a second
 * file, so it ends with the process however that ends, and tools may open the journal itself meanwhile. Throws a
 * JournalError if another one has it.
 */
export const lockFolder = (dir: string): DatabaseSync => {
  const locked = lock(dir, LOCK_MS);
  if (locked) return locked;
  const message = `the journal in ${dir} is in use by another gateway; give each a folder of its own, or end that one`;
  throw new JournalError('failed', message);
};

/** The same for a tool, to be closed soon; nothing if a gateway uses the journal. */
export const lockUnused = (dir: string): DatabaseSync | undefined => lock(dir, 0);
