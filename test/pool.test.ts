import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ConnectionUser } from '../src/upstream/connection.ts';
import { Pool } from '../src/upstream/pool.ts';
import { createFaultServer, FAULTS, type FaultServer } from './fault-server.ts';
import { PlayedDns } from './kit/addresses.ts';
import { until } from './poll.ts';

let backEnd: FaultServer;
let pool: Pool;

beforeEach(async () => {
  backEnd = await createFaultServer();
  pool = new Pool({ hostname: '127.0.0.1', port: backEnd.port }, 2);
});

afterEach(async () => {
  pool.close();
  await backEnd.close();
});

/** Someone who takes a connection and notes what happens to it. */
const aUser = (): ConnectionUser & { connection?: Connection; isConnected: boolean; broken?: string } => ({
  isConnected: false,
  opening(connection) {
    this.connection = connection;
  },
  connected(connection) {
    this.connection = connection;
    this.isConnected = true;
  },
  received() {},
  ended() {
    this.broken = 'ended';
  },
  broke(error) {
    this.broken = error.code ?? error.message;
  },
  closing() {
    this.broken = 'closing';
  },
});

const taken = async () => {
  const user = aUser();
  pool.take(user);
  await until(() => user.isConnected, { what: 'a connection' });
  return user;
};

const release = (user: { connection?: Connection }): void => {
  if (user.connection) pool.release(user.connection, Number.POSITIVE_INFINITY);
};

test('the connection used last is used first', async () => {
  const [one, other] = [await taken(), await taken()];
  release(one);
  release(other);
  const next = aUser();
  pool.take(next);
  assert.equal(next.isConnected, true);
  assert.equal(next.connection, other.connection);
});

test('beyond the most, a user waits for one to be given back', async () => {
  const [one] = [await taken(), await taken()];
  const waiting = aUser();
  pool.take(waiting);
  assert.equal(pool.size, 2);
  assert.equal(waiting.isConnected, false);
  release(one);
  assert.equal(waiting.connection, one.connection);
});

test('or for one to end, and then gets a new one', async () => {
  const [one] = [await taken(), await taken()];
  const waiting = aUser();
  pool.take(waiting);
  one.connection?.destroy();
  await until(() => waiting.isConnected, { what: 'the new connection' });
  assert.notEqual(waiting.connection, one.connection);
  assert.equal(pool.size, 2);
});

test('one who leaves the queue takes nothing', async () => {
  const [one] = [await taken(), await taken()];
  const waiting = aUser();
  pool.take(waiting);
  pool.leave(waiting);
  release(one);
  assert.equal(waiting.connection, undefined);
});

test('a connect that is given up frees its place at once', async () => {
  await backEnd.setFault(FAULTS.blackholed);
  const users = [aUser(), aUser()];
  for (const user of users) pool.take(user);
  assert.equal(pool.size, 2);
  for (const user of users) user.connection?.destroy();
  assert.equal(pool.size, 0);
});

test('an idle connection that the other side closes is forgotten', async () => {
  release(await taken());
  await backEnd.setFault(FAULTS.refused);
  await until(() => pool.size === 0, { what: 'the connection to be forgotten' });
});

test('an idle connection is not used when the time that the other side announced is nearly over', async () => {
  const user = await taken();
  if (user.connection) pool.release(user.connection, 1001);
  await sleep(5);
  const next = aUser();
  pool.take(next);
  assert.notEqual(next.connection, user.connection);
});

test('a connection in use whose address is gone meanwhile ends when it is given back', async () => {
  const dns = new PlayedDns(['127.0.0.1']);
  const name = dns.names.of('back-end.example');
  pool = new Pool({ hostname: name.host, port: backEnd.port, name }, 2);
  const [kept, gone] = [await taken(), await taken()];
  release(kept);
  assert.equal(pool.size, 2);
  dns.addresses = ['127.0.0.9'];
  name.ask();
  await until(() => name.has('127.0.0.9'), { what: 'the new address' });
  release(gone);
  assert.equal(gone.connection?.socket.destroyed, true);
  assert.equal(pool.size, 1);
});

test('a refused connect is told once, and its place is free', async () => {
  await backEnd.setFault(FAULTS.refused);
  const user = aUser();
  pool.take(user);
  await until(() => user.broken, { what: 'the refusal' });
  assert.equal(user.broken, 'ECONNREFUSED');
  assert.equal(pool.size, 0);
});

test('closing ends all, those in use too', async () => {
  const [used, idle] = [await taken(), await taken()];
  release(idle);
  pool.close();
  assert.equal(pool.size, 0);
  await until(() => used.connection?.socket.destroyed, { what: 'the connection to end' });
  await until(() => backEnd.open === 0, { what: 'the back-end to see it' });
});

test('closing tells who has a connection and who waits for one', async () => {
  const [one, other] = [await taken(), await taken()];
  const waiting = aUser();
  pool.take(waiting);
  pool.close();
  assert.deepEqual([one.broken, other.broken, waiting.broken], ['closing', 'closing', 'closing']);
});

test('whoever wants a connection of a closed pool is told so', () => {
  pool.close();
  const late = aUser();
  pool.take(late);
  assert.equal(late.broken, 'closing');
  assert.equal(pool.size, 0);
});
