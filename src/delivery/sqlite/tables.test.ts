import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, mock, test } from 'node:test';
import { anEvent } from '../journal-scene.ts';
import { Sealer } from './content.ts';
import { migrate, SCHEMA_VERSION, versionOf } from './schema.ts';
import { prepareAll } from './statements.ts';
import { Tables } from './tables.ts';
import { Views } from './views.ts';

const DAY_MS = 86_400_000;

const someTables = () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'memory');
  const sealer = new Sealer();
  return { db, tables: new Tables(db, { sealer, maxBytes: 1 << 20 }), views: new Views(db, sealer) };
};

const planOf = (db: DatabaseSync, sql: string): string =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))
    .join('; ');

describe('the tables', () => {
  test('answer what is asked often from an index, without a scan or a sort', () => {
    const { db } = someTables();
    for (const [name, statement] of Object.entries(prepareAll(db))) {
      if (['lanes', 'backlog', 'used', 'apps', 'ended', 'forgetEnded'].includes(name)) continue;
      const plan = planOf(db, statement.sourceSQL.replaceAll(/[?]|:\w+/g, '1'));
      assert.doesNotMatch(plan, /SCAN (?!CONSTANT)|TEMP B-TREE/, `${name}: ${plan}`);
    }
  });

  test('find the oldest of an app without looking at the others', () => {
    const { db } = someTables();
    const plan = planOf(db, prepareAll(db).backlog.sourceSQL);
    assert.match(plan, /SEARCH e USING INDEX events_by_age \(app=\?\)/, plan);
  });

  test('keep dead events for 30 days', () => {
    const { tables, views } = someTables();
    const event = anEvent();
    tables.append(event);
    tables.settle(event.id, { type: 'dead', reason: 'no' });
    const begin = Date.now();
    mock.timers.enable({ apis: ['Date'], now: begin + 29 * DAY_MS });
    assert.equal(
      tables.isUntidy(() => false),
      false,
    );
    mock.timers.setTime(begin + 31 * DAY_MS);
    assert.equal(
      tables.isUntidy(() => false),
      true,
    );
    assert.deepEqual(
      tables.tidy(() => false),
      [{ app: 'app', how: 'outdated', count: 1 }],
    );
    assert.equal(
      tables.isUntidy(() => false),
      false,
    );
    mock.timers.reset();
    assert.deepEqual(views.list({}), []);
    assert.equal(views.used, 0);
  });

  test('count what an event takes, and nothing when all are gone', () => {
    const { tables, views } = someTables();
    const events = Array.from({ length: 20 }, (_, i) => anEvent({ lane: `${i % 3}`, body: Buffer.alloc(i * 10) }));
    for (const event of events) tables.append(event);
    const listed = views.list({});
    assert.equal(
      views.used,
      listed.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    for (const { id } of events) assert.equal(tables.remove(id), true);
    assert.equal(views.used, 0);
    assert.deepEqual(views.lanes(), []);
  });

  test('go on when the clock is set back', () => {
    const { tables } = someTables();
    const begin = Date.now();
    mock.timers.enable({ apis: ['Date'], now: begin + 3 * DAY_MS });
    tables.append(anEvent({ expiresAt: begin + 9 * DAY_MS }));
    mock.timers.setTime(begin);
    const due = () => tables.due('app', 1, () => false).length;
    assert.equal(due(), 0);
    assert.equal(
      tables.isUntidy(() => false),
      true,
    );
    tables.tidy(() => false);
    assert.equal(due(), 1);
    mock.timers.reset();
  });

  test('are brought from the version before, with all that they hold', () => {
    const { db, tables, views } = someTables();
    tables.append(anEvent({ id: 'old' }));
    db.exec('DROP TABLE ended; PRAGMA user_version = 1');
    migrate(db, 'memory');
    assert.equal(versionOf(db, 'memory'), SCHEMA_VERSION);
    const after = new Tables(db, { sealer: new Sealer(), maxBytes: 1 << 20 });
    after.drop({ ids: ['old'] }, { after: 0, most: 10 });
    assert.deepEqual(
      after.tidy(() => false),
      [{ app: 'app', how: 'dropped', count: 1 }],
    );
    assert.deepEqual(views.list({}), []);
  });

  test('have a version, and are made once', () => {
    const { db } = someTables();
    migrate(db, 'memory');
    assert.equal(versionOf(db, 'memory'), SCHEMA_VERSION);
  });
});
