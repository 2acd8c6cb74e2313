import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import {
  type FakeTime,
  fakeTime,
  handPlayed,
  type Played,
  realTime,
  settle,
  testAnswer,
} from '../../test/kit/hand-played.ts';
import { callOf, someSessions } from '../../test/kit/sessions.ts';
import type { Answer, Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import type { Event } from '../core/events.ts';
import { sessionName } from './ids.ts';
import { HELD_HOOKS } from './provisional.ts';

afterEach(realTime);

const YES = testAnswer(200, '{"restClientConfig":{"call":{"restOnError":"FAIL"}}}');
const NO = testAnswer(403, '');

const told = (events: readonly Event[]): readonly string[] =>
  events.flatMap(event => (event.type === 'admission' ? [event.result] : []));

const nameOf = (id: string): string => sessionName('app', callOf('connect', id).body) ?? '';

const anApp = (time: FakeTime = fakeTime()) => {
  const { admissions, register, events } = someSessions({ entries: 20_000 });
  const { handler, calls } = handPlayed();
  const stop = admissions.askThrough(handler);
  const admit = (id: string, changes: Partial<Call> = {}) => {
    register.enter(nameOf(id), 'app', 'unverified', HELD_HOOKS);
    admissions.add(nameOf(id), { ...callOf('connect', id), emit: event => void events.push(event), ...changes });
  };
  const state = async (id: string) => {
    const session = await register.find(callOf('call', id), 0);
    return session && `${session.state} ${[...session.deciding]}`.trim();
  };
  /** The session of a call that is at the back-end. */
  const idOf = ({ call }: Played): string => JSON.parse(call.body.toString()).sessionId;
  const asked = () => calls.map(idOf).join(' ');
  const answer = async (at: number, its: Answer) => {
    calls[at]?.answer(its);
    await settle();
  };
  const fail = async (at: number) => {
    calls[at]?.fail('refused');
    await settle();
  };
  return { time, admissions, register, events, calls, stop, admit, state, asked, answer, fail };
};

test('the stored connect is put to the back-end after half a second, byte for byte, with its own limit', async () => {
  const { time, admit, calls } = anApp();
  admit('s', { arrivedAt: 1000, deadline: 4000 });
  await time.tick(499);
  assert.equal(calls.length, 0);
  await time.tick(1);
  const call = calls[0]?.call;
  assert.deepEqual(call?.body, callOf('connect', 's').body);
  assert.deepEqual([call?.arrivedAt, call?.deadline, call?.attempts], [now(), now() + 3000, []]);
});

test('a 200 verifies the session, its true rules govern, and it is told', async () => {
  const { time, admit, answer, state, admissions, events } = anApp();
  admit('s');
  await time.tick(500);
  assert.equal(await state('s'), `unverified ${HELD_HOOKS}`);
  await answer(0, YES);
  assert.deepEqual([await state('s'), admissions.size], ['verified call', 0]);
  assert.deepEqual(told(events), ['provisional', 'verified']);
  assert.equal(new Set(events.map(event => event.type === 'admission' && event.callId)).size, 1);
});

test('a 200 whose rules cannot be read verifies the session, and all its held hooks decide', async () => {
  const { time, admit, answer, state } = anApp();
  admit('s');
  await time.tick(500);
  await answer(0, testAnswer(200, '{"restClientConfig":[]}'));
  assert.equal(await state('s'), `verified ${HELD_HOOKS}`);
});

test('a 4xx refuses the session for good', async () => {
  for (const status of [400, 401, 403, 404, 405, 410, 422, 499]) {
    const { time, admit, answer, state, admissions, events } = anApp();
    admit('s');
    await time.tick(500);
    await answer(0, testAnswer(status, YES.body));
    assert.deepEqual([await state('s'), admissions.size], ['refused', 0], `${status}`);
    assert.deepEqual(told(events), ['provisional', 'refused']);
  }
});

test('any other status, and every failure, say nothing: it is asked again half a second later', async () => {
  const { time, admit, answer, fail, state, calls, admissions } = anApp();
  admit('s');
  await time.tick(500);
  const statuses = [100, 201, 204, 302, 304, 408, 425, 429, 500, 502, 503];
  for (const [at, status] of statuses.entries()) {
    await answer(at, testAnswer(status, ''));
    await time.tick(499);
    assert.equal(calls.length, at + 1, `${status}`);
    await time.tick(1);
  }
  await fail(statuses.length);
  await time.tick(500);
  assert.equal(calls.length, statuses.length + 2);
  assert.deepEqual([await state('s'), admissions.size], [`unverified ${HELD_HOOKS}`, 1]);
});

test('a dead back-end is asked at most once each half second, however many wait and come', async () => {
  const { time, admit, calls, fail } = anApp();
  for (let i = 0; i < 100; i++) admit(`s${i}`);
  for (let ms = 0; ms < 10_000; ms += 100) {
    await time.tick(100);
    admit(`more${ms}`);
    await fail(calls.length - 1);
  }
  assert.ok(calls.length >= 16 && calls.length <= 20, `${calls.length} asked`);
});

test('a back-end that stalls has one to answer at a time, however many come meanwhile', async () => {
  const { time, admit, calls } = anApp();
  for (let i = 0; i < 100; i++) {
    admit(`s${i}`);
    await time.tick(100);
  }
  assert.equal(calls.length, 1);
});

test('once one is answered, four are asked at a time, each of them once', async () => {
  const { time, admit, calls, answer, asked, admissions } = anApp();
  for (let i = 0; i < 10; i++) admit(`s${i}`);
  await time.tick(500);
  assert.equal(calls.length, 1);
  await answer(0, YES);
  assert.equal(asked(), 's0 s1 s2 s3 s4');
  for (let i = 1; i < 10; i++) {
    await answer(i, i % 2 ? NO : YES);
    assert.equal(calls.length, Math.min(10, i + 5));
  }
  assert.equal(asked(), 's0 s1 s2 s3 s4 s5 s6 s7 s8 s9');
  assert.equal(admissions.size, 0);
  await time.tick(5000);
  assert.equal(calls.length, 10);
});

test('one that the back-end cannot bear keeps no other from being asked', async () => {
  const { time, admit, calls, asked, state, admissions } = anApp();
  admit('poison');
  for (let i = 0; i < 5; i++) admit(`s${i}`);
  for (let turn = 0; turn < 20; turn++) {
    await time.tick(500);
    for (const played of calls.slice(0)) {
      if (played.call.body.includes('poison')) played.fail('status');
      else played.answer(YES);
    }
    await settle();
  }
  for (let i = 0; i < 5; i++) assert.equal(await state(`s${i}`), 'verified call');
  assert.equal(admissions.size, 1);
  assert.match(asked(), /^poison s0 s1 s2 s3 s4 poison/);
});

test('one that stalls keeps no other from being asked once the back-end answers', async () => {
  const { time, admit, calls, answer, state } = anApp();
  for (const id of ['a', 'stalls', 'b', 'c', 'd', 'e', 'f']) admit(id);
  await time.tick(500);
  await answer(0, YES);
  for (const at of [2, 3, 4, 5, 6]) await answer(at, YES);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) assert.equal(await state(id), 'verified call', id);
  assert.equal(calls.length, 7);
});

