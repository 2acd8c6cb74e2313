import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openJournalFile } from '../../src/delivery/sqlite/sqlite-journal.ts';
import { fill, folderForTests, idsIn, nthEvent, openForTest } from '../kit/journal.ts';
import { smallDisk, withoutMount } from '../kit/small-disk.ts';
import { until } from '../poll.ts';

const EVENTS = 2000;
const ids = Array.from({ length: EVENTS }, (_, i) => nthEvent(i).id);

/** A closed journal with `EVENTS` events. */
const filled = async (bytes = 500): Promise<{ dir: string; file: string }> => {
  const dir = folderForTests();
  const { journal } = await openForTest({ dir });
  await fill(journal, 0, EVENTS, bytes);
  await journal.close();
  return { dir, file: join(dir, 'journal.db') };
};

/** The files of a journal as they are when the machine stops: the log is not yet in the database. */
const stopped = async (batches = 20): Promise<{ dir: string; file: string; log: string }> => {
  const [dir, from] = [folderForTests(), folderForTests()];
  const { journal } = await openForTest({ dir: from });
  for (let i = 0; i < batches; i++) await fill(journal, i * 10, i * 10 + 10);
  for (const name of ['journal.db', 'journal.db-wal', 'journal.lock']) copyFileSync(join(from, name), join(dir, name));
  await journal.close();
  const file = join(dir, 'journal.db');
  return { dir, file, log: `${file}-wal` };
};

const overwrite = (file: string, at: number, bytes: number): void => {
  const content = readFileSync(file);
  content.fill(0xa5, at, at + bytes);
  writeFileSync(file, content);
};

const asideIn = (dir: string): string[] => readdirSync(dir).filter(name => /^journal-.*Z\.corrupt$/.test(name));

/** Opens what is damaged; gives what was said and what is there, after seeing that it works. */
const openDamaged = async (dir: string) => {
  const { journal, problems } = await openForTest({ dir });
  const found = await idsIn(journal);
  await journal.append(nthEvent(EVENTS), 0);
  assert.deepEqual(await idsIn(journal), [...found, nthEvent(EVENTS).id]);
  const lanes = [...(await journal.lanes())];
  assert.deepEqual(lanes, ['lane']);
  await journal.close();
  return { found, said: problems.map(({ message }) => message).join('\n') };
};

test('a file that lost its last pages is set aside, and the rest of its events is brought over in order', async () => {
  const { dir, file } = await filled();
  truncateSync(file, Math.floor((statSync(file).size * 0.8) / 4096) * 4096);
  const { found, said } = await openDamaged(dir);
  assert.match(
    said,
    /journal\.db is damaged: .*It is kept as .*\.corrupt, and a new one is begun; \d+ events were brought/,
  );
  assert.equal(asideIn(dir).length, 1);
  assert.ok(found.length > 0 && found.length < EVENTS, `${found.length} found`);
  assert.deepEqual(
    found,
    ids.filter(id => found.includes(id)),
  );
});

test('a file with garbage in the middle is set aside, and what lies on both sides is brought over', async () => {
  const { dir, file } = await filled();
  overwrite(file, Math.floor(statSync(file).size / 2 / 4096) * 4096, 64 * 1024);
  const { found, said } = await openDamaged(dir);
  assert.match(said, /the rest cannot be read/);
  assert.equal(asideIn(dir).length, 1);
  assert.ok(found.length > EVENTS / 2, `${found.length} found`);
  assert.ok(found.includes(ids[0] ?? '') && found.includes(ids.at(-1) ?? ''));
});

test('a file without a sound header is set aside, which is said, and a new one is begun', async () => {
  const { dir, file } = await filled();
  overwrite(file, 0, 100);
  const { found, said } = await openDamaged(dir);
  assert.match(said, /damaged: file is not a database.* 0 events were brought over, the rest cannot be read/);
  assert.equal(found.length, 0);
  const [aside = ''] = asideIn(dir);
  assert.ok(statSync(join(dir, aside)).size > EVENTS * 500);
  assert.equal(statSync(join(dir, aside)).mode & 0o777, 0o600);
});

test('a log that was torn in its last transaction loses that one at most, and nothing is said', async () => {
  const { dir, log } = await stopped();
  truncateSync(log, statSync(log).size - 1000);
  const { found, said } = await openDamaged(dir);
  assert.equal(said, '');
  assert.ok(found.length >= 190, `${found.length} found`);
  assert.deepEqual(found, ids.slice(0, found.length));
});

