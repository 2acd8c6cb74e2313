import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../kit/hand-played.ts';
import { folderForTests, openForTest } from '../kit/journal.ts';

const BIN = join(import.meta.dirname, '../../bin/breakwater.js');

afterEach(realTime);

/** Starts a gateway with its journal in `dir`, and waits for its end. */
const run = (dir: string) => {
  const file = join(folderForTests(), 'breakwater.yaml');
  const app = '{ name: a, path: /a, upstreams: ["http://127.0.0.1:9"] }';
  writeFileSync(file, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\napps: [${app}]\nevents: { dir: ${dir} }\n`);
  return spawnSync(process.execPath, [BIN, 'run', '--config', file], { timeout: 30_000, encoding: 'utf8' });
};

test('a place in which no folder can be made is refused at once, with the remedy', {
  skip: process.platform !== 'linux',
}, () => {
  const { status, stderr } = run('/proc/breakwater/events');
  assert.match(
    stderr,
    /the folder \/proc\/breakwater\/events cannot be used for the journal: no folder can be made there/,
  );
  assert.equal(status, 1);
});

/** Who opens a pipe to write waits until somebody reads it, as for a file system that does not answer. */
const blocked = (): string => {
  const dir = folderForTests();
  execFileSync('mkfifo', [join(dir, 'journal.db')]);
  return dir;
};

test('a file system that does not answer is not waited for', async () => {
  const dir = blocked();
  const time = fakeTime();
  const refused = assert.rejects(
    openForTest({ dir }),
    /the folder .* was not ready within 10 s; see whether its file system answers, or name another one/,
  );
  await time.tick(10_000);
  await refused;
  // Lets the thread go on, and end.
  readFileSync(join(dir, 'journal.db'));
});

test('a start on such a file system ends with 1, although a thread still waits for it', () => {
  const { status, stderr } = run(blocked());
  assert.match(stderr, /^breakwater: events: the folder .* was not ready within 10 s/);
  assert.equal(status, 1);
});
