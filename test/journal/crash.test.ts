import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Listed } from '../../src/delivery/journal.ts';
import { folderForTests, openForTest } from '../kit/journal.ts';

const CHILD = new URL('../kit/journal-child.ts', import.meta.url).pathname;
const LIVES = 10;

interface Told {
  readonly stored: ReadonlySet<string>;
  readonly taken: ReadonlySet<string>;
}

/** Runs the child until a random moment after it has begun to store, and gives what it had said by then. */
const live = async (dir: string, life: number): Promise<Told> => {
  const child = spawn(process.execPath, [CHILD, dir, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const open = new Promise<void>(resolve => {
    child.stdout.on('data', chunk => {
      text += chunk;
      if (text.includes(`\n${life}-`)) resolve();
    });
  });
  await open;
  // Not a wait for something: the moment of death is the input of this test.
  await pause(Math.random() * 150);
  child.kill('SIGKILL');
  await once(child, 'close');
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  assert.deepEqual(
    lines.filter(line => line.startsWith('!')),
    [],
  );
  const taken = lines.filter(line => line.startsWith('- ')).map(line => line.split(' ')[1] ?? '');
  return { stored: new Set(lines.filter(line => /^\d/.test(line))), taken: new Set(taken) };
};

const inOrder = (listed: readonly Listed[]): boolean => {
  const last = new Map<string, string>();
  return listed.every(({ id, lane }) => {
    const isLater = (last.get(lane) ?? '') < id;
    last.set(lane, id);
    return isLater;
  });
};

test('whatever was acknowledged is there after kill -9, in order, and what was taken out is not', async t => {
  const dir = folderForTests();
  const stored = new Set<string>();
  const taken = new Set<string>();
  for (let life = 0; life < LIVES; life++) {
    const told = await live(dir, life);
    for (const id of told.stored) stored.add(id);
    for (const id of told.taken) taken.add(id);
    const { journal, problems } = await openForTest({ dir, maxBytes: 1 << 30 });
    const listed = await journal.list({});
    await journal.close();
    const there = new Set(listed.map(({ id }) => id));
    const isLost = (id: string) => !taken.has(id) && !there.has(id);
    // The one that it was just taking out when it died may be out or not.
    const lost = [...stored].filter(isLost).filter(id => Number(id.slice(-9)) % 5 !== 4);
    assert.deepEqual(lost, [], `life ${life}`);
    assert.deepEqual(
      [...taken].filter(id => there.has(id)),
      [],
    );
    assert.ok(inOrder(listed));
    assert.deepEqual(problems, []);
  }
  t.diagnostic(`${stored.size} stored, ${taken.size} taken out, ${LIVES} times killed`);
  assert.ok(stored.size > LIVES);
});
