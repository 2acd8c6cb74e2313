import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { JournalError } from '../../src/delivery/journal.ts';
import { openJournalFile } from '../../src/delivery/sqlite/sqlite-journal.ts';
import { fill, folderForTests, nthEvent, openForTest } from '../kit/journal.ts';

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const id = nthEvent(0).id;

const allBytes = (dir: string): string =>
  readdirSync(dir)
    .map(name => readFileSync(join(dir, name), 'latin1'))
    .join('');

test('with a key no secret is in any file, without one all are', async () => {
  for (const [keys, isFound] of [
    [[OLD], false],
    [[], true],
  ] as const) {
    const dir = folderForTests();
    const { journal } = await openForTest({ dir, keys });
    await fill(journal, 0, 5);
    assert.equal(/secret-/.test(allBytes(dir)), isFound);
    await journal.close();
    assert.equal(/secret-/.test(allBytes(dir)), isFound);
  }
});

test('a new key encrypts what comes, and the old one still opens what was there', async () => {
  const dir = folderForTests();
  const plain = await openForTest({ dir });
  await plain.journal.append(nthEvent(0, 'plain'), 0);
  await plain.journal.close();
  const old = await openForTest({ dir, keys: [OLD] });
  await old.journal.append(nthEvent(0, 'old'), 0);
  await old.journal.close();
  const { journal } = await openForTest({ dir, keys: [NEW, OLD] });
  await journal.append(nthEvent(0, 'new'), 0);
  const leased = await journal.lease('app', 10, 60_000);
  assert.deepEqual(
    leased.map(({ lane }) => lane),
    ['plain', 'old', 'new'],
  );
  for (const { head, body } of leased) {
    assert.equal(head, nthEvent(0).head);
    assert.ok(body.equals(nthEvent(0).body));
  }
  await journal.close();
});

test('an event whose key is missing is dead with that reason, blocks nothing, and can be delivered with the key', async () => {
  const dir = folderForTests();
  const old = await openForTest({ dir, keys: [OLD] });
  await fill(old.journal, 0, 1);
  await old.journal.close();
  const without = await openForTest({ dir, keys: [NEW] });
  await fill(without.journal, 1, 2);
  assert.deepEqual(await without.journal.lease('app', 10, 60_000), []);
  assert.equal((await without.journal.lease('app', 10, 60_000))[0]?.id, nthEvent(1).id);
  const [dead] = await without.journal.list({ state: 'dead' });
  assert.equal(dead?.id, id);
  assert.match(dead?.reason ?? '', /encrypted with the key [0-9a-f]{16}, which is not among the keys given; add it/);
  await assert.rejects(
    without.journal.show(id),
    error => error instanceof JournalError && /add it/.test(error.message),
  );
  await without.journal.close();
  const tool = openJournalFile(dir, [NEW, OLD]);
  assert.ok((await tool.show(id))?.body.equals(nthEvent(0).body));
  assert.equal(await tool.retry({ state: 'dead' }, 60_000), 1);
  await tool.close();
  const back = await openForTest({ dir, keys: [NEW, OLD] });
  await back.journal.take(nthEvent(1).id);
  assert.equal((await back.journal.lease('app', 10, 60_000))[0]?.id, id);
  await back.journal.close();
});

test('a key of another length is refused', async () => {
  await assert.rejects(openForTest({ dir: folderForTests(), keys: [Buffer.alloc(16)] }), /has 16 bytes; it needs 32/);
});
