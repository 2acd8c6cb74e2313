import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { openBlackhole } from '../blackhole.ts';
import { type PlayedBackEnd, playBackEnd } from '../kit/wire.ts';
import { APP, readConfig } from '../start.ts';
import { client, serve, stage } from './stage.ts';

/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:9';
const HOST = 'Host: shop.example';
const OK = ['HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'];

let other: PlayedBackEnd | undefined;
afterEach(() => {
  other?.close();
  other = undefined;
});

/** Has the app pass through to these upstreams from now on. None is ever left out, lest the next call goes past it. */
const serveAt = async (...upstreams: readonly string[]): Promise<void> => {
  await serve();
  const app = { ...APP, upstreams: [...upstreams, stage.backEnd.url], passthrough: true };
  const config = readConfig({ apps: [{ ...app, breaker: false, ejection: false }] });
  assert.ok(stage.gateway.breakwater.reload(config));
};

/** Two requests in a row: at least one of them turns to the dead upstream first. Gives the two answers. */
const askTwice = async (...lines: readonly string[]): Promise<string[]> => {
  const answers: string[] = [];
  for (let nth = 0; nth < 2; nth++) {
    const wire = client();
    wire.send(...lines);
    const asked = await stage.backEnd.next();
    await asked.comes(/world$|\r\n\r\n$/);
    asked.send('HTTP/1.1 200 OK', 'Connection: close', ...OK.slice(1));
    answers.push(await wire.comes(/ok$/));
  }
  return answers;
};

const turnedElsewhere = (answers: readonly string[]): number =>
  answers.filter(text => text.includes('\r\nBreakwater-Answer: upstream; attempts=2\r\n')).length;

const refusedAttempts = (): number =>
  stage.events.filter(event => event.type === 'attempt' && event.attempt.outcome === 'refused').length;

test('what finds no connection goes to another upstream, and each answer tells how many were turned to', async () => {
  await serveAt(DEAD);
  const answers = await askTwice(`GET ${APP.path}/x HTTP/1.1`, HOST, '', '');
  assert.ok(turnedElsewhere(answers) > 0);
  assert.equal(turnedElsewhere(answers), refusedAttempts());
});

test('a body comes whole to the upstream that takes it', async () => {
  await serveAt(DEAD);
  const answers = await askTwice(`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 11', '', 'hello world');
  assert.ok(turnedElsewhere(answers) > 0);
  for (const { text } of stage.backEnd.wires) assert.match(text, /\r\n\r\nhello world$/);
});

test('a client that waits for a word with its body gets one', async () => {
  await serveAt(DEAD);
  for (let nth = 0; nth < 2; nth++) {
    const wire = client();
    wire.head(`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 11', 'Expect: 100-continue');
    await wire.comes(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    wire.send('hello world');
    const asked = await stage.backEnd.next();
    await asked.comes(/hello world$/);
    asked.send('HTTP/1.1 200 OK', 'Connection: close', ...OK.slice(1));
    assert.equal((await wire.comes(/ok$/)).split('100 Continue').length, 2);
  }
});

test('an offer to change the protocol goes to another upstream too', async () => {
  await serveAt(DEAD);
  for (let nth = 0; nth < 2; nth++) {
    const wire = client();
    wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST, 'Connection: Upgrade', 'Upgrade: raw/1');
    (await stage.backEnd.next()).head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: raw/1');
    await wire.comes(/^HTTP\/1\.1 101 /);
  }
});

test('where none connects the client is told of the last one', async () => {
  await serveAt(DEAD);
  const both = { ...APP, upstreams: [DEAD, `${DEAD}/two`], passthrough: true };
  assert.ok(stage.gateway.breakwater.reload(readConfig({ apps: [both] })));
  const wire = client();
  wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  await wire.comes(/^HTTP\/1\.1 502 [\s\S]*attempts=2[\s\S]*"code":"refused"/);
});

test('an upload that finds no connection in time is not blamed on its client', async () => {
  await serve();
  const app = { ...APP, upstreams: [stage.backEnd.url], connectLimit: '10s', passthrough: { firstByte: '400ms' } };
  assert.ok(stage.gateway.breakwater.reload(readConfig({ apps: [app] })));
  const { port } = stage.backEnd;
  stage.backEnd.close();
  const close = await openBlackhole(port);
  try {
    const wire = client();
    wire.send(`PUT ${APP.path}/x HTTP/1.1`, HOST, 'Content-Length: 300000', '', 'x'.repeat(300_000));
    await wire.comes(/^HTTP\/1\.1 504 [\s\S]*"code":"connect"/);
  } finally {
    await close();
  }
});

test('however many are turned to, nothing of it stays on the response', async () => {
  await serve();
  const upstreams = Array.from({ length: 14 }, (_, nth) => `${DEAD}/${nth}`);
  const app = { ...APP, upstreams, passthrough: true, breaker: false, ejection: false };
  assert.ok(stage.gateway.breakwater.reload(readConfig({ apps: [app] })));
  const warnings: Error[] = [];
  const hear = (warning: Error) => void warnings.push(warning);
  process.on('warning', hear);
  const wire = client();
  wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  await wire.comes(/^HTTP\/1\.1 502 [\s\S]*attempts=14/);
  process.off('warning', hear);
  assert.deepEqual(warnings, []);
});

test('whoever waits for room at the second upstream is told in time that there is none', async () => {
  await serveAt(DEAD);
  const upstreams = [DEAD, stage.backEnd.url];
  const passthrough = { firstByte: '500ms', idle: '1m' };
  const app = { ...APP, upstreams, passthrough, breaker: false, ejection: false, concurrency: { max: 1, queue: 10 } };
  assert.ok(stage.gateway.breakwater.reload(readConfig({ apps: [app] })));
  const download = client();
  download.head(`GET ${APP.path}/long HTTP/1.1`, HOST);
  (await stage.backEnd.next()).send('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'o');
  await download.comes(/\r\n\r\no$/);
  const waiting = [client(), client(), client()];
  for (const wire of waiting) wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  for (const wire of waiting) await wire.comes(/^HTTP\/1\.1 50[23] /, 2000);
});

test('what was sent goes nowhere else, whatever has become of it', async () => {
  other = await playBackEnd();
  await serveAt(other.url);
  const wires = [client(), client()];
  for (const wire of wires) wire.head(`GET ${APP.path}/x HTTP/1.1`, HOST);
  const [here, there] = await Promise.all([stage.backEnd.next(), other.next()]);
  here.reset();
  there.reset();
  for (const wire of wires) await wire.comes(/^HTTP\/1\.1 502 [\s\S]*"code":"reset"/);
  assert.equal(stage.backEnd.wires.length + other.wires.length, 2);
});
