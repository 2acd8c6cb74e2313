import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  aCall,
  collectEvents,
  type FakeTime,
  fakeTime,
  handPlayed,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import type { Handler } from '../core/layer.ts';
import type { Leased } from '../delivery/journal.ts';
import type { Upstream } from '../upstream/choose.ts';
import type { HookRoute } from './gateway.ts';
import { LateWay, type LateWayOptions } from './late-way.ts';

const ROUTE = { app: 'EchoApp', hook: 'StreamStatusEvent', limitMs: 3000, attemptLimitMs: 1000 } as HookRoute;
const EVENT: Leased = {
  id: '0190-1',
  app: 'EchoApp',
  hook: 'StreamStatusEvent',
  query: '?a=b',
  head: 'Authorization: Basic x\r\n',
  body: Buffer.from('{}'),
  lane: 's',
  receivedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  expiresAt: 1e15,
  attempts: 0,
};

let time: FakeTime;
beforeEach(() => {
  time = fakeTime();
});
afterEach(realTime);

const upstream = (mayHedge: boolean, admits = mayHedge, limit = 64) => ({ mayHedge, admits, limit }) as Upstream;

const wayTo = (upstreams: readonly Upstream[], handler: Handler = handPlayed().handler) => {
  const choice = { gate: next => next, handler } as LateWayOptions['choice'];
  const { emit } = collectEvents();
  return new LateWay({
    upstreams,
    choice,
    share: 0.25,
    routeOf: () => ROUTE,
    isTraced: false,
    emit,
    limitMs: 60_000,
  });
};

test('a quarter of the room while calls flow, all of it a second after the last', async () => {
  const way = wayTo([upstream(true), upstream(true)]);
  assert.equal(way.room(), 128);
  way.noteCall(aCall());
  assert.equal(way.room(), 32);
  await time.tick(1001);
  assert.equal(way.room(), 128);
});

test('only what is well counts; one at a time finds out whether the sick are well again', () => {
  assert.equal(wayTo([upstream(true), upstream(false)]).room(), 64);
  assert.equal(wayTo([upstream(false, true), upstream(false)]).room(), 1);
  assert.equal(wayTo([upstream(false), upstream(false)]).room(), 0);
});

test('the room is what each upstream is known to bear now', () => {
  assert.equal(wayTo([upstream(true, true, 40), upstream(true, true, 7)]).room(), 47);
});

test('a small share is still one', () => {
  const choice = { gate: next => next, handler: handPlayed().handler } as LateWayOptions['choice'];
  const { emit } = collectEvents();
  const way = new LateWay({
    upstreams: [upstream(true, true, 2)],
    choice,
    share: 0.01,
    routeOf: () => ROUTE,
    isTraced: false,
    emit,
    limitMs: 60_000,
  });
  way.noteCall(aCall());
  assert.equal(way.room(), 1);
});

test('the call is what came, says that it is late, and has the limit of its hook', async () => {
  const { handler, calls } = handPlayed();
  const sent = wayTo([upstream(true)], handler).deliver(EVENT);
  await settle();
  const call = calls[0]?.call;
  assert.equal(call?.id, EVENT.id);
  assert.equal(call?.query, '?a=b');
  assert.ok(call?.body.equals(EVENT.body));
  assert.equal(
    call?.head,
    'Authorization: Basic x\r\nBreakwater-Received-At: 2026-01-02T03:04:05.006Z\r\nBreakwater-Replayed: 1\r\n',
  );
  assert.equal((call?.deadline ?? 0) - (call?.arrivedAt ?? 0), ROUTE.limitMs);
  const failed = assert.rejects(sent, { code: 'limit' });
  await time.tick(ROUTE.limitMs + 1);
  await failed;
});