test('a session that has ended is asked about no more, and what is still answered does not count', async () => {
  const { time, admit, calls, admissions, answer, state, events } = anApp();
  admit('s');
  await time.tick(500);
  assert.equal(admissions.drop(nameOf('s')), true);
  assert.equal(calls[0]?.call.cancel.reason?.code, 'cancelled');
  await answer(0, YES);
  assert.equal(await state('s'), `unverified ${HELD_HOOKS}`);
  assert.equal(admissions.drop(nameOf('s')), false);
  await time.tick(5000);
  assert.deepEqual([calls.length, events.length], [1, 1]);
});

test('a session that ends while it is asked about does not hold up the next', async () => {
  const { time, admit, calls, admissions, asked } = anApp();
  admit('s');
  admit('t');
  await time.tick(500);
  admissions.drop(nameOf('s'));
  await settle();
  await time.tick(500);
  assert.equal(asked(), 's t');
  assert.equal(calls[1]?.call.cancel.reason, undefined);
});

test('a session that another instance has seen end, or has judged, is asked about no more, and the next one is', async () => {
  const { time, admit, admissions, register, asked, state } = anApp();
  for (const id of ['ended', 'verified', 'refused', 's']) admit(id);
  register.forget(nameOf('ended'));
  register.enter(nameOf('verified'), 'app', 'verified', ['call']);
  register.enter(nameOf('refused'), 'app', 'refused', []);
  await time.tick(500);
  assert.deepEqual([asked(), admissions.size], ['s', 1]);
  assert.deepEqual([await state('ended'), await state('verified')], [undefined, 'verified call']);
});

