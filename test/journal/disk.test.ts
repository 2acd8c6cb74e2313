import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Journal, JournalError } from '../../src/delivery/journal.ts';
import { prepareFolder } from '../../src/delivery/sqlite/folder.ts';
import { openJournal } from '../../src/delivery/sqlite/open.ts';
import { openJournalFile } from '../../src/delivery/sqlite/sqlite-journal.ts';
import { fill, folderForTests, idsIn, nthEvent, openForTest } from '../kit/journal.ts';
import { smallDisk, withoutMount } from '../kit/small-disk.ts';
import { until } from '../poll.ts';

const CHILD = new URL('../kit/journal-child.ts', import.meta.url).pathname;

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

/** Appends events of `bytes` from the nth on until one is refused; gives how many were stored, and why it ended. */
const fillUp = async (journal: Journal, bytes: number, from = 0): Promise<{ stored: number; error: JournalError }> => {
  for (let nth = from; ; nth++) {
    try {
      await journal.append(nthEvent(nth, 'lane', bytes), 0);
    } catch (error) {
      assert.ok(error instanceof JournalError);
      return { stored: nth - from, error };
    }
  }
};

const opens = (dir: string): Promise<unknown> => openForTest({ dir });
const isJournalError = (message: RegExp) => (error: unknown) =>
  error instanceof JournalError && message.test(error.message);

test('the folder is made with its parents, and nobody else may read what is in it', async () => {
  const root = folderForTests();
  const dir = join(root, 'a/b/c');
  const { journal, problems } = await openForTest({ dir });
  await fill(journal, 0, 10);
  assert.equal(modeOf(dir), '700');
  const files = readdirSync(dir);
  assert.ok(
    ['journal.db', 'journal.db-wal', 'journal.db-shm'].every(name => files.includes(name)),
    files.join(' '),
  );
  for (const name of files) assert.equal(modeOf(join(dir, name)), '600', name);
  assert.deepEqual(problems, []);
  await journal.close();
});

test('a folder that is a file, or lies under one, is refused with the remedy', async () => {
  const file = join(folderForTests(), 'file');
  writeFileSync(file, '');
  await assert.rejects(
    opens(file),
    isJournalError(/file cannot be used for the journal: that is a file, not a folder; name another/),
  );
  await assert.rejects(opens(join(file, 'below')), isJournalError(/a part of that path is a file/));
});

