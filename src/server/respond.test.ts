import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { boundWrite } from './respond.ts';

afterEach(realTime);

const aSocket = (writableLength: number) => {
  const fields = { writableLength, bytesWritten: 10, isDestroyed: false, destroy: () => {} };
  const socket = Object.assign(new EventEmitter(), fields);
  socket.destroy = () => {
    socket.isDestroyed = true;
  };
  return socket as typeof socket & Socket;
};

test('a client that does not read its answer is given up after 30 s', async () => {
  const { tick } = fakeTime();
  const [stuck, quick] = [aSocket(1), aSocket(0)];
  for (const socket of [stuck, quick]) boundWrite(socket);
  await tick(29_000);
  assert.equal(stuck.isDestroyed, false);
  await tick(1000);
  assert.deepEqual([stuck.isDestroyed, quick.isDestroyed], [true, false]);
});

test('one that reads keeps its connection, however many answers are on their way, and is looked at once', async () => {
  const { tick } = fakeTime();
  const [reader, done] = [aSocket(1), aSocket(1)];
  for (let i = 0; i < 20; i++) for (const socket of [reader, done]) boundWrite(socket);
  assert.equal(reader.listenerCount('close'), 1);
  await tick(29_000);
  Object.assign(reader, { bytesWritten: 20, writableLength: 5 });
  Object.assign(done, { writableLength: 0 });
  await tick(1000);
  assert.deepEqual([reader.isDestroyed, done.isDestroyed], [false, false]);
  assert.deepEqual([reader.listenerCount('close'), done.listenerCount('close')], [1, 0]);
  await tick(30_000);
  assert.equal(reader.isDestroyed, true);
});
