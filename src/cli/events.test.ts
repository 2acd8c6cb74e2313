import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, beforeEach, test } from 'node:test';
import { anEvent } from '../delivery/journal-scene.ts';
import { sqliteJournal } from '../delivery/sqlite/sqlite-journal.ts';
import { events } from './events.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-events-command-'));
after(() => rmSync(FOLDER, { recursive: true }));

const IDS = ['aaaa-1', 'bbbb-2', 'bbbb-3'] as const;
const HEAD = 'Content-Type: application/json\r\nAuthorization: Basic canary\r\n';
const QUERY = '?app=1&authToken=canary';
const BODY = JSON.stringify({ nodeId: 'n', sessionId: 's', status: 'PUBLISHING', authToken: 'canary' });

let cwd: string;

/** Three events: the first was rejected for good, the others wait. */
beforeEach(async () => {
  cwd = mkdtempSync(join(FOLDER, 'one-'));
  writeFileSync(
    join(cwd, 'breakwater.yaml'),
    'apps: [{ name: EchoApp, path: /echo, upstreams: ["http://127.0.0.1:1"] }]\nevents: { dir: journal }\n',
  );
  const journal = await sqliteJournal({
    dir: join(cwd, 'journal'),
    maxBytes: 1 << 24,
    keys: [],
    onProblem: ({ message }) => assert.fail(message),
  });
  for (const [i, id] of IDS.entries())
    await journal.append(
      anEvent({ id, lane: `lane-${i}`, app: 'EchoApp', head: HEAD, query: QUERY, body: Buffer.from(BODY) }),
      0,
    );
  await journal.lease('EchoApp', 1, 1000);
  await journal.settle(IDS[0], { type: 'dead', reason: 'rejected: the back-end answered 404' });
  await journal.close();
});

const say = async (...args: string[]) => {
  let out = '';
  let err = '';
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const code = await events(args, { stdout, stderr, env: {}, cwd });
  return { code, out, err };
};
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
const listed = async (...args: string[]) => lines((await say('list', '--json', ...args)).out).map(({ id }) => id);

test('list shows people a table and what there is in all, oldest first', async () => {
  const { code, out } = await say('list');
  const rows = out.split('\n');
  assert.equal(code, 0);
  assert.match(rows[0] ?? '', /^id +state +app +hook +age +attempts +bytes +what becomes of it$/);
  assert.match(rows[1] ?? '', /^aaaa-1 +dead +EchoApp +StreamStatusEvent .* rejected: the back-end answered 404$/);
  assert.match(rows[2] ?? '', /^bbbb-2 +pending .* due$/);
  assert.match(out, /^EchoApp: 2 pending, the oldest from \d+ s ago; 1 dead; \d+ bytes$/m);
});

test('list gives scripts a line of JSON for each, and only what is asked for', async () => {
  assert.deepEqual(await listed(), [...IDS]);
  assert.deepEqual(await listed('--state', 'pending'), ['bbbb-2', 'bbbb-3']);
  assert.deepEqual(await listed('--state', 'dead', '--hook', 'StreamStatusEvent'), ['aaaa-1']);
  assert.deepEqual(await listed('--most', '1', '--state', 'pending'), ['bbbb-2']);
});

test('show and export keep secrets to themselves unless told to reveal them', async () => {
  const shown = await say('show', 'aaaa');
  assert.equal(shown.code, 0);
  assert.match(shown.out, /PUBLISHING/);
  const exported = await say('export');
  assert.equal(lines(exported.out).length, 3);
  assert.doesNotMatch(shown.out + exported.out, /canary/);
  const [revealed] = lines((await say('export', '--reveal', 'aaaa')).out);
  assert.equal(revealed.body, BODY);
  assert.match(revealed.head, /Basic canary/);
  assert.equal(revealed.query, QUERY);
});

test('an id may be shortened as long as it names one event', async () => {
  const { code, err } = await say('show', 'bbbb');
  assert.equal(code, 2);
  assert.match(err, /2 events have an id that begins with bbbb/);
  assert.match((await say('show', 'none')).err, /no event has an id that begins with none/);
  for (const word of ['drop', 'retry']) {
    const refused = await say(word, 'aaaa', 'bbbb');
    assert.deepEqual([refused.code, refused.out], [2, '']);
    assert.match(refused.err, /2 events have an id that begins with bbbb; write more of it. Nothing was changed/);
  }
  assert.deepEqual(await listed(), [...IDS]);
});

test('retry puts a dead letter behind what waits, and drop takes events out', async () => {
  assert.match((await say('retry', 'aaaa')).out, /^1 event will be delivered anew$/m);
  assert.deepEqual(await listed('--state', 'pending'), ['bbbb-2', 'bbbb-3', 'aaaa-1']);
  assert.match((await say('drop', '--all', '--state', 'pending')).out, /^3 events dropped$/m);
  assert.equal((await say('list')).out, 'nothing is stored\n');
  for (const word of ['drop', 'retry']) {
    assert.deepEqual(await say(word, '--all'), { code: 0, out: 'nothing stored fits that\n', err: '' });
    assert.deepEqual(await say(word, 'aaaa'), {
      code: 2,
      out: '',
      err: 'breakwater events: nothing stored fits that\n',
    });
  }
});

test('what cannot be read does not keep the rest from being exported', async () => {
  const db = new DatabaseSync(join(cwd, 'journal/journal.db'));
  db.exec("UPDATE events SET key_id = 'lost' WHERE id = 'bbbb-2'");
  db.close();
  const { code, out, err } = await say('export');
  assert.equal(code, 1);
  assert.deepEqual(
    lines(out).map(({ id }) => id),
    ['aaaa-1', 'bbbb-3'],
  );
  assert.match(err, /^breakwater events: bbbb-2 cannot be shown: .* key lost, which is not among the keys given/);
});

test('what could mean everything must say so', async () => {
  for (const word of ['retry', 'drop']) {
    const { code, err } = await say(word);
    assert.equal(code, 2);
    assert.match(err, new RegExp(`${word} takes IDs, or --all`));
  }
  assert.deepEqual(await listed(), [...IDS]);
});

test('a wrong command line is told with the way to help', async () => {
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/takes one of list, show, retry, drop, export, but got nothing/],
    [/but got lst/, 'lst'],
    [/--state is alive; write pending or dead/, 'list', '--state', 'alive'],
    [/--most is many; write a number/, 'list', '--most', 'many'],
    [/show takes the ID of an event/, 'show'],
    [/--frob/, 'list', '--frob'],
  ];
  for (const [pattern, ...args] of wrong) {
    const { code, err } = await say(...args);
    assert.equal(code, 2);
    assert.match(err, pattern);
  }
});

test('a folder without a journal is named', async () => {
  rmSync(join(cwd, 'journal'), { recursive: true });
  const { code, err } = await say('list');
  assert.equal(code, 1);
  assert.match(err, /^breakwater events: .*journal/);
});