test('a session that begins anew is asked about with its new connect, and the answer to the old one does not count', async () => {
  const { time, admit, admissions, calls } = anApp();
  const connects: Answer[] = [];
  const pending: ((answer: Answer) => void)[] = [];
  // A back-end that answers although nobody waits for it any more.
  admissions.askThrough(
    call =>
      new Promise(resolve => {
        connects.push(testAnswer(200, call.body));
        pending.push(resolve);
      }),
  );
  admit('s', callOf('connect', 's', { custom: 'old' }));
  await time.tick(500);
  admit('s', callOf('connect', 's', { custom: 'new' }));
  pending[0]?.(NO);
  await settle();
  assert.equal(admissions.size, 1);
  await time.tick(500);
  assert.match(String(connects[1]?.body), /new/);
  pending[1]?.(YES);
  await settle();
  assert.deepEqual([admissions.size, connects.length, calls.length], [0, 2, 0]);
});

test('at most 10000 wait; who comes then is held without being asked about', async () => {
  const { admit, admissions, state } = anApp();
  for (let i = 0; i < 10_001; i++) admit(`s${i}`);
  assert.equal(admissions.size, 10_000);
  assert.equal(admissions.hasRoomFor(callOf('connect', 'x')), false);
  assert.equal(await state('s10000'), `unverified ${HELD_HOOKS}`);
  admissions.drop(nameOf('s5'));
  assert.equal(admissions.hasRoomFor(callOf('connect', 'x')), true);
});

test('at most 32 MiB of them wait, and what is let go of makes room', () => {
  const { admit, admissions } = anApp();
  const body = Buffer.alloc(1 << 20, ' ');
  for (let i = 0; i < 40; i++) admit(`s${i}`, { body });
  assert.equal(admissions.size, 32);
  for (let i = 0; i < 32; i++) admissions.drop(nameOf(`s${i}`));
  assert.equal(admissions.hasRoomFor({ ...callOf('connect', 'x'), body: Buffer.alloc(32 << 20) }), true);
  for (let i = 0; i < 100; i++) admit('again', { body });
  assert.equal(admissions.size, 1);
  assert.equal(admissions.hasRoomFor({ ...callOf('connect', 'x'), body: Buffer.alloc(31 << 20) }), true);
});

test('a reload changes whom is asked, and taking back what has been replaced does nothing', async () => {
  const { time, admit, calls, admissions, stop } = anApp();
  const other = handPlayed();
  admit('s');
  const stopOther = admissions.askThrough(other.handler);
  stop();
  await time.tick(500);
  assert.deepEqual([calls.length, other.calls.length, admissions.size], [0, 1, 1]);
  stopOther();
  assert.equal(admissions.size, 0);
  assert.equal(other.calls[0]?.call.cancel.reason?.code, 'cancelled');
});

