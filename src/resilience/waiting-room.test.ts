import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { aCall, codeOf, type FakeTime, fakeTime, realTime, settle } from '../../test/kit/hand-played.ts';
import { type Call, PRIORITIES, type Priority, type Route } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { UsualDurations } from './usual-durations.ts';
import { WaitingRoom } from './waiting-room.ts';

let time: FakeTime;
beforeEach(() => {
  time = fakeTime();
});
afterEach(realTime);

const ROUTES: Readonly<Record<Priority, Route>> = {
  high: { app: 'a', hook: 'connect', priority: 'high' },
  normal: { app: 'a', hook: 'StreamStatusEvent', priority: 'normal' },
  low: { app: 'a', hook: 'passthrough', priority: 'low' },
};
const RANK = { high: 0, normal: 1, low: 2 } as const;

/** Calls by name, in the order in which they were let in or turned away. */
const aRoom = (most = 100, usual = new UsualDurations()) => {
  const room = new WaitingRoom(most, usual);
  const told: string[] = [];
  const join = (name: string, priority: Priority = 'normal', limitMs = 4000): Call => {
    const call = aCall({ id: name, route: ROUTES[priority], deadline: now() + limitMs });
    room.join(call).then(
      () => told.push(name),
      (error: GatewayError) => told.push(`${name} ${error.code}`),
    );
    return call;
  };
  const admitAll = async (): Promise<void> => {
    while (room.admit()) await settle();
  };
  return { room, told, join, admitAll, usual };
};

test('while the queue drains quickly it is first come, first served', async () => {
  const { told, join, admitAll } = aRoom();
  for (const name of ['a', 'b', 'c']) join(name);
  await time.tick(1900);
  await admitAll();
  assert.deepEqual(told, ['a', 'b', 'c']);
});

test('once the first has waited for half of its limit the newest goes first, and the oldest last', async () => {
  const { told, join, admitAll } = aRoom();
  for (const name of ['a', 'b', 'c']) join(name);
  await time.tick(2001);
  join('d');
  await admitAll();
  assert.deepEqual(told, ['d', 'c', 'b', 'a']);
});

test('a higher priority goes first, whoever came first', async () => {
  const { told, join, admitAll } = aRoom();
  join('pass-through', 'low');
  join('notification', 'normal');
  join('decision', 'high');
  await admitAll();
  assert.deepEqual(told, ['decision', 'notification', 'pass-through']);
});

test('a call without a priority is a normal one', async () => {
  const { room } = aRoom();
  const order: string[] = [];
  for (const [name, route] of [
    ['low', ROUTES.low],
    ['none', { app: 'a', hook: 'x' }],
    ['high', ROUTES.high],
  ] as const)
    void room.join(aCall({ route })).then(() => order.push(name));
  for (let i = 0; i < 3; i++) room.admit();
  await settle();
  assert.deepEqual(order, ['high', 'none', 'low']);
});

test('in a full queue a newcomer takes the place of the newest of the lowest priority, who is told at once', async () => {
  const { told, join, room, admitAll } = aRoom(3);
  join('notification', 'normal');
  join('page 1', 'low');
  join('page 2', 'low');
  join('decision', 'high');
  await settle();
  assert.deepEqual(told, ['page 2 overload']);
  assert.equal(room.size, 3);
  await admitAll();
  assert.deepEqual(told.slice(1), ['decision', 'notification', 'page 1']);
});

test('in a queue full of equals or betters a newcomer is turned away', async () => {
  const { told, join } = aRoom(2);
  join('decision', 'high');
  join('notification', 'normal');
  join('another', 'normal');
  join('page', 'low');
  await settle();
  assert.deepEqual(told, ['another overload', 'page overload']);
});

test('where the newest goes first, one more takes the place of the oldest', async () => {
  const { told, join, admitAll } = aRoom(2);
  for (const name of ['a', 'b']) join(name);
  await time.tick(2001);
  join('c');
  await settle();
  assert.deepEqual(told, ['a overload']);
  await admitAll();
  assert.deepEqual(told.slice(1), ['c', 'b']);
});

test('a call that cannot make it any more is not let in, and the next one is', async () => {
  const { told, join, usual, admitAll } = aRoom();
  for (let i = 0; i < 30; i++) usual.record(ROUTES.normal, 1000);
  join('late', 'normal', 1200);
  await time.tick(800);
  join('early', 'normal', 1200);
  await admitAll();
  assert.deepEqual(told, ['late overload', 'early']);
});

test('where none of those that wait can make it, all are told, and nobody is let in', async () => {
  const { room, told, join, usual } = aRoom();
  for (let i = 0; i < 30; i++) usual.record(ROUTES.high, 4000);
  for (const name of ['a', 'b']) join(name, 'high', 1000);
  assert.equal(room.admit(), undefined);
  await settle();
  assert.deepEqual(told, ['a overload', 'b overload']);
  assert.equal(room.size, 0);
});

test('who is cancelled leaves, and leaves no listener', async () => {
  const { room, told, join } = aRoom();
  const call = join('gone');
  call.cancel.cancel(new GatewayError('gone'));
  await settle();
  assert.deepEqual([told, room.size, call.cancel.size], [['gone gone'], 0, 0]);
  assert.equal(await codeOf(room.join(call)), 'gone');
  assert.equal(room.admit(), undefined);
});

test('whatever comes, the queue is bounded, nobody is passed over by a lower priority, and all are told once', async () => {
  const step = fc.oneof(
    fc.record({ join: fc.constantFrom(...PRIORITIES), limitMs: fc.integer({ min: 50, max: 4000 }) }),
    fc.constantFrom('admit' as const, 'cancel' as const, 'wait' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(5), fc.array(step, { maxLength: 60 }), async (most, script) => {
      const { room, told, join, admitAll } = aRoom(most);
      const waiting: { name: string; call: Call; priority: Priority }[] = [];
      let joined = 0;
      for (const what of script) {
        if (typeof what === 'object') {
          const name = String(joined++);
          waiting.push({ name, priority: what.join, call: join(name, what.join, what.limitMs) });
        } else if (what === 'wait') await time.tick(100);
        else if (what === 'cancel') waiting.at(-1)?.call.cancel.cancel(new GatewayError('gone'));
        else {
          await settle();
          const still = waiting.filter(({ name }) => !told.some(each => each.split(' ')[0] === name));
          room.admit();
          await settle();
          const admitted = still.find(({ name }) => told.includes(name));
          const best = Math.min(...still.map(({ call, priority }) => (call.deadline > now() ? RANK[priority] : 9)));
          assert.ok(!admitted || RANK[admitted.priority] === best, 'somebody better waits');
        }
        assert.ok(room.size <= most, `${room.size} wait`);
      }
      await admitAll();
      await settle();
      assert.equal(told.length, joined);
      assert.equal(new Set(told.map(each => each.split(' ')[0])).size, joined);
      assert.equal(room.size, 0);
      assert.ok(waiting.every(({ call }) => call.cancel.size === 0));
    }),
    { numRuns: 100 },
  );
});
