import type { DatabaseSync } from 'node:sqlite';

/** Runs `change` whole or not at all; what it did is on disk when this returns. Throws what it or SQLite throws. */
export const transact = <T>(db: DatabaseSync, change: () => T): T => {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = change();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // Some errors, a full disk among them, have ended the transaction already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
};
