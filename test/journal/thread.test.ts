import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fill, folderForTests, idsIn, nthEvent, openForTest } from '../kit/journal.ts';
import { smallDisk, withoutMount } from '../kit/small-disk.ts';
import { until } from '../poll.ts';

/** Mounts a file over itself, so that nobody can rename it until it is free. */
const pin = (file: string) => {
  execFileSync('mount', ['--bind', file, file]);
  return { free: () => void execFileSync('umount', ['-l', file]) };
};

const succeeds = (answer: Promise<unknown>): Promise<boolean> =>
  answer.then(
    () => true,
    () => false,
  );

test('a thread that breaks down is started again, and so until it works', { skip: withoutMount }, async () => {
  const { dir } = smallDisk(64 * 1024);
  const journalDir = join(dir, 'events');
  const { journal, problems } = await openForTest({ dir: journalDir });
  await fill(journal, 0, 2000, 4000);
  const file = join(journalDir, 'journal.db');
  writeFileSync(file, readFileSync(file).fill(0xa5, 4096));
  // A file on which something is mounted cannot be renamed, so it cannot be set aside.
  const pinned = pin(file);
  const broken = async () => !(await succeeds(journal.list({})));
  await until(broken, { what: 'the damage is met' });
  await until(() => problems.some(({ message }) => /its thread ended/.test(message)), { what: 'the thread has ended' });
  await assert.rejects(journal.append(nthEvent(0), 0), /the journal cannot be used: /);
  pinned.free();
  await until(() => succeeds(journal.append(nthEvent(9999), 0)), { what: 'events are stored again' });
  assert.ok((await idsIn(journal)).includes(nthEvent(9999).id));
  assert.equal(problems.at(-1)?.code, 'working-again');
});

test('the main thread is free while the disk works', async () => {
  const dir = folderForTests();
  const { journal } = await openForTest({ dir });
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  count();
  await fill(journal, 0, 1000);
  isDone = true;
  assert.ok(turns > 10, `${turns} turns`);
});
