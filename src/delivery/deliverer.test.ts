import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type FakeTime, fakeTime, OK, realTime, settle } from '../../test/kit/hand-played.ts';
import { MemoryJournal } from '../../test/kit/memory-journal.ts';
import type { Answer } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { Deliverer } from './deliverer.ts';
import { JournalError, type Leased } from './journal.ts';
import { anEvent } from './journal-scene.ts';
import { Outbox } from './outbox.ts';

interface Out {
  readonly event: Leased;
  answer(answer?: Partial<Answer>): void;
  fail(error: GatewayError): void;
}

let time: FakeTime;
let journal: MemoryJournal;
let deliverer: Deliverer;
let out: Out[];
let events: Event[];
let room: number;
let failures: string[];

beforeEach(() => {
  time = fakeTime();
  mock.method(Math, 'random', () => 0.999_999_999);
  journal = new MemoryJournal();
  out = [];
  events = [];
  room = 10;
  failures = [];
  const emit = (event: Event) => void events.push(event);
  const failed = (error: unknown) => void failures.push(String(error));
  const outbox = new Outbox({ journal: () => journal, keepForMs: 60_000, emit, failed });
  deliverer = new Deliverer({ app: 'EchoApp', journal: () => journal, outbox, failed });
});
afterEach(() => {
  deliverer.close();
  realTime();
  assert.deepEqual(failures, []);
});

const deliver = (event: Leased): Promise<Answer> =>
  new Promise((resolve, reject) => {
    out.push({ event, answer: (answer = {}) => resolve({ ...OK, ...answer }), fail: reject });
  });
const go = () => deliverer.goThrough({ deliver, limitMs: 90_000, room: () => room });

const put = (id: string, lane: string) => journal.append(anEvent({ id, lane, app: 'EchoApp' }), 0);
const ids = () => out.map(({ event }) => event.id);
const results = () => events.flatMap(event => (event.type === 'event' ? [event.result] : []));

test('lanes go side by side, and a lane in its order', async () => {
  for (const [id, lane] of Object.entries({ a1: 'a', a2: 'a', b1: 'b', a3: 'a' })) await put(id, lane);
  go();
  await settle();
  assert.deepEqual(ids(), ['a1', 'b1']);
  out[0]?.answer();
  await settle();
  assert.deepEqual(ids(), ['a1', 'b1', 'a2']);
  out[2]?.answer();
  await settle();
  out[1]?.answer();
  out[3]?.answer();
  await settle();
  assert.deepEqual(journal.events, []);
  assert.deepEqual(results(), ['delivered', 'delivered', 'delivered', 'delivered']);
});

test('no more are out than there is room for, and that is asked anew each time', async () => {
  for (let i = 0; i < 9; i++) await put(`${i}`, `lane ${i}`);
  room = 2;
  go();
  await settle();
  assert.equal(out.length, 2);
  room = 1;
  out[0]?.answer();
  await settle();
  assert.equal(out.length, 2);
  out[1]?.answer();
  await settle();
  assert.equal(out.length, 3);
  room = 0;
  out[2]?.answer();
  await time.tick(600);
  assert.equal(out.length, 3);
  room = 5;
  await time.tick(500);
  assert.equal(out.length, 8);
});

test('what failed comes back later and later, and blocks its lane alone', async () => {
  for (const [id, lane] of Object.entries({ a1: 'a', a2: 'a', b1: 'b' })) await put(id, lane);
  go();
  await settle();
  out[1]?.answer();
  out[0]?.fail(new GatewayError('reset'));
  await time.tick(900);
  assert.deepEqual(ids(), ['a1', 'b1']);
  await time.tick(700);
  assert.deepEqual(ids(), ['a1', 'b1', 'a1']);
  out[2]?.fail(new GatewayError('status'));
  await time.tick(4500);
  assert.equal(out.length, 3);
  await time.tick(1100);
  assert.deepEqual(ids().at(-1), 'a1');
});

test('a back-end that is back gets all that waits at once', async () => {
  await put('a1', 'a');
  go();
  await settle();
  out[0]?.fail(new GatewayError('refused'));
  await settle();
  deliverer.hurry();
  await settle();
  assert.deepEqual(ids(), ['a1', 'a1']);
});

