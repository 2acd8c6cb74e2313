import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { folderForTests } from '../kit/journal.ts';
import { MortalGateway } from '../kit/mortal-gateway.ts';
import { smallDisk, withoutMount } from '../kit/small-disk.ts';
import { until } from '../poll.ts';
import { compact } from '../samples.ts';
import { WcsClient } from '../wcs-client.ts';

/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:1';
const STATUS = JSON.parse(compact('StreamStatusEvent.request.v2022.json').toString());

let gateway: MortalGateway | undefined;
let wcs: WcsClient | undefined;
afterEach(async () => {
  wcs?.close();
  await gateway?.kill();
});

const create = async (dir: string): Promise<MortalGateway> => {
  gateway = await MortalGateway.create(folderForTests(), DEAD, {}, { events: { dir } });
  wcs = new WcsClient({ url: gateway.url });
  return gateway;
};

/** What WCS gets for an event of `bytes`. */
const send = async (session: number, bytes = 0): Promise<string> => {
  const body = Buffer.from(JSON.stringify({ ...STATUS, sessionId: `s${session}`, sdp: 'x'.repeat(bytes) }));
  const answer = await wcs?.post('StreamStatusEvent', body);
  return `${answer?.status} ${answer?.source}`;
};

test('on a full disk WCS is told the truth, and the log says what to do', { skip: withoutMount }, async t => {
  const { dir } = smallDisk(14 * 1024);
  const running = await create(dir);
  assert.equal(await running.start(), undefined);
  const answers: string[] = [];
  while (answers.length < 400 && answers.at(-1) !== '503 unavailable')
    answers.push(await send(answers.length, 100_000));
  const stored = answers.filter(answer => answer === '200 stored').length;
  t.diagnostic(`${stored} stored, then ${answers.at(-1)}`);
  assert.ok(stored > 0);
  assert.equal(answers.at(-1), '503 unavailable');
  await until(() => /full; make room/.test(running.written), { what: 'it is said' });
});

test('in a folder that is mounted read-only it does not start, and says why', { skip: withoutMount }, async () => {
  const { dir, remount } = smallDisk(1024);
  remount('ro');
  const running = await create(dir);
  assert.equal(await running.start(), 1);
  assert.match(running.written, /mounted read-only; name another one/);
});

test('a torn last page costs the page, and it goes on', async t => {
  const dir = join(folderForTests(), 'events');
  const running = await create(dir);
  await running.start();
  for (let i = 0; i < 20; i++) assert.equal(await send(i), '200 stored');
  await running.kill();
  const log = join(dir, 'journal.db-wal');
  assert.ok(existsSync(log));
  const file = openSync(log, 'r+');
  writeSync(file, Buffer.alloc(512, 0xa5), 0, 512, statSync(log).size - 512);
  closeSync(file);
  assert.equal(await running.start(), undefined);
  assert.equal(await send(99), '200 stored');
  const pending = () => running.backlog().then(({ pending: count }) => count >= 20 && count);
  const left = await until(pending, { what: 'both lives are counted' });
  t.diagnostic(`${left} of 21 pending`);
  assert.equal(left, 20);
});
