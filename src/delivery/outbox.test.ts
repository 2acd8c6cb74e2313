import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  aCall,
  codeOf,
  collectEvents,
  type FakeTime,
  fakeTime,
  handPlayed,
  OK,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import { MemoryJournal } from '../../test/kit/memory-journal.ts';
import type { Answer, Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { stack } from '../core/layer.ts';
import { fallback } from '../resilience/fallback.ts';
import { JournalError } from './journal.ts';
import { behindStored, inOrder, storeRung } from './layers.ts';
import { Outbox } from './outbox.ts';

const KEEP_MS = 60_000;
const route = { app: 'EchoApp', hook: 'StreamStatusEvent' };

let time: FakeTime;
let journal: MemoryJournal;
let outbox: Outbox;
let events: Event[];
let woken: string[];
let failures: unknown[];

beforeEach(() => {
  time = fakeTime();
  journal = new MemoryJournal();
  woken = [];
  failures = [];
  const collected = collectEvents();
  events = collected.events;
  outbox = new Outbox({
    journal: () => journal,
    keepForMs: KEEP_MS,
    emit: collected.emit,
    failed: error => failures.push(error),
  });
  outbox.onDue(app => woken.push(app));
});
afterEach(realTime);

let number = 0;
const anEvent = (session: string, changes: Partial<Call> = {}): Call => {
  number++;
  const body = Buffer.from(JSON.stringify({ nodeId: 'n', sessionId: session, number }));
  return aCall({ route, hook: route.hook, id: `call-${number}`, body, ...changes });
};
const results = () => events.flatMap(event => (event.type === 'event' ? [event.result] : []));

/** A route for notifications as the gateway builds it, in front of a hand-played back-end. */
const aRoute = () => {
  const { handler, calls } = handPlayed();
  const rungs = [storeRung(outbox)];
  return { ask: stack([inOrder(outbox), fallback(() => rungs), behindStored(outbox)], handler), calls };
};

test('what the back-end cannot take is on disk before it is acknowledged', async () => {
  const { ask, calls } = aRoute();
  const disk = Promise.withResolvers<void>();
  journal.disk = disk.promise;
  const call = anEvent('s1');
  const answers: Answer[] = [];
  void ask(call).then(given => answers.push(given));
  await settle();
  calls[0]?.fail('refused');
  await settle();
  assert.equal(answers.length, 0);
  disk.resolve();
  await settle();
  const [answer] = answers;
  assert.deepEqual([answer?.status, answer?.source, answer?.reason], [200, 'stored', 'refused']);
  assert.ok(answer?.body.equals(call.body));
  const [kept] = journal.events;
  assert.deepEqual([kept?.id, kept?.app, kept?.hook, kept?.head], [call.id, 'EchoApp', route.hook, call.head]);
  assert.equal((kept?.expiresAt ?? 0) - (kept?.receivedAt ?? 0), KEEP_MS);
  assert.deepEqual([results(), woken], [['stored'], ['EchoApp']]);
});

test('a session that has stored events has the next ones stored behind them, unasked; others are asked', async () => {
  const { ask, calls } = aRoute();
  const first = ask(anEvent('s1'));
  await settle();
  calls[0]?.fail('reset');
  await first;
  const second = await ask(anEvent('s1'));
  assert.deepEqual([second.source, second.reason], ['stored', 'queued']);
  assert.equal(calls.length, 1);
  const other = ask(anEvent('s2'));
  await settle();
  assert.equal(calls.length, 2);
  calls[1]?.answer();
  assert.equal((await other).source, 'upstream');
});

test('events of a session that come while one is at the back-end wait, and are stored in order when it fails', async () => {
  const { ask, calls } = aRoute();
  const all = [1, 2, 3, 4].map(() => anEvent('s1'));
  const answers = all.map(ask);
  await settle();
  assert.equal(calls.length, 1);
  calls[0]?.fail('limit');
  const given = await Promise.all(answers);
  assert.deepEqual(
    given.map(({ reason }) => reason),
    ['limit', 'queued', 'queued', 'queued'],
  );
  assert.deepEqual(
    journal.events.map(({ id }) => id),
    all.map(({ id }) => id),
  );
});

test('they do not wait for the disk one after another', async () => {
  const { ask, calls } = aRoute();
  const disk = Promise.withResolvers<void>();
  journal.disk = disk.promise;
  const answers = [1, 2, 3].map(() => ask(anEvent('s1')));
  await settle();
  calls[0]?.fail('limit');
  await settle();
  disk.resolve();
  await Promise.all(answers);
  assert.equal(journal.events.length, 3);
});

test('an attempt that is out at the limit and succeeds late is not delivered again', async () => {
  const { ask, calls } = aRoute();
  const call = anEvent('s1');
  const answer = ask(call);
  await settle();
  const late = Promise.withResolvers<boolean>();
  calls[0]?.call.late?.(late.promise, 3000);
  calls[0]?.fail('limit');
  assert.equal((await answer).source, 'stored');
  assert.deepEqual([journal.events.length, await journal.lease('EchoApp', 9, 1000)], [1, []]);
  late.resolve(true);
  await settle();
  assert.equal(journal.events.length, 0);
  assert.deepEqual(results(), ['stored', 'delivered']);
});

test('one that fails late after all is delivered at once', async () => {
  const { ask, calls } = aRoute();
  const answer = ask(anEvent('s1'));
  await settle();
  const lates = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
  for (const { promise } of lates) calls[0]?.call.late?.(promise, 3000);
  calls[0]?.fail('limit');
  await answer;
  for (const { resolve } of lates) resolve(false);
  await settle();
  assert.equal((await journal.lease('EchoApp', 9, 1000)).length, 1);
  assert.deepEqual(woken, ['EchoApp']);
});

test('an event that cannot be stored is not acknowledged: the next rung tells WCS the truth', async () => {
  journal.refusal = new JournalError('full', 'the journal is full');
  const { emit, events: told } = collectEvents();
  const { ask, calls } = aRoute();
  const answer = codeOf(ask(anEvent('s1', { emit })));
  await settle();
  calls[0]?.fail('refused');
  assert.equal(await answer, 'refused');
  const [failed] = told.flatMap(event => (event.type === 'rung-failed' ? [event.error] : []));
  assert.ok(failed instanceof GatewayError && failed.code === 'journal');
  assert.equal(failed.message, 'the journal is full');
});

test('a disk that is not there within the limit is not waited for', async () => {
  journal.disk = new Promise(() => {});
  const { ask, calls } = aRoute();
  const answer = codeOf(ask(anEvent('s1')));
  await settle();
  calls[0]?.fail('refused');
  await time.tick(2996);
  assert.equal(await answer, 'refused');
});

test('events that tell no session do not wait for each other', async () => {
  const { ask, calls } = aRoute();
  for (const body of ['{}', '{}', '[]']) void ask(anEvent('', { body: Buffer.from(body) })).catch(() => {});
  await settle();
  assert.equal(calls.length, 3);
  for (const call of calls) call.answer(OK);
  await settle();
  assert.equal(outbox.lanes.size, 0);
});

test('what never came on disk holds nobody up: the next one of its session goes to the back-end again', async () => {
  const { ask, calls } = aRoute();
  journal.refusal = new JournalError('full', 'no room');
  const first = ask(anEvent('s1'));
  await settle();
  calls[0]?.fail('refused');
  await assert.rejects(first);
  assert.equal(outbox.lanes.haveStored, false);
  journal.refusal = undefined;
  const second = ask(anEvent('s1'));
  await settle();
  assert.equal(calls.length, 2);
  calls[1]?.answer();
  assert.equal((await second).source, 'upstream');
  assert.equal(outbox.lanes.size, 0);
});

test('who waits behind another until its own limit has that one stored, and goes behind it', async () => {
  const { ask, calls } = aRoute();
  const [one, other] = [anEvent('s1', { deadline: now() + 8000 }), anEvent('s1', { deadline: now() + 1000 })];
  const answers = [ask(one), ask(other)];
  await time.tick(740);
  assert.deepEqual([calls.length, journal.events.length], [1, 0]);
  await time.tick(20);
  const [first, second] = await Promise.all(answers);
  assert.deepEqual([first?.reason, second?.reason], ['limit', 'queued']);
  assert.deepEqual(
    journal.events.map(({ id }) => id),
    [one.id, other.id],
  );
  assert.equal(calls.length, 1);
});

test('a late success counts although a later attempt of the call failed', async () => {
  const call = anEvent('s1');
  outbox.expect(call, Promise.resolve(true), 1000);
  await settle();
  outbox.expect(call, Promise.resolve(false), 1000);
  await settle();
  await outbox.store(call);
  await settle();
  assert.deepEqual(journal.events, []);
  assert.deepEqual(results(), ['stored', 'delivered']);
});

test('what a late attempt brought is taken out as soon as the journal answers again', async () => {
  const call = anEvent('s1');
  const late = Promise.withResolvers<boolean>();
  outbox.expect(call, late.promise, 10_000);
  await outbox.store(call);
  journal.silence = new JournalError('failed', 'away');
  late.resolve(true);
  await time.tick(1200);
  assert.ok(failures.length > 0);
  assert.equal(journal.events.length, 1);
  journal.silence = undefined;
  await time.tick(600);
  assert.deepEqual(journal.events, []);
  await outbox.settled();
});