test('what found an open breaker or no room was not sent, and comes back soon', async () => {
  await put('a1', 'a');
  go();
  await settle();
  for (const [i, code] of (['breaker', 'overload', 'breaker', 'breaker'] as const).entries()) {
    out[i]?.fail(new GatewayError(code));
    await time.tick(1600);
    assert.equal(out.length, i + 2);
  }
});

for (const status of [400, 403, 404, 410]) {
  test(`a ${status} is for good: the event is a dead letter, and the next one of its lane goes`, async () => {
    await put('a1', 'a');
    await put('a2', 'a');
    go();
    await settle();
    out[0]?.answer({ status });
    await settle();
    assert.deepEqual(ids(), ['a1', 'a2']);
    assert.deepEqual(journal.settled[0]?.settlement, {
      type: 'dead',
      reason: `rejected: the back-end answered ${status}`,
    });
    assert.deepEqual(results(), ['dead']);
  });
}

for (const status of [408, 425, 429]) {
  test(`a ${status} is not, and says what went wrong`, async () => {
    await put('a1', 'a');
    go();
    await settle();
    out[0]?.answer({ status });
    await settle();
    const reason = `the back-end answered ${status}`;
    assert.deepEqual(journal.settled[0]?.settlement, { type: 'again', ms: 999.999999, reason });
  });
}

test('what found no room, or an open breaker, was not sent, and is no attempt', async () => {
  for (const [i, code] of (['breaker', 'overload'] as const).entries()) {
    await put(code, code);
    if (i === 0) go();
    else deliverer.wake();
    await settle();
    out[i]?.fail(new GatewayError(code));
    await settle();
    assert.deepEqual(journal.settled[i]?.settlement, { type: 'again', ms: 1000, reason: code, isUnsent: true });
  }
});

test('a 503 that names a time is tried again', async () => {
  await put('a1', 'a');
  go();
  await settle();
  const answer = { ...OK, status: 503, headers: ['Retry-After', '9'] };
  out[0]?.fail(new GatewayError('status', undefined, { answer }));
  await settle();
  assert.deepEqual(journal.settled[0]?.settlement, {
    type: 'again',
    ms: 999.999999,
    reason: 'the back-end answered 503',
  });
});

test('after a reload events go the new way, and the end of the old one does not end it', async () => {
  const stopOld = go();
  const other: string[] = [];
  deliverer.goThrough({
    limitMs: 1000,
    deliver: async ({ id }) => {
      other.push(id);
      return OK;
    },
    room: () => 1,
  });
  stopOld();
  await put('a1', 'a');
  await time.tick(600);
  assert.deepEqual([ids(), other], [[], ['a1']]);
});

test('what was leased while the way was taken back is not sent on it', async () => {
  await put('a1', 'a');
  const back = go();
  back();
  await settle();
  assert.deepEqual(ids(), []);
});

test('Retry-After holds up all that the back-end is to get, even when a breaker closes', async () => {
  for (const id of ['a', 'b']) await put(id, id);
  room = 1;
  go();
  await settle();
  out[0]?.answer({ status: 429, headers: ['Retry-After', '9'] });
  await settle();
  room = 10;
  deliverer.hurry();
  await time.tick(8900);
  assert.deepEqual(ids(), ['a']);
  await time.tick(1100);
  assert.deepEqual(ids().toSorted(), ['a', 'a', 'b']);
});

test('what became of an event is noted when the journal answers again, and it is not sent twice', async () => {
  await put('a1', 'a');
  go();
  await settle();
  journal.silence = new JournalError('failed', 'away');
  out[0]?.answer();
  await time.tick(1200);
  assert.ok(failures.length > 0);
  failures = [];
  journal.silence = undefined;
  await time.tick(600);
  assert.deepEqual([journal.events, ids()], [[], ['a1']]);
});

test('a lease lasts longer than any attempt', async () => {
  await put('a1', 'a');
  go();
  await time.tick(119_000);
  assert.deepEqual(ids(), ['a1']);
});

test('at rest nothing new is begun, and it is over once all that is out is noted', async () => {
  for (const id of ['a1', 'a2']) await put(id, 'a');
  go();
  await settle();
  deliverer.close();
  let isOver = false;
  void deliverer.settled().then(() => {
    isOver = true;
  });
  await settle();
  assert.equal(isOver, false);
  out[0]?.answer();
  await settle();
  assert.equal(isOver, true);
  assert.deepEqual([journal.events.map(({ id }) => id), ids()], [['a2'], ['a1']]);
});
