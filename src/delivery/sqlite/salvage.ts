import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { secureFile, sizeOf, wholeFile } from './folder.ts';
import { migrate } from './schema.ts';
import { setAside } from './set-aside.ts';
import { transact } from './transact.ts';

const NAMES = 'seq id app hook lane received_at expires_at bytes dead_at attempts reason key_id content'.split(' ');
const COLUMNS = NAMES.join(', ');

type Row = Readonly<Record<string, SQLInputValue>>;

/** What was brought over, and whether that is all there was. */
export interface Salvaged {
  readonly events: number;
  readonly isAll: boolean;
}

/** A row that the new tables refuse is damaged: https://www.sqlite.org/rescode.html, constraint and mismatch. */
const REFUSALS: ReadonlySet<unknown> = new Set([19, 20]);
const isRefusal = (error: unknown): boolean => REFUSALS.has(Number((error as { errcode?: number }).errcode) & 0xff);

/** Brings rows into a new database, one by one. */
class Copy {
  readonly #insert: StatementSync;
  #failure: unknown;
  events = 0;
  /** False once something could not be read or taken over. */
  isAll = true;

  constructor(db: DatabaseSync) {
    const values = NAMES.map(() => '?').join(', ');
    this.#insert = db.prepare(`INSERT INTO events (${COLUMNS}) VALUES (${values}) ON CONFLICT DO NOTHING`);
  }

  /** Copies rows until the damage. True if it met none. Throws what keeps the new database from being written. */
  read(rows: () => Iterable<unknown>): boolean {
    try {
      for (const row of rows()) this.#take(row as Row);
      return true;
    } catch {
      if (this.#failure !== undefined) throw this.#failure;
      this.isAll = false;
      return false;
    }
  }

  #take(row: Row): void {
    try {
      this.events += Number(this.#insert.run(...NAMES.map(name => row[name] ?? null)).changes);
    } catch (error) {
      this.isAll = false;
      if (isRefusal(error)) return;
      this.#failure = error;
      throw error;
    }
  }
}

/** From the first event to the damage, then from the last one backwards to it. */
const copyAround = (old: DatabaseSync, copy: Copy): void => {
  const select = `SELECT ${COLUMNS} FROM events NOT INDEXED ORDER BY seq`;
  const isWhole = copy.read(() => old.prepare(select).iterate());
  if (!isWhole) copy.read(() => old.prepare(`${select} DESC`).iterate());
};

const REBUILD = `INSERT INTO lanes (lane, app, head, due_at)
SELECT lane, app, min(seq), unixepoch() * 1000 FROM events WHERE dead_at IS NULL GROUP BY lane`;

const copyAll = (old: DatabaseSync, db: DatabaseSync): Salvaged => {
  const copy = new Copy(db);
  copyAround(old, copy);
  db.exec(REBUILD);
  return { events: copy.events, isAll: copy.isAll };
};

/** The damaged database `file`, left as it is; nothing if it cannot be opened. */
const openDamaged = (file: string): DatabaseSync | undefined => {
  // SQLite removes a log whose database is empty.
  if (sizeOf(file) === 0) return undefined;
  // Else closing it would write its log into it.
  const old = new DatabaseSync(file, { readOnly: true, defensive: false });
  try {
    // Else a file that is shorter than its header says is not read at all.
    old.exec('PRAGMA writable_schema = ON');
    return old;
  } catch {
    old.close();
    return undefined;
  }
};

/** Copies whatever can be read of the damaged database `file` into the new one `db`. */
const salvage = (file: string, db: DatabaseSync): Salvaged => {
  const old = openDamaged(file);
  if (!old) return { events: 0, isAll: false };
  try {
    return transact(db, () => copyAll(old, db));
  } finally {
    old.close();
  }
};

const sync = (path: string): void => {
  const opened = openSync(path, 'r');
  fsyncSync(opened);
  closeSync(opened);
};

/** Nobody else knows of `part`, so it needs no log, and waits for the disk once. */
const write = (part: string, file: string): Salvaged => {
  secureFile(part);
  const db = new DatabaseSync(part);
  try {
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
    migrate(db, part);
    return salvage(file, db);
  } finally {
    db.close();
  }
};

/**
 * Writes a new journal of what can be read of the damaged one `file`, which stays as it is. The new one has its name only
 * once it is whole and on disk, so that an end of the process leaves the one or the other. Throws what SQLite throws if it
 * cannot be written, as on a full disk.
 */
export const rebuild = (file: string): Salvaged => {
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    const salvaged = write(part, file);
    sync(part);
    renameSync(part, wholeFile(file));
    return salvaged;
  } finally {
    rmSync(part, { force: true });
  }
};

/** Puts what `rebuild` wrote into the place of `file`. Gives the name that the damaged one has now. */
export const replace = (file: string): string => {
  // The new one must be found after a power cut even if the old one has its new name already.
  sync(dirname(file));
  const aside = setAside(file);
  renameSync(wholeFile(file), file);
  sync(dirname(file));
  return aside;
};
