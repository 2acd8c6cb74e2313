import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { until } from '../../test/poll.ts';
import { Upgrades } from './upgrades.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Both ends of a connection. */
const pair = async (): Promise<readonly [Socket, Socket]> => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const one = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(one, other);
  for (const socket of [one, other]) socket.on('error', () => {});
  return [one, other];
};

const NOTHING = Buffer.alloc(0);

test('a back-end that does not read is not waited for once the client has gone', async () => {
  const [client, here] = await pair();
  const [there] = await pair();
  const upgrades = new Upgrades();
  const place = upgrades.take('app', 1);
  place.join({ client: { socket: here, early: NOTHING }, upstream: { socket: there, early: NOTHING } }, 60_000);
  // Not more than a connection takes without a word, or the client would not be read either.
  while (there.writableLength === 0) {
    there.write(Buffer.alloc(16_000));
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  client.resetAndDestroy();
  await until(() => there.destroyed, { what: 'the end of the other side' });
  assert.equal(upgrades.open.get('app'), 0);
});
