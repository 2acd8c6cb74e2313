import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, mock, test } from 'node:test';
import fc from 'fast-check';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import type { Code, GatewayError } from '../core/errors.ts';
import { Readers, watchPace, watchReader } from './pace.ts';

afterEach(realTime);

const collect = () => {
  const cuts: Code[] = [];
  return { cuts, cut: ({ code }: GatewayError) => void cuts.push(code) };
};

test('a body that brings too little in five seconds is cut, and not before', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  watchPace(1024, { bytes: () => 5119 }, cut);
  let bytes = 0;
  watchPace(1024, { bytes: () => bytes }, cut);
  bytes = 5119;
  await tick(4999);
  assert.deepEqual(cuts, []);
  await tick(1);
  assert.deepEqual(cuts, ['request_timeout', 'request_timeout']);
  await tick(60_000);
  assert.equal(cuts.length, 2, 'each is cut once');
});

test('much at the beginning buys no drip later', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  let bytes = 0;
  watchPace(1024, { bytes: () => bytes }, cut);
  bytes = 10_000_000;
  await tick(5000);
  bytes++;
  assert.deepEqual(cuts, []);
  await tick(5000);
  assert.deepEqual(cuts, ['request_timeout']);
});

test('a body that waits to be taken is not slow, and one that has ended is not watched', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  watchPace(1024, { bytes: () => 0, isWaiting: () => true }, cut);
  watchPace(1024, { bytes: () => 0 }, cut)();
  watchPace(0, { bytes: () => 0 }, cut);
  await tick(60_000);
  assert.deepEqual(cuts, []);
});

test('a body of which nothing was taken at first is judged by a stretch of its own', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  let waits = true;
  watchPace(1024, { bytes: () => 0, isWaiting: () => waits }, cut);
  await tick(4000);
  waits = false;
  await tick(5900);
  assert.deepEqual(cuts, []);
  await tick(100);
  assert.deepEqual(cuts, ['request_timeout']);
});

test('nobody is cut for a time in which this process was held up', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  watchPace(1024, { bytes: () => 0 }, cut);
  await tick(4000);
  const at = performance.now();
  mock.method(performance, 'now', () => at + 4000);
  mock.timers.tick(1000);
  assert.deepEqual(cuts, []);
});

test('whoever keeps the pace in each stretch is never cut, whoever misses it in one always is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: 1, maxLength: 8 }), async stretches => {
      const { tick } = fakeTime();
      const { cuts, cut } = collect();
      let bytes = 0;
      const stop = watchPace(1024, { bytes: () => bytes }, cut);
      for (const each of stretches) {
        bytes += each;
        // The clock moves in steps of 100 ms beyond five seconds.
        await tick(5100);
      }
      stop();
      assert.equal(cuts.length, stretches.some(each => each < 5120) ? 1 : 0);
    }),
    { numRuns: 30 },
  );
});

const aSocket = (writableLength: number) => {
  const socket = Object.assign(new EventEmitter(), {
    writableLength,
    bytesWritten: writableLength,
    isDestroyed: false,
    destroy: () => {},
  });
  socket.destroy = () => {
    socket.isDestroyed = true;
    socket.emit('close');
  };
  return socket;
};
const asSocket = (socket: object): Socket => socket as Socket;

test('a client that does not read its answer is given up after 30 s, told once, and others are left alone', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  const [stuck, slow, late, quick] = [aSocket(9), aSocket(9), aSocket(9), aSocket(0)];
  const readers = new Readers();
  for (const socket of [stuck, slow, late, quick, stuck]) readers.bound(asSocket(socket), cut);
  await tick(29_000);
  slow.writableLength = 8;
  late.writableLength = 0;
  await tick(1000);
  assert.deepEqual(
    [stuck, slow, late, quick].map(each => each.isDestroyed),
    [true, false, false, false],
  );
  await tick(60_000);
  assert.deepEqual(
    [slow, late, quick].map(each => each.isDestroyed),
    [true, false, false],
  );
  assert.deepEqual(cuts, ['unread', 'unread']);
});

test('an answer that streams is not cut while the client keeps up, or while the back-end has nothing to say', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  const socket = aSocket(0);
  const stop = watchReader(asSocket(socket), cut);
  await tick(59_000);
  socket.writableLength = 100;
  socket.bytesWritten = 100;
  await tick(1000);
  for (let i = 0; i < 5; i++) {
    socket.bytesWritten += 100;
    await tick(30_000);
  }
  assert.deepEqual(cuts, []);
  await tick(60_000);
  assert.deepEqual(cuts, ['unread']);
  stop();
  assert.equal(socket.listenerCount('close'), 0);
});

test('a connection that closes is watched no longer', async () => {
  const { tick } = fakeTime();
  const { cuts, cut } = collect();
  const socket = aSocket(9);
  watchReader(asSocket(socket), cut);
  socket.emit('close');
  await tick(60_000);
  assert.deepEqual(cuts, []);
});