test('closed, it sets no timer and asks nobody, whatever is still answered or comes', async () => {
  const { time, admit, calls, admissions, answer, state } = anApp();
  for (const id of ['a', 'b']) admit(id);
  await time.tick(500);
  admissions.close();
  await answer(0, YES);
  admit('c');
  await time.tick(5000);
  assert.deepEqual([calls.length, admissions.size, await state('a')], [1, 0, `unverified ${HELD_HOOKS}`]);
  assert.equal(admissions.hasRoomFor(callOf('connect', 'x')), false);
});

test('closed, it leaves no timer behind that would keep the process from its end', () => {
  const { admissions } = someSessions();
  const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
  const before = timers();
  admissions.askThrough(() => new Promise(() => {}));
  admissions.add('s', callOf('connect', 's'));
  assert.equal(timers(), before + 1);
  admissions.close();
  assert.equal(timers(), before);
});

test('a connect that waits for more than a day is asked about no more', async () => {
  const { time, admit, fail, admissions } = anApp();
  admit('s', { arrivedAt: now() - 86_400_001, deadline: now() });
  await time.tick(500);
  await fail(0);
  assert.equal(admissions.size, 0);
});

test('a defect in what asks is told, and the next is asked all the same', async () => {
  const { time, admit, admissions, events } = anApp();
  let asked = 0;
  admissions.askThrough(() => {
    asked++;
    throw new TypeError('boom');
  });
  admit('s');
  await time.tick(1600);
  assert.equal(asked, 3);
  assert.deepEqual(new Set(events.map(({ type }) => type)), new Set(['admission', 'defect']));
});

test('it is not used before the first provisional session', () => {
  const { admit, admissions } = anApp();
  assert.equal(admissions.isUsed, false);
  admit('s');
  assert.equal(admissions.isUsed, true);
});

test('whatever happens in whatever order, every session that stays is judged in the end, and nobody asked about twice at a time', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('admit' as const), n: fc.nat(7) }),
    fc.record({ do: fc.constant('drop' as const), n: fc.nat(7) }),
    fc.record({ do: fc.constantFrom('yes' as const, 'no' as const, 'later' as const, 'fail' as const), n: fc.nat(7) }),
    fc.record({ do: fc.constant('wait' as const), n: fc.nat(700) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const { time, admissions, admit, calls, state } = anApp();
      const there = new Set<string>();
      const open = new Set<Played>();
      const out = () => {
        for (const played of calls.splice(0)) open.add(played);
        for (const played of open) if (played.call.cancel.reason) open.delete(played);
        return [...open];
      };
      const act = {
        yes: (played: Played) => played.answer(YES),
        no: (played: Played) => played.answer(NO),
        later: (played: Played) => played.answer(testAnswer(429, '')),
        fail: (played: Played) => played.fail('timeout'),
      };
      const judge = async (how: keyof typeof act, n: number) => {
        const played = out()[n % Math.max(1, open.size)];
        if (played) {
          open.delete(played);
          act[how](played);
          await settle();
        }
      };
      for (const { do: what, n } of steps) {
        if (what === 'wait') await time.tick(n);
        else if (what === 'admit') admit(`s${n}`);
        else if (what === 'drop') admissions.drop(nameOf(`s${n}`));
        else await judge(what, n);
        await settle();
        const bodies = out().map(({ call }) => call.body.toString());
        assert.equal(new Set(bodies).size, bodies.length);
        assert.ok(bodies.length <= 4);
        if (what === 'admit') there.add(`s${n}`);
        if (what === 'drop') there.delete(`s${n}`);
      }
      for (let turn = 0; turn < 30 && admissions.size > 0; turn++) {
        await time.tick(500);
        while (out().length > 0) await judge('yes', 0);
      }
      assert.equal(admissions.size, 0);
      for (const id of there) assert.match((await state(id)) ?? '', /^verified|^refused/);
      realTime();
    }),
    { numRuns: 60 },
  );
});
