import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { events } from '../../src/cli/events.ts';
import { anEvent } from '../../src/delivery/journal-scene.ts';
import { standalone } from '../redis/layouts.ts';
import { closeServers } from '../redis/server.ts';
import { withoutTool } from '../tools.ts';
import { connect, SAFE } from './use.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-events-redis-'));
after(() => rmSync(FOLDER, { recursive: true }));
after(closeServers);

const say = async (...args: string[]) => {
  const said = { out: '', err: '' };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const code = await events(args, { stdout, stderr, env: {}, cwd: FOLDER });
  return { code, ...said };
};

const configure = (url: string): void =>
  writeFileSync(
    join(FOLDER, 'breakwater.yaml'),
    `apps: [{ name: EchoApp, path: /echo, upstreams: ["http://127.0.0.1:1"] }]\nevents: { redis: { url: "${url}" } }\n`,
  );

test('the operator works on a journal in Redis as on one in a folder', {
  skip: withoutTool('redis-server'),
}, async () => {
  const { url, servers } = await standalone(SAFE);
  configure(url);
  const { journal } = await connect(url);
  for (const id of ['aaaa-1', 'bbbb-2']) await journal.append(anEvent({ id, lane: id, app: 'EchoApp' }), 0);
  const list = await say('list', '--json');
  assert.deepEqual([list.code, list.err], [0, '']);
  assert.deepEqual(
    list.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).id),
    ['aaaa-1', 'bbbb-2'],
  );
  assert.match((await say('show', 'aaaa')).out, /PUBLISHING/);
  assert.equal((await say('drop', 'aaaa')).code, 0);
  assert.equal((await say('export')).out.trim().split('\n').length, 1);
  await journal.close();

  await servers[0]?.kill();
  const gone = await say('list');
  assert.equal(gone.code, 1);
  assert.match(gone.err, /redis/i);
});
