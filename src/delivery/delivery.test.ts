import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  aCall,
  codeOf,
  collectEvents,
  type FakeTime,
  fakeTime,
  OK,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import { MemoryJournal } from '../../test/kit/memory-journal.ts';
import type { Event } from '../core/events.ts';
import { Delivery, type Told } from './delivery.ts';
import { type Backlog, type Ended, JournalError } from './journal.ts';
import { anEvent } from './journal-scene.ts';

let time: FakeTime;
let journal: MemoryJournal;
let delivery: Delivery;
let events: Event[];
let told: Told;

beforeEach(() => {
  time = fakeTime();
  journal = new MemoryJournal();
  const collected = collectEvents();
  events = collected.events;
  const open = async (tell: Told) => {
    told = tell;
    return journal;
  };
  delivery = new Delivery({ open, keepForMs: 60_000, emit: collected.emit });
});
afterEach(async () => {
  await delivery.close();
  realTime();
});

const put = (id: string) => journal.append(anEvent({ id, lane: id, app: 'EchoApp' }), 0);
const problems = () => events.flatMap(event => (event.type === 'journal' ? [event.detail] : []));

/** A way to a back-end that takes all; gives the ids of what came. */
const go = (): string[] => {
  const came: string[] = [];
  delivery.deliverer('EchoApp').goThrough({
    limitMs: 1000,
    deliver: async ({ id }) => {
      came.push(id);
      return OK;
    },
    room: () => 10,
  });
  return came;
};

test('what an earlier process left goes out at once, even what was to wait for hours', async () => {
  await put('old');
  await journal.lease('EchoApp', 1, 1000);
  await journal.settle('old', { type: 'again', ms: 3_600_000 });
  const came = go();
  await delivery.open();
  await settle();
  assert.deepEqual(came, ['old']);
});

test('sessions of which an earlier process stored something wait behind it', async () => {
  await put('old');
  await delivery.open();
  assert.equal(delivery.outbox.lanes.hasStored('old'), true);
  assert.equal(delivery.outbox.lanes.hasStored('new'), false);
});

for (const [what, event] of [
  ['a breaker that closes', { type: 'breaker', app: 'EchoApp', upstream: 'http://b', to: 'closed' }],
  ['an upstream that comes back', { type: 'returned', app: 'EchoApp', upstream: 'http://b', slowStartMs: 0 }],
] as const satisfies readonly (readonly [string, Event])[])
  test(`${what} makes all that waits due`, async () => {
    const came = go();
    await delivery.open();
    await put('waiting');
    await journal.lease('EchoApp', 1, 0);
    await journal.settle('waiting', { type: 'again', ms: 3_600_000 });
    await time.tick(1000);
    assert.deepEqual(came, []);
    delivery.listen(event);
    await settle();
    assert.deepEqual(came, ['waiting']);
  });

test('what is wrong with the journal is told once, until it has answered again', async () => {
  let isBroken = true;
  journal.backlog = async () => {
    if (isBroken) throw new JournalError('failed', 'no disk');
    return [];
  };
  await delivery.open();
  for (let i = 0; i < 5; i++) await time.tick(1000);
  told({ message: 'no disk' } as Parameters<Told>[0]);
  assert.deepEqual(problems(), ['no disk']);
  isBroken = false;
  await time.tick(1000);
  isBroken = true;
  await time.tick(1000);
  assert.deepEqual(problems(), ['no disk', 'no disk']);
});

test('the state tells how fast the backlog goes, and when it will be gone', async () => {
  const backlog: Backlog = { app: 'EchoApp', pending: 50, dead: 1, oldestAt: Date.now(), bytes: 9 };
  journal.backlog = async () => [backlog];
  await delivery.open();
  assert.equal(delivery.state[0]?.drainSeconds, undefined);
  for (let second = 0; second < 4; second++) {
    for (let i = 0; i < 10; i++)
      delivery.listen({ type: 'event', app: 'EchoApp', hook: 'h', id: 'x', result: 'delivered', reason: '' } as Event);
    await time.tick(1000);
  }
  const [state] = delivery.state;
  assert.equal(state?.pending, 50);
  assert.equal(state?.deliveredPerSecond, 10);
  assert.equal(state?.drainSeconds, 5);
});

test('an app with nothing stored is shown with zeros, and one that is not configured is told of once', async () => {
  const gone: Backlog = { app: 'Gone', pending: 3, dead: 0, oldestAt: Date.now(), bytes: 9 };
  journal.backlog = async () => [gone];
  go();
  assert.deepEqual(delivery.state, []);
  await delivery.open();
  for (let i = 0; i < 3; i++) await time.tick(1000);
  assert.deepEqual(
    delivery.state.map(({ app, pending, dead, bytes }) => ({ app, pending, dead, bytes })),
    [
      { app: 'Gone', pending: 3, dead: 0, bytes: 9 },
      { app: 'EchoApp', pending: 0, dead: 0, bytes: 0 },
    ],
  );
  const remedy = 'put it back, or drop them: breakwater events drop --all --app Gone';
  assert.deepEqual(problems(), [`3 stored events are of the app Gone, which is not configured; ${remedy}`]);
  journal.backlog = async () => [];
  await time.tick(1000);
  journal.backlog = async () => [gone];
  await time.tick(1000);
  assert.equal(problems().length, 2);
});

test('what ended without a delivery is told with how many, by whomever it was ended', async () => {
  const counts: Ended[] = [{ app: 'EchoApp', how: 'dropped', count: 250 }];
  journal.ended = async () => counts.splice(0);
  await delivery.open();
  await time.tick(1000);
  assert.deepEqual(
    events.filter(({ type }) => type === 'ended'),
    [{ type: 'ended', app: 'EchoApp', how: 'dropped', count: 250 }],
  );
});

test('nothing can be stored before a journal is open', async () => {
  assert.equal(await codeOf(delivery.outbox.store(aCall())), 'journal');
});

test('a backlog is told once when events have waited for five seconds, and once when none has for long', async () => {
  const backlogs = () => events.flatMap(event => (event.type === 'backlog' ? [[event.is, event.pending]] : []));
  let listed: readonly Backlog[] = [];
  journal.backlog = async () => listed;
  const waiting = (ms: number): Backlog => ({
    app: 'EchoApp',
    pending: 3,
    dead: 0,
    bytes: 9,
    oldestAt: Date.now() - ms,
  });
  listed = [waiting(1000)];
  await delivery.open();
  assert.deepEqual(backlogs(), []);
  listed = [waiting(6000)];
  await time.tick(3000);
  assert.deepEqual(backlogs(), [['begun', 3]]);
  listed = [waiting(3000)];
  await time.tick(1000);
  assert.deepEqual(backlogs(), [['begun', 3]]);
  listed = [];
  await time.tick(2000);
  assert.deepEqual(backlogs(), [
    ['begun', 3],
    ['over', 0],
  ]);
});
