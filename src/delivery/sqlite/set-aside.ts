import { copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { transact } from './transact.ts';

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

const NAMES = 'seq id app hook lane received_at expires_at bytes dead_at attempts reason key_id content'.split(' ');
const COLUMNS = NAMES.join(', ');

type Row = Readonly<Record<string, SQLInputValue>>;

/** Brings rows into a new database, one by one. */
class Copy {
  readonly #insert: StatementSync;
  events = 0;
  /** False once something could not be read or taken over. */
  isAll = true;

  constructor(db: DatabaseSync) {
    const values = NAMES.map(() => '?').join(', ');
    this.#insert = db.prepare(`INSERT INTO events (${COLUMNS}) VALUES (${values}) ON CONFLICT DO NOTHING`);
  }

  /** Copies rows until the damage. True if it met none. */
  read(rows: () => Iterable<unknown>): boolean {
    try {
      for (const row of rows()) this.#take(row as Row);
      return true;
    } catch {
      this.isAll = false;
      return false;
    }
  }

  #take(row: Row): void {
    try {
      this.events += Number(this.#insert.run(...NAMES.map(name => row[name] ?? null)).changes);
    } catch {
      // A row that the new tables refuse is damaged.
      this.isAll = false;
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

const copyAll = (old: DatabaseSync, db: DatabaseSync) => {
  const copy = new Copy(db);
  copyAround(old, copy);
  db.exec(REBUILD);
  return { events: copy.events, isAll: copy.isAll };
};

/** Copies whatever can be read of the damaged database `aside` into the new one `db`. */
export const salvage = (aside: string, db: DatabaseSync): { readonly events: number; readonly isAll: boolean } => {
  let old: DatabaseSync | undefined;
  try {
    // It removes a log whose database is empty.
    if (statSync(aside).size === 0) return { events: 0, isAll: false };
    // Else closing it would write its log into it.
    old = new DatabaseSync(aside, { readOnly: true, defensive: false });
    // Else a file that is shorter than its header says is not read at all.
    old.exec('PRAGMA writable_schema = ON');
    return transact(db, () => copyAll(old as DatabaseSync, db));
  } catch {
    return { events: 0, isAll: false };
  } finally {
    old?.close();
    rmSync(`${aside}-shm`, { force: true });
  }
};
