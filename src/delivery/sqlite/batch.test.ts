import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { anEvent } from '../journal-scene.ts';
import { Batch } from './batch.ts';
import { Sealer } from './content.ts';
import { Ledger } from './ledger.ts';
import { Reserve } from './reserve.ts';
import { migrate } from './schema.ts';

const DIR = mkdtempSync(join(tmpdir(), 'breakwater-batch-'));
after(() => rmSync(DIR, { recursive: true }));

test('what is on disk stays answered when giving room back fails after it', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  migrate(db, 'memory');
  const ledger = new Ledger(db, { sealer: new Sealer(), maxBytes: 1 << 30 });
  const batch = new Batch({ dir: DIR, db, ledger, reserve: new Reserve({ dir: DIR, maxBytes: 1 << 20 }) });
  const events = Array.from({ length: 1500 }, () => anEvent({ body: Buffer.alloc(8000) }));
  batch.run(events.map((event, n) => ({ n, name: 'append', args: [event, 0] })));
  const exec = db.exec.bind(db);
  const failure = new Error('disk I/O error');
  db.exec = sql => {
    if (sql.includes('incremental_vacuum')) throw failure;
    exec(sql);
  };
  const { replies, error } = batch.run(events.map(({ id }, n) => ({ n, name: 'take', args: [id] })));
  assert.deepEqual(new Set(replies.map(({ value }) => value)), new Set([true]));
  assert.equal(error, failure);
});
