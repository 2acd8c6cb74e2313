import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { anEvent } from '../delivery/journal-scene.ts';
import { sqliteJournal } from '../delivery/sqlite/sqlite-journal.ts';
import { events } from './events.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-events-needs-'));
after(() => rmSync(FOLDER, { recursive: true }));

/** Variables as the configuration writes them; none is set. */
const variable = (name: string): string => `"\${${name}}"`;
const APP = `{ name: EchoApp, path: /echo, upstreams: [${variable('URL')}], limit: ${variable('LIMIT')}, restPassword: ${variable('PW')} }`;

/** What `breakwater events list` says without a variable, in a folder of its own. */
const list = async (config: string, prepare = async (_dir: string) => {}) => {
  const cwd = mkdtempSync(join(FOLDER, 'one-'));
  writeFileSync(join(cwd, 'breakwater.yaml'), config);
  await prepare(join(cwd, 'journal'));
  let out = '';
  let err = '';
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const code = await events(['list'], { stdout, stderr, env: {}, cwd });
  return { code, out, err };
};

const store = async (dir: string) => {
  const journal = await sqliteJournal({ dir, maxBytes: 1 << 24, keys: [], onProblem: () => {} });
  await journal.append(anEvent({ id: 'aaaa-1', app: 'EchoApp' }), 0);
  await journal.close();
};

test('secrets that are not those of the journal need not be there', async () => {
  const config = `wcs: { secret: ${variable('SECRET')} }\ncache: { redis: { url: ${variable('REDIS')} } }\napps: [${APP}]\nevents: { dir: journal }\n`;
  const { code, out, err } = await list(config, store);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /aaaa-1 +pending/);
});

test('those of the journal must be, and nothing else is told', async () => {
  const { code, err } = await list(`apps: [${APP}]\nevents: { dir: journal, key: ${variable('KEY')} }\n`, store);
  assert.equal(code, 2);
  assert.match(err, /^\S+breakwater\.yaml:2:30 events\.key: \$\{KEY\} is not set.*\n$/);
});

test('where no app stores, that is said of a journal that is missing', async () => {
  const ladders = 'fallback: [refuse]';
  const none = await list(`apps: [{ name: a, path: /a, upstreams: ["http://a:1"], ${ladders} }]\n`);
  assert.equal(none.code, 1);
  assert.match(none.err, /there is no journal in .*; no app of this configuration stores events\n$/);
  const some = await list('apps: [{ name: a, path: /a, upstreams: ["http://a:1"] }]\n');
  assert.equal(some.code, 1);
  assert.doesNotMatch(some.err, /no app/);
});
