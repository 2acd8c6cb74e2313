import type { DatabaseSync } from 'node:sqlite';

const INSERT_EVENT = `
INSERT INTO events (id, app, hook, lane, received_at, expires_at, bytes, key_id, content)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

const BURY = `
UPDATE events SET dead_at = :at, reason = :reason,
  attempts = :tried + coalesce((SELECT attempts FROM lanes l WHERE l.lane = events.lane AND l.head = events.seq), 0)
WHERE seq = :seq`;

/** A lane has attempts and a reason of its first event alone. */
const SET_FIRST = `
INSERT INTO lanes (lane, app, head, due_at) VALUES (?, ?, ?, ?)
ON CONFLICT (lane) DO UPDATE SET app = excluded.app, head = excluded.head, due_at = excluded.due_at, was_due_at = 0,
  attempts = 0, reason = '' WHERE head <> excluded.head`;

const DUE = `
SELECT e.seq, e.id, e.expires_at AS expiresAt FROM lanes l JOIN events e ON e.seq = l.head
WHERE l.app = ? AND l.due_at <= ? ORDER BY l.due_at, l.was_due_at, l.head`;

/** One event as its lane knows it. */
export const LISTED = `
SELECT e.seq, e.id, e.app, e.hook, e.lane, e.received_at AS receivedAt, e.expires_at AS expiresAt, e.bytes,
  iif(e.dead_at IS NULL, 'pending', 'dead') AS state, coalesce(e.dead_at, l.due_at, e.received_at) AS dueAt,
  coalesce(l.attempts, e.attempts) AS attempts, coalesce(l.reason, e.reason) AS reason,
  (SELECT f.id FROM lanes o JOIN events f ON f.seq = o.head
    WHERE o.lane = e.lane AND o.head <> e.seq AND e.dead_at IS NULL) AS behind
FROM events e LEFT JOIN lanes l ON l.lane = e.lane AND l.head = e.seq`;

const BACKLOG = `
SELECT app, pending, dead, bytes,
  (SELECT min(received_at) FROM events e WHERE e.app = apps.app AND e.dead_at IS NULL) AS oldestAt
FROM apps WHERE pending + dead > 0`;

/** Some of the lanes of an app that are due after `:after`, the first due first, are due at `:at`. */
const HASTEN = `
UPDATE lanes SET was_due_at = due_at, due_at = :at WHERE lane IN
  (SELECT lane FROM lanes WHERE app = :app AND due_at > :after ORDER BY due_at, was_due_at, head LIMIT :most)`;

const SQL = {
  find: 'SELECT seq, app, lane, dead_at AS deadAt FROM events WHERE id = ?',
  insert: INSERT_EVENT,
  beginLane: 'INSERT INTO lanes (lane, app, head, due_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  firstOf: 'SELECT seq, app FROM events WHERE lane = ? AND dead_at IS NULL ORDER BY seq LIMIT 1',
  setFirst: SET_FIRST,
  endLane: 'DELETE FROM lanes WHERE lane = ?',
  remove: 'DELETE FROM events WHERE seq = ?',
  bury: BURY,
  again: `UPDATE lanes SET due_at = ?, was_due_at = 0, attempts = attempts + ?, reason = ? WHERE lane = ? AND head = ?`,
  hasten: HASTEN,
  waiting: 'SELECT count(*) AS count FROM lanes WHERE app = ? AND due_at > ?',
  isFar: 'SELECT 1 FROM lanes WHERE app = ? AND due_at > ? LIMIT 1',
  hurryOne: 'UPDATE lanes SET was_due_at = due_at, due_at = :at WHERE lane = :lane AND head = :seq AND due_at > :at',
  revive: `UPDATE events SET seq = (SELECT max(seq) + 1 FROM events), dead_at = NULL, attempts = 0, reason = '',
    expires_at = ? WHERE seq = ?`,
  expired: `SELECT seq, id, lane, app FROM events WHERE app = ? AND expires_at <= ? AND dead_at IS NULL ORDER BY expires_at`,
  longDead: 'SELECT seq, app FROM events WHERE dead_at < ? LIMIT ?',
  due: DUE,
  pick: `SELECT e.*, l.attempts AS tried FROM events e JOIN lanes l ON l.lane = e.lane WHERE seq = ?`,
  sealed: 'SELECT key_id AS keyId, content AS bytes FROM events WHERE seq = ?',
  hasLane: 'SELECT 1 FROM lanes WHERE lane = ?',
  lanes: 'SELECT lane FROM lanes',
  backlog: BACKLOG,
  apps: 'SELECT app FROM apps WHERE pending > 0',
  end: 'INSERT INTO ended (app, how, count) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1',
  ended: 'SELECT app, how, count FROM ended',
  forgetEnded: 'DELETE FROM ended',
  used: 'SELECT coalesce(sum(bytes), 0) AS bytes FROM apps',
  last: 'SELECT coalesce(max(seq), 0) AS seq FROM events',
} as const;

/** All that is asked of the tables in a fixed form, read by SQLite once. */
export const prepareAll = (db: DatabaseSync) =>
  Object.fromEntries(Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])) as Record<
    keyof typeof SQL,
    ReturnType<DatabaseSync['prepare']>
  >;