test('a log with garbage in the middle loses what lies behind, and that is said', async () => {
  const { dir, log } = await stopped();
  overwrite(log, Math.floor(statSync(log).size / 2), 100);
  const { found, said } = await openDamaged(dir);
  assert.match(
    said,
    /journal\.db-wal is damaged: at least \d+ transactions .* cannot be read.* kept as .*\.corrupt-wal/,
  );
  assert.deepEqual(found, ids.slice(0, found.length));
  assert.ok(found.length > 0 && found.length < 200);
});

test('a tool that comes before the first start after a crash says what the log has lost, and keeps a copy', async () => {
  const { dir, log } = await stopped();
  overwrite(log, Math.floor(statSync(log).size / 2), 100);
  const spoiled = readFileSync(log);
  const said: string[] = [];
  const tool = openJournalFile(dir, [], message => said.push(message));
  await tool.close();
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /journal\.db-wal is damaged: at least \d+ transactions/);
  const [copy = ''] = readdirSync(dir).filter(name => name.endsWith('.corrupt-wal'));
  assert.ok(readFileSync(join(dir, copy)).equals(spoiled));
  const { journal } = await openForTest({ dir });
  const beside = openJournalFile(dir, [], message => said.push(message));
  await beside.close();
  assert.equal(said.length, 1);
  await journal.close();
});

test('a log whose header is damaged is missed', async () => {
  const { dir, log } = await stopped();
  overwrite(log, 0, 32);
  const { said } = await openDamaged(dir);
  assert.match(said, /journal\.db-wal is damaged/);
});

test('a log whose database is empty is set aside and not removed', async () => {
  for (const spoil of [rmSync, truncateSync]) {
    const { dir, file } = await stopped();
    spoil(file);
    const { said } = await openDamaged(dir);
    assert.match(said, /damaged: it is empty, but its log is not/);
    assert.ok(existsSync(join(dir, `${asideIn(dir)[0]}-wal`)));
  }
});

test('a journal that has vanished is missed', async () => {
  const { dir, file } = await filled();
  rmSync(file);
  const { said } = await openDamaged(dir);
  assert.match(said, /there was a journal in .* before, and .*journal\.db is missing or empty; a new one is begun/);
});

test('an event whose content was changed on the disk becomes dead and does not block its lane', async () => {
  const { dir, file } = await filled();
  const db = new DatabaseSync(file);
  db.exec(
    "UPDATE events SET content = CAST(substr(content, 1, 50) || x'00' || substr(content, 52) AS BLOB) WHERE seq = 1",
  );
  db.close();
  const { journal } = await openForTest({ dir });
  assert.deepEqual(await journal.lease('app', 10, 1000), []);
  assert.deepEqual(
    (await journal.lease('app', 10, 1000)).map(({ id }) => id),
    [ids[1]],
  );
  const [dead] = await journal.list({ state: 'dead' });
  assert.deepEqual([dead?.id, dead?.reason], [ids[0], 'its content was damaged on disk']);
  await assert.rejects(journal.show(ids[0] ?? ''), /cannot be shown: its content was damaged on disk/);
  await journal.close();
});

test('a file of a later release, or of something else, is left as it is', async () => {
  const { dir, file } = await filled();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await assert.rejects(
    openForTest({ dir }),
    /written by a later release \(version 99, this one knows \d+\); run that one/,
  );
  const other = folderForTests();
  const foreign = new DatabaseSync(join(other, 'journal.db'));
  foreign.exec('CREATE TABLE songs (title TEXT)');
  foreign.close();
  await assert.rejects(openForTest({ dir: other }), /is a database of something else; name another folder/);
  assert.deepEqual([...asideIn(dir), ...asideIn(other)], []);
});

test('damage that shows while it runs is dealt with as at the start', async () => {
  // A page for each, which is more than fits into the cache of a reader.
  const { dir, file } = await filled(2500);
  const { journal, problems } = await openForTest({ dir });
  overwrite(file, 4096, statSync(file).size - 8192);
  const answers = await Promise.allSettled([journal.list({}), journal.drop({}), journal.append(nthEvent(EVENTS), 0)]);
  assert.ok(answers.some(({ status }) => status === 'fulfilled'));
  await journal.append(nthEvent(EVENTS + 1), 0);
  assert.ok((await idsIn(journal)).includes(nthEvent(EVENTS + 1).id));
  assert.match(problems.map(({ message }) => message).join('\n'), /is damaged/);
  await journal.close();
});

