import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../journal.ts';

/**
 * `events` holds what is stored, in the order of `seq`. `lanes` holds the first pending event of each lane and when it is
 * due, which is all that a lease has to look at. `apps` holds counts; triggers keep them, whoever changes `events`.
 */
const VERSION_1 = `
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  app TEXT NOT NULL,
  hook TEXT NOT NULL,
  lane TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  dead_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  key_id TEXT,
  content BLOB NOT NULL
) STRICT;
CREATE INDEX events_of_lane ON events (lane, seq) WHERE dead_at IS NULL;
CREATE INDEX events_by_age ON events (app, received_at) WHERE dead_at IS NULL;
CREATE INDEX events_by_expiry ON events (app, expires_at) WHERE dead_at IS NULL;
CREATE INDEX events_dead ON events (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE lanes (
  lane TEXT PRIMARY KEY,
  app TEXT NOT NULL,
  head INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  -- Orders those that are due since the same moment: a hurry makes them all so.
  was_due_at INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_due ON lanes (app, due_at, was_due_at, head);

CREATE TABLE apps (
  app TEXT PRIMARY KEY,
  pending INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TRIGGER counted AFTER INSERT ON events BEGIN
  INSERT INTO apps (app) VALUES (new.app) ON CONFLICT DO NOTHING;
  UPDATE apps SET pending = pending + (new.dead_at IS NULL), dead = dead + (new.dead_at IS NOT NULL),
    bytes = bytes + new.bytes WHERE app = new.app;
END;
CREATE TRIGGER uncounted AFTER DELETE ON events BEGIN
  UPDATE apps SET pending = pending - (old.dead_at IS NULL), dead = dead - (old.dead_at IS NOT NULL),
    bytes = bytes - old.bytes WHERE app = old.app;
END;
CREATE TRIGGER recounted AFTER UPDATE OF dead_at ON events BEGIN
  UPDATE apps SET pending = pending + (new.dead_at IS NULL) - (old.dead_at IS NULL),
    dead = dead + (new.dead_at IS NOT NULL) - (old.dead_at IS NOT NULL) WHERE app = new.app;
END;
`;

/** `ended` counts what ended without a delivery, by whichever process, until the gateway asks. */
const VERSION_2 = `
CREATE TABLE ended (
  app TEXT NOT NULL,
  how TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (app, how)
) STRICT, WITHOUT ROWID;
`;

/** What leads from each version to the next, from an empty file on. */
const STEPS: readonly string[] = [VERSION_1, VERSION_2];

/** The version that this release writes. */
export const SCHEMA_VERSION = STEPS.length;

const read = (db: DatabaseSync, sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0]);

/**
 * Which version of our tables the file holds; 0 for an empty one. Throws a JournalError for one that a later release wrote,
 * and for one that is not ours.
 */
export const versionOf = (db: DatabaseSync, file: string): number => {
  const version = read(db, 'PRAGMA user_version');
  if (version > SCHEMA_VERSION)
    throw new JournalError(
      'failed',
      `${file} was written by a later release (version ${version}, this one knows ${SCHEMA_VERSION}); run that one, or name another folder`,
    );
  if (version === 0 && read(db, 'SELECT count(*) FROM sqlite_schema') > 0)
    throw new JournalError('failed', `${file} is a database of something else; name another folder`);
  return version;
};

/** Takes the file to the version of this release, each step whole or not at all. */
export const migrate = (db: DatabaseSync, file: string): void => {
  for (let version = versionOf(db, file); version < SCHEMA_VERSION; version++)
    db.exec(`BEGIN IMMEDIATE; ${STEPS[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
};
