import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../src/core/events.ts';
import { until } from '../poll.ts';
import { APP, configFor, startGateway } from '../start.ts';

const CLIENTS = 40;
const ROUNDS = 20;

/** Numbers that look random and are the same each time. */
const dice = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

const pick = <Item>(roll: () => number, items: readonly Item[]): Item =>
  items[Math.floor(roll() * items.length)] as Item;

const misbehave = (roll: () => number, request: IncomingMessage, response: ServerResponse): void => {
  const ways = {
    answer: () => response.end('x'.repeat(Math.floor(roll() * 100_000))),
    'answer late': () => void sleep(roll() * 50).then(() => response.end('late')),
    'read and answer': () => void request.resume().on('end', () => response.end('read')),
    'answer and cut': () => {
      response.write('half');
      setTimeout(() => response.socket?.destroy(), roll() * 20);
    },
    cut: () => void request.socket.destroy(),
    reset: () => void request.socket.resetAndDestroy(),
    'cut as it answers': () => {
      response.end('x'.repeat(300_000));
      request.socket.resetAndDestroy();
    },
    fail: () => void response.writeHead(503).end(),
    garbage: () => void request.socket.end('no http\r\n\r\n'),
    'dribble for ever': () => {
      const timer = setInterval(() => response.write('.'), 5);
      response.once('close', () => clearInterval(timer));
    },
  };
  pick(roll, Object.values(ways))();
};

const HOST = 'Host: a';
const REQUESTS = [
  `GET ${APP.path}/x HTTP/1.1\r\n${HOST}\r\n\r\n`,
  `GET ${APP.path}/x HTTP/1.0\r\n\r\n`,
  `HEAD ${APP.path}/x HTTP/1.1\r\n${HOST}\r\n\r\n`,
  `PUT ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`,
  `PUT ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nContent-Length: 900000\r\n\r\nonly so much`,
  `PUT ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  `PUT ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno chunk`,
  `PUT ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
  `GET ${APP.path}/x HTTP/1.1\r\n${HOST}\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n`,
  `GET ${APP.path}/x HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(5),
  `POST ${APP.path}/connect HTTP/1.1\r\n${HOST}\r\nContent-Length: 2\r\n\r\n{}`,
] as const;

const play = async (roll: () => number, port: number): Promise<void> => {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  if (roll() < 0.2) socket.pause();
  else socket.resume();
  socket.write(pick(roll, REQUESTS));
  await sleep(roll() * 60);
  if (roll() < 0.5 || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
};

test('whatever both sides do at once, nothing is left of it, and the gateway goes on', async () => {
  const roll = dice(20_260_101);
  const backEnd = createServer((request, response) => misbehave(roll, request, response));
  backEnd.on('clientError', (_error, socket) => socket.destroy());
  backEnd.on('upgrade', (request, socket: Socket) => {
    socket.on('error', () => {});
    const how = roll();
    if (how < 0.5) {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
      if (roll() < 0.5) socket.pipe(socket);
      else setTimeout(() => socket.resetAndDestroy(), roll() * 30);
    } else if (how < 0.75) socket.end('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno');
    else request.socket.destroy();
  });
  await new Promise<void>(resolve => backEnd.listen(0, '127.0.0.1', resolve));
  const { port } = backEnd.address() as AddressInfo;
  const events: Event[] = [];
  const config = configFor([`http://127.0.0.1:${port}`], {
    passthrough: { firstByte: '300ms', idle: '300ms' },
    breaker: false,
    fallback: ['unavailable'],
  });
  const gateway = await startGateway(config, { listener: event => void events.push(event) });
  const clients = Array.from({ length: CLIENTS }, async () => {
    for (let i = 0; i < ROUNDS; i++) await play(roll, gateway.port);
  });
  await Promise.all(clients);

  const isEmpty = () => Object.values(gateway.breakwater.held).every(count => count === 0);
  await until(isEmpty, { what: `nothing to be held (${JSON.stringify(gateway.breakwater.held)})`, deadlineMs: 10_000 });
  const scrape = async () => (await fetch(`${gateway.breakwater.adminUrl}/metrics`)).text();
  await until(async () => /^breakwater_upgrades\{app="EchoApp"\} 0$/m.test(await scrape()), {
    what: 'no upgrade to be open',
  });
  assert.deepEqual(
    events.filter(({ type }) => type === 'defect'),
    [],
  );
  const answered = events.filter(({ type }) => type === 'answered').length;
  assert.ok(answered > 100, `${answered} answers`);
  for (const event of events) if (event.type === 'answered') assert.notEqual(event.answer.status, 500);
  await gateway.close();
  backEnd.closeAllConnections();
  backEnd.close();
});