test('a journal that is removed while it runs is written anew, with all that it held', async () => {
  const dir = join(folderForTests(), 'events');
  const { journal, problems } = await openForTest({ dir });
  await fill(journal, 0, 100);
  rmSync(dir, { recursive: true });
  await fill(journal, 100, 150);
  const isNoticed = async () => {
    await journal.release('x');
    return problems.length > 0;
  };
  await until(isNoticed, { what: 'it is noticed' });
  await fill(journal, 150, 200);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [`the journal in ${dir} was removed or replaced while it was in use; it is written anew, with all events`],
  );
  await journal.close();
  const { journal: next } = await openForTest({ dir });
  assert.deepEqual(await idsIn(next), ids.slice(0, 200));
  assert.deepEqual(
    (await next.lease('app', 10, 1000)).map(({ id }) => id),
    ids.slice(0, 1),
  );
});

/** Makes an index disagree with its table, which no check of pages finds: what is taken out is not found in it. */
const spoilIndex = (file: string, name: string, change: string): void => {
  const open = () => new DatabaseSync(file, { defensive: false });
  const without = open();
  const row = without.prepare('SELECT * FROM sqlite_schema WHERE name = ?').get(name) ?? assert.fail();
  without.exec(`PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '${name}'`);
  without.close();
  const changed = open();
  changed.exec(change);
  changed.exec('PRAGMA writable_schema = ON');
  changed.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)').run(...Object.values(row));
  changed.close();
};

test('damage that no start would find is mended once it shows, and its thread goes on', async () => {
  const { dir, file } = await filled();
  spoilIndex(file, 'events_by_age', 'UPDATE events SET received_at = received_at + 1');
  const { journal, problems } = await openForTest({ dir });
  assert.deepEqual(problems, []);
  assert.equal(await journal.take(ids[0] ?? ''), true);
  assert.equal(await journal.take(ids[1] ?? ''), true);
  assert.deepEqual(await idsIn(journal), ids.slice(2));
  const said = problems.map(({ message }) => message);
  assert.match(said[0] ?? '', /is damaged: .* What can be read of it is now brought over into a new one$/);
  assert.match(said[1] ?? '', /2000 events were brought over, all that it held$/);
  assert.equal(said.length, 2);
  await journal.close();
});

test('a salvage that a full disk ends is done anew when there is room, and nothing is left out', {
  skip: withoutMount,
}, async () => {
  const { dir, file } = await filled(1000);
  const { dir: disk, remount } = smallDisk(Math.ceil((statSync(file).size * 1.5) / 1024));
  overwrite(file, Math.floor(statSync(file).size / 2 / 4096) * 4096, 4096);
  for (const name of ['journal.db', 'journal.lock']) copyFileSync(join(dir, name), join(disk, name));
  await assert.rejects(openForTest({ dir: disk, maxBytes: 1 << 20 }), /disk is full; make room/);
  assert.equal(statSync(join(disk, 'journal.db')).size, statSync(file).size);
  assert.deepEqual(asideIn(disk), []);
  remount('size=64m');
  const { found, said } = await openDamaged(disk);
  assert.ok(found.length > EVENTS / 2, `${found.length} found`);
  assert.match(said, new RegExp(`; ${found.length} events were brought over, the rest cannot be read`));
});

test('a salvage in whose midst the process ended is done anew, or comes to its end', async () => {
  for (const isWhole of [false, true]) {
    const [{ dir, file }, good] = [await filled(), await filled()];
    overwrite(file, Math.floor(statSync(file).size / 2 / 4096) * 4096, 64 * 1024);
    copyFileSync(good.file, `${file}.${isWhole ? 'whole' : 'part'}`);
    const { found, said } = await openDamaged(dir);
    assert.equal(found.length === EVENTS, isWhole);
    assert.ok(found.length > EVENTS / 2, `${found.length} found`);
    assert.match(said, isWhole ? /had been brought over, and is used now; it is kept as/ : /the rest cannot be read/);
    assert.equal(asideIn(dir).length, 1);
    assert.ok(!readdirSync(dir).some(name => /part|whole/.test(name)));
  }
});

test('what was brought over is used when the process ended between the two renamings', async () => {
  const { dir, file } = await filled();
  renameSync(file, `${file}.whole`);
  const { found } = await openDamaged(dir);
  assert.deepEqual(found, ids);
});