test('two gateways cannot have one folder, and the second may once the first has ended', async () => {
  const dir = folderForTests();
  const { journal } = await openForTest({ dir });
  await assert.rejects(opens(dir), isJournalError(/in use by another gateway; give each a folder of its own/));
  await journal.close();
  const child = spawn(process.execPath, [CHILD, dir, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await assert.rejects(opens(dir), isJournalError(/in use by another gateway/));
  child.kill('SIGKILL');
  await once(child, 'close');
  const next = await openForTest({ dir });
  await next.journal.close();
});

test('what is acknowledged has been waited for on the disk', () => {
  const dir = folderForTests();
  prepareFolder(dir);
  const db = openJournal(dir, () => {});
  const setting = (name: string) => db.prepare(`PRAGMA ${name}`).get()?.[name];
  assert.deepEqual([setting('journal_mode'), setting('synchronous'), setting('auto_vacuum')], ['wal', 2, 2]);
  db.close();
});

describe('a tool beside the gateway', () => {
  test('is refused where there is no journal', () => {
    const dir = folderForTests();
    assert.throws(() => openJournalFile(dir), isJournalError(/there is no journal in/));
    assert.ok(!existsSync(join(dir, 'journal.db')));
  });

  test('lists, shows, retries and drops, and the gateway goes on from there', async () => {
    const dir = folderForTests();
    const { journal } = await openForTest({ dir });
    await fill(journal, 0, 5);
    const [first, second, third] = [0, 1, 2].map(nth => nthEvent(nth).id);
    await journal.settle(first ?? '', { type: 'dead', reason: 'status 400' });
    const tool = openJournalFile(dir);
    assert.deepEqual(await idsIn(tool), await idsIn(journal));
    assert.deepEqual(await tool.backlog(), await journal.backlog());
    assert.equal((await tool.show(first ?? ''))?.reason, 'status 400');
    assert.equal(await tool.drop({ ids: [second ?? ''] }), 1);
    assert.equal(await tool.retry({ state: 'dead' }, 60_000), 1);
    assert.deepEqual(
      (await journal.lease('app', 10, 60_000)).map(({ id }) => id),
      [third],
    );
    assert.deepEqual((await idsIn(journal)).at(-1), first);
    assert.equal((await journal.backlog())[0]?.pending, 4);
    assert.equal(await tool.drop({}), 4);
    assert.deepEqual(await journal.backlog(), []);
    await tool.close();
    await journal.append(nthEvent(9), 0);
    await journal.close();
  });

  test('writes at the same time as the gateway, and neither fails', async () => {
    const dir = folderForTests();
    const { journal, problems } = await openForTest({ dir });
    const tool = openJournalFile(dir);
    let dropped = 0;
    for (let round = 0; round < 20; round++) {
      const stored = fill(journal, round * 100, round * 100 + 100);
      await tool.retry({}, 60_000);
      dropped += await tool.drop({ most: 10 });
      await stored;
    }
    assert.equal(await tool.drop({}), 2000 - dropped);
    assert.deepEqual(problems, []);
    await tool.close();
    await journal.close();
  });
});

describe('room', () => {
  test('what comes when the journal is full is refused, what is there stays, and room is used again', async () => {
    const { journal, problems } = await openForTest({ dir: folderForTests(), maxBytes: 100_000 });
    const { stored, error } = await fillUp(journal, 1000);
    assert.equal(error.code, 'full');
    assert.match(error.message, /the journal has \d+ of 100000 bytes and no room for another \d+; raise maxBytes/);
    assert.ok(stored > 50 && stored < 100, `${stored} stored`);
    assert.equal((await idsIn(journal)).length, stored);
    await journal.append(nthEvent(0), 0);
    assert.equal(await journal.take(nthEvent(3).id), true);
    await journal.append(nthEvent(stored, 'lane', 1000), 0);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['near-full'],
    );
    assert.match(problems[0]?.message ?? '', /is 9\d % full \(\d+ of 100000 bytes\)/);
    await journal.drop({ most: 30 });
    const codes = () => problems.map(({ code }) => code);
    await until(() => codes().length === 2, { what: 'room again' });
    assert.deepEqual(codes(), ['near-full', 'room-again']);
    await journal.close();
  });

  test('an event that is larger than the whole journal is refused', async () => {
    const { journal } = await openForTest({ dir: folderForTests(), maxBytes: 10_000 });
    await assert.rejects(journal.append(nthEvent(0, 'lane', 20_000), 0), { code: 'full' });
    await journal.append(nthEvent(1), 0);
    await journal.close();
  });
});

describe('the disk', () => {
  test('when it is full, events are refused and those that are there can be delivered', {
    skip: withoutMount,
  }, async () => {
    const { dir, remount } = smallDisk(14 * 1024);
    const { journal, problems } = await openForTest({ dir });
    const { stored, error } = await fillUp(journal, 8000);
    assert.equal(error.code, 'failed');
    assert.match(
      error.message,
      /the disk of the journal in .* is full; make room: what comes is stored again by itself/,
    );
    assert.ok(stored > 10, `${stored} stored`);
    assert.equal((await idsIn(journal)).length, stored);
    const [leased] = await journal.lease('app', 1, 60_000);
    assert.equal(leased?.id, nthEvent(0).id);
    // What was delivered must be gone, or it would be delivered again and again.
    for (let nth = 0; nth < stored - 1; nth++) assert.equal(await journal.take(nthEvent(nth).id), true);
    await assert.rejects(journal.append(nthEvent(stored), 0), /is full; make room/);
    remount('size=64m');
    const stores = () =>
      journal.append(nthEvent(stored, 'lane', 8000), 0).then(
        () => true,
        () => false,
      );
    await until(stores, { what: 'events are stored again' });
    await until(() => problems.length === 2, { what: 'it works again' });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['failing', 'working-again'],
    );
    assert.match(problems[0]?.message ?? '', /fails: .*; the disk is full; make room/);
    await journal.close();
    const next = await openForTest({ dir });
    assert.deepEqual(
      await idsIn(next.journal),
      [stored - 1, stored].map(nth => nthEvent(nth).id),
    );
    await next.journal.close();
  });

  test('when it is full at the start, that is said', { skip: withoutMount }, async () => {
    const { dir } = smallDisk(16);
    await assert.rejects(opens(join(dir, 'events')), isJournalError(/disk is full/));
  });

  test('what a flood took of it is given back', async () => {
    const dir = folderForTests();
    const { journal } = await openForTest({ dir });
    await fill(journal, 0, 2000, 8000);
    await journal.drop({ most: 1990 });
    const small = async () => {
      await journal.append(nthEvent(9999), 0);
      await journal.take(nthEvent(9999).id);
      return statSync(join(dir, 'journal.db')).size < 8 << 20;
    };
    await until(small, { what: 'the file is small', everyMs: 0 });
    assert.equal((await idsIn(journal)).length, 10);
  });

  test('when it is mounted read-only, that is said', { skip: withoutMount }, async () => {
    const { dir, remount } = smallDisk(1024);
    remount('ro');
    await assert.rejects(opens(dir), isJournalError(/mounted read-only; name another one/));
    await assert.rejects(opens(join(dir, 'below')), isJournalError(/mounted read-only/));
  });

  test('when files may not grow, as under a quota, events are refused and none is lost', async () => {
    const dir = folderForTests();
    const limited = spawn('sh', ['-c', `ulimit -f 20000; exec "${process.execPath}" "${CHILD}" "${dir}" 0 2000`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    limited.stdout.on('data', chunk => {
      said += chunk;
    });
    await once(limited, 'close');
    assert.match(said, /! the journal in .* cannot be used: /);
    const lines = said.split('\n');
    const taken = new Set(lines.filter(line => line.startsWith('- ')).map(line => line.split(' ')[1]));
    const stored = lines.filter(line => /^0/.test(line) && !taken.has(line));
    const { journal } = await openForTest({ dir });
    const found = new Set(await idsIn(journal));
    assert.ok(stored.length > 10, `${stored.length} stored`);
    assert.deepEqual(
      stored.filter(id => !found.has(id) && Number(id.slice(-9)) % 5 !== 4),
      [],
    );
    await journal.close();
  });
});
