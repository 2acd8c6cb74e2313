import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { boundWrite } from './respond.ts';

afterEach(realTime);

const aSocket = (writableLength: number) => {
  const socket = Object.assign(new EventEmitter(), { writableLength, isDestroyed: false, destroy: () => {} });
  socket.destroy = () => {
    socket.isDestroyed = true;
  };
  return socket as unknown as Socket & { isDestroyed: boolean };
};

test('a client that does not read its answer is given up after 30 s', async () => {
  const { tick } = fakeTime();
  const [stuck, slow, quick] = [aSocket(1), aSocket(1), aSocket(0)];
  for (const socket of [stuck, slow, quick]) boundWrite(socket);
  await tick(29_000);
  slow.emit('drain');
  await tick(1000);
  assert.deepEqual([stuck.isDestroyed, slow.isDestroyed, quick.isDestroyed], [true, false, false]);
});
