import assert from 'node:assert/strict';
import { after, afterEach, describe, type TestContext, test } from 'node:test';
import { until } from '../../test/poll.ts';
import { createIds } from '../core/id.ts';
import type { Backlog, Filter, Journal, Leased, StoredEvent } from './journal.ts';
import { JournalError } from './journal.ts';
import { keepsToModel } from './journal-model.ts';

/** Longer than any test takes. */
const LONG_MS = 600_000;
/** Wall clocks are read to the millisecond, and not all at the same moment. */
const ROUNDING_MS = 2;

/** A journal that a test may end and begin again, as a process does. */
export interface Opened {
  readonly journal: Journal;
  /** Closes what is open, and opens what that has left. */
  reopen(): Promise<Journal>;
}

const newId = createIds();

/** An event of the lane `lane` of `app`, to be kept for a day. */
export const anEvent = (parts: Partial<StoredEvent> = {}): StoredEvent => {
  const receivedAt = Date.now();
  const app = parts.app ?? 'app';
  return {
    id: newId(),
    app,
    hook: 'StreamStatusEvent',
    query: '',
    head: 'Content-Type: application/json\r\n',
    body: Buffer.from('{"status":"PUBLISHING"}'),
    lane: `${app}/lane`,
    receivedAt,
    expiresAt: receivedAt + 86_400_000,
    ...parts,
  };
};

const NOTHING: Omit<Backlog, 'app'> = { pending: 0, dead: 0, bytes: 0 };

const rejectsWithJournalError = (answer: Promise<unknown>): Promise<void> =>
  assert.rejects(answer, error => error instanceof JournalError);

/**
 * For tests: what every Journal promises. `create` makes an empty one with room for at least 16 MiB; the suite closes
 * what is open in the end. Clocks are real, so a test waits until something is so, and never sleeps.
 */
export const journalContract = (name: string, create: () => Promise<Opened>, skip: string | false = false): void => {
  describe(`${name} keeps the contract of a journal`, () => {
    let opened: Opened;
    let journal: Journal;
    afterEach(() => journal?.close());
    // A suite that is skipped whole would not be counted.
    const holds = (sentence: string, run: (t: TestContext) => Promise<unknown>) =>
      test(sentence, { skip }, async t => {
        opened = await create();
        journal = opened.journal;
        await run(t);
      });
    const reopen = async () => {
      journal = await opened.reopen();
    };

    const store = async (parts: Partial<StoredEvent> = {}, holdMs = 0): Promise<StoredEvent> => {
      const event = anEvent(parts);
      await journal.append(event, holdMs);
      return event;
    };
    /** Stores one in each of `lanes`, in this order, and no two in the same millisecond. */
    const storeIn = async (lanes: readonly string[]): Promise<StoredEvent[]> => {
      const events: StoredEvent[] = [];
      for (const lane of lanes) {
        events.push(await store({ lane }));
        await tick();
      }
      return events;
    };
    const tick = () => {
      const from = Date.now();
      return until(() => Date.now() > from, { what: 'the next millisecond', everyMs: 1 });
    };
    const lease = (most = 100, leaseMs = LONG_MS, app = 'app') => journal.lease(app, most, leaseMs);
    const leasedIds = async (...args: Parameters<typeof lease>): Promise<string[]> =>
      (await lease(...args)).map(({ id }) => id);
    /** Waits until `id` is given out, which has to be the next one; gives it. */
    const untilGiven = async (id: string, leaseMs = LONG_MS): Promise<Leased> => {
      const next = async (): Promise<Leased | undefined> => (await lease(1, leaseMs))[0];
      const given = await until(next, { what: `${id} is given out`, deadlineMs: 20_000, everyMs: 1 });
      assert.equal(given?.id, id);
      return given ?? assert.fail();
    };
    const deliver = (id: string) => journal.settle(id, { type: 'delivered' });
    const again = (id: string, ms = LONG_MS, reason = 'status 503') =>
      journal.settle(id, { type: 'again', ms, reason });
    const die = (id: string, reason = 'status 400') => journal.settle(id, { type: 'dead', reason });
    /** Leases what comes next and says what became of it. */
    const leaseAnd = async (settle: (id: string) => Promise<unknown>): Promise<string | undefined> => {
      const [event] = await lease(1);
      if (event) await settle(event.id);
      return event?.id;
    };
    const listedIds = async (filter: Filter = {}): Promise<string[]> =>
      (await journal.list(filter)).map(({ id }) => id);
    const backlogOf = async (app: string): Promise<Omit<Backlog, 'app'>> => {
      const { app: _, ...counts } = (await journal.backlog()).find(each => each.app === app) ?? { app, ...NOTHING };
      return counts;
    };
    const deadReasons = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await journal.list({ state: 'dead' })).map(({ id, reason }) => [id, reason]));

    holds('an empty one has nothing to give, to list and to count', async () => {
      assert.deepEqual(await lease(), []);
      assert.deepEqual(await journal.list({}), []);
      assert.equal(await journal.show('x'), undefined);
      assert.deepEqual([...(await journal.lanes())], []);
      assert.deepEqual(await backlogOf('app'), NOTHING);
      assert.equal(await journal.retry({}, LONG_MS), 0);
      assert.equal(await journal.drop({}), 0);
    });

    holds('an event comes out as it went in', async () => {
      const events = [
        anEvent({ lane: 'a', query: '?a=1&b=%20ä', head: 'Authorization: Bearer ü\r\nX: \t\r\n' }),
        anEvent({ lane: 'b', body: Buffer.from([0, 255, 254, 13, 10, 0]) }),
        anEvent({ lane: 'c', body: Buffer.alloc(0), head: '' }),
        anEvent({ lane: 'd\u0000{x}:* \r\n💥', hook: 'hook "h"', id: "o'id %_\\" }),
        anEvent({ lane: 'e', body: Buffer.alloc(1 << 20, 'x') }),
      ];
      for (const event of events) await journal.append(event, 0);
      const leased = new Map((await lease()).map(each => [each.lane, each]));
      for (const event of events) {
        const { body, ...rest } = event;
        const { body: out, ...others } = leased.get(event.lane) ?? assert.fail(event.lane);
        assert.deepEqual(others, { ...rest, attempts: 0 });
        // A comparison would print it.
        assert.ok(Buffer.isBuffer(out) && out.equals(body), event.lane);
      }
    });

    holds('a lane gives out one at a time, in the order of storing', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push((await store()).id);
      for (const id of ids) {
        assert.deepEqual(await leasedIds(), [id]);
        assert.deepEqual(await leasedIds(), []);
        await deliver(id);
      }
      assert.deepEqual(await leasedIds(), []);
    });

    holds('appends that are under way at the same time keep their order', async () => {
      const events = Array.from({ length: 50 }, (_, i) => anEvent({ lane: `lane-${i % 2}` }));
      await Promise.all(events.map(event => journal.append(event, 0)));
      for (const lane of ['lane-0', 'lane-1']) {
        const listed = (await journal.list({})).filter(each => each.lane === lane).map(({ id }) => id);
        assert.deepEqual(
          listed,
          events.filter(each => each.lane === lane).map(({ id }) => id),
        );
      }
    });

    holds('lanes go side by side, the longest due first, and no more than asked for', async () => {
      const [a, b, c] = (await storeIn(['c', 'a', 'b'])).map(({ id }) => id);
      assert.deepEqual(await leasedIds(2), [a, b]);
      assert.deepEqual(await leasedIds(2), [c]);
      assert.deepEqual(await leasedIds(0), []);
    });

    holds('an app is given its own events alone', async () => {
      const mine = await store();
      const other = await store({ app: 'other' });
      assert.deepEqual(await leasedIds(10, LONG_MS, 'other'), [other.id]);
      assert.deepEqual(await leasedIds(), [mine.id]);
      assert.deepEqual(await leasedIds(10, LONG_MS, 'unknown'), []);
    });

    holds('nobody else gets what is leased', async () => {
      const events = Array.from({ length: 40 }, (_, i) => anEvent({ lane: `lane-${i}` }));
      await Promise.all(events.map(event => journal.append(event, 0)));
      const leases = await Promise.all(Array.from({ length: 20 }, () => leasedIds(3)));
      assert.deepEqual(leases.flat().sort(), events.map(({ id }) => id).sort());
    });

    holds('a lease that is not settled ends by itself, and its event is given out again', async () => {
      const { id } = await store();
      const from = performance.now();
      assert.deepEqual(await leasedIds(1, 50), [id]);
      const given = await untilGiven(id);
      assert.ok(performance.now() - from >= 50 - ROUNDING_MS);
      assert.equal(given.attempts, 0);
    });

    holds('what is to be tried again comes no sooner, counted, and what follows waits for it', async () => {
      const first = await store();
      const second = await store();
      assert.equal(await leaseAnd(id => again(id, 0)), first.id);
      assert.equal((await untilGiven(first.id)).attempts, 1);
      const from = performance.now();
      await again(first.id, 60);
      assert.equal((await untilGiven(first.id)).attempts, 2);
      assert.ok(performance.now() - from >= 60 - ROUNDING_MS);
      await deliver(first.id);
      assert.equal((await untilGiven(second.id)).attempts, 0);
    });

    holds('whoever settles is told whether anything is left in the lane', async () => {
      const [first, second, other] = [
        await store({ lane: 'a' }),
        await store({ lane: 'a' }),
        await store({ lane: 'b' }),
      ];
      await leasedIds(9);
      assert.equal(await again(first.id, 0), false);
      await untilGiven(first.id);
      assert.equal(await deliver(first.id), false);
      assert.equal(await deliver(other.id), true);
      await untilGiven(second.id);
      assert.equal(await journal.settle(second.id, { type: 'dead', reason: 'no' }), true);
      assert.equal(await journal.settle('unknown', { type: 'delivered' }), false);
    });

    holds('what waits does not keep other lanes', async () => {
      const [a, b] = await storeIn(['a', 'b']);
      assert.equal(await leaseAnd(again), a?.id);
      assert.equal(await leaseAnd(deliver), b?.id);
    });

    holds('a list tells when an event is due, how often it was tried, and what went wrong', async () => {
      const { id } = await store();
      await leaseAnd(each => again(each, 60_000, 'reset'));
      const [listed] = await journal.list({});
      assert.ok(listed);
      const { state, reason, attempts, dueAt } = listed;
      assert.deepEqual(
        { id: listed.id, state, reason, attempts },
        { id, state: 'pending', reason: 'reset', attempts: 1 },
      );
      assert.ok(Math.abs(dueAt - Date.now() - 60_000) < 10_000, `due at ${dueAt}`);
    });

    holds('a dead one lets its lane go on, and is kept with its reason', async () => {
      const [first, second] = [await store(), await store()];
      const from = Date.now();
      assert.equal(await leaseAnd(die), first.id);
      assert.equal(await leaseAnd(deliver), second.id);
      const [listed, ...others] = await journal.list({});
      assert.deepEqual(others, []);
      assert.ok(listed);
      const { body, head, query, ...rest } = first;
      const { dueAt, bytes, ...seen } = listed;
      assert.deepEqual(seen, { ...rest, state: 'dead', reason: 'status 400', attempts: 1 });
      assert.ok(dueAt >= from - ROUNDING_MS && dueAt <= Date.now() + ROUNDING_MS);
      assert.ok(bytes >= body.length + head.length + query.length);
    });

    holds('a late word about an event that is gone harms nobody', async () => {
      const [first, second] = [await store(), await store()];
      await lease();
      await deliver(first.id);
      for (const settle of [deliver, die, again]) {
        await settle(first.id);
        await settle('unknown');
      }
      await journal.release('unknown');
      assert.equal(await leaseAnd(die), second.id);
      await again(second.id, 0);
      await die(second.id, 'another reason');
      assert.deepEqual(await deadReasons(), { [second.id]: 'status 400' });
      await deliver(second.id);
      assert.deepEqual(await journal.list({}), []);
    });

    holds('what is held is not given out, nor what follows it, until it is released', async () => {
      const first = await store({}, LONG_MS);
      const second = await store();
      const other = await store({ lane: 'other' });
      assert.deepEqual(await leasedIds(), [other.id]);
      await journal.release(first.id);
      assert.deepEqual(await leasedIds(), [first.id]);
      await deliver(first.id);
      assert.deepEqual(await leasedIds(), [second.id]);
    });

    holds('a hold ends by itself, no sooner than said', async () => {
      const from = performance.now();
      const { id } = await store({}, 60);
      await untilGiven(id);
      assert.ok(performance.now() - from >= 60 - ROUNDING_MS);
    });

    holds('a hold counts from storing, wherever in the lane', async () => {
      const first = await store();
      const second = await store({}, LONG_MS);
      assert.equal(await leaseAnd(deliver), first.id);
      assert.deepEqual(await leasedIds(), []);
      await journal.release(second.id);
      assert.deepEqual(await leasedIds(), [second.id]);
    });

    holds('what was taken out is not given out, and was there once', async () => {
      const [first, second, third] = [await store({}, LONG_MS), await store(), await store()];
      assert.equal(await journal.take(first.id), true);
      assert.equal(await journal.take(first.id), false);
      assert.equal(await journal.take('unknown'), false);
      assert.deepEqual(await leasedIds(), [second.id]);
      assert.equal(await journal.take(second.id), true);
      assert.equal(await leaseAnd(die), third.id);
      assert.equal(await journal.take(third.id), true);
      assert.deepEqual(await journal.list({}), []);
    });

    holds('an event is stored once, however often and whatever its state', async () => {
      const event = anEvent();
      const other = { ...event, lane: 'other', body: Buffer.from('other') };
      await Promise.all([journal.append(event, 0), journal.append(event, LONG_MS), journal.append(other, 0)]);
      const [given, ...others] = await lease();
      assert.deepEqual(others, []);
      assert.deepEqual(given, { ...event, attempts: 0 });
      await die(event.id);
      await journal.append(event, 0);
      assert.deepEqual(await leasedIds(), []);
      assert.deepEqual(await deadReasons(), { [event.id]: 'status 400' });
    });

    holds('what has expired is dead, is not given out and does not block its lane', async () => {
      const old = Date.now() - 10_000;
      const waiting = await store({ lane: 'w', expiresAt: Date.now() + 250 });
      assert.equal(await leaseAnd(again), waiting.id);
      const expired = await store({ receivedAt: old, expiresAt: old + 1000 });
      const good = await store();
      assert.deepEqual(await leasedIds(), [good.id]);
      assert.deepEqual((await deadReasons())[expired.id], 'expired');
      await until(() => Date.now() >= waiting.expiresAt, { what: 'it has expired' });
      await lease();
      assert.deepEqual(await deadReasons(), { [expired.id]: 'expired', [waiting.id]: 'expired' });
      const told = (await journal.expired()).map(({ id, app, hook }) => `${id} ${app} ${hook}`);
      assert.deepEqual(
        told.toSorted(),
        [expired, waiting].map(({ id, app, hook }) => `${id} ${app} ${hook}`).toSorted(),
      );
      assert.deepEqual(await journal.expired(), []);
      const { pending, dead } = await backlogOf('app');
      assert.deepEqual({ pending, dead }, { pending: 1, dead: 2 });
    });

    holds('an event that expires while it is leased is settled as its lease says', async () => {
      const { id, expiresAt } = await store({ expiresAt: Date.now() + 250 });
      assert.deepEqual(await leasedIds(), [id]);
      await until(() => Date.now() > expiresAt, { what: 'it has expired' });
      assert.deepEqual(await leasedIds(), []);
      assert.deepEqual(await deadReasons(), {});
      await deliver(id);
      assert.deepEqual(await journal.list({}), []);
    });

    holds('in a hurry all that waits is due, in the order in which it would have been', async () => {
      const events = await storeIn(['a', 'b', 'c']);
      const held = await store({ lane: 'held' }, LONG_MS);
      const other = await store({ app: 'other', lane: 'other' });
      await lease(10, LONG_MS, 'other');
      await again(other.id);
      await lease();
      for (const [i, ms] of [30_000, 10_000, 20_000].entries()) await again(events[i]?.id ?? '', ms);
      await tick();
      const fresh = await store({ lane: 'fresh' });
      assert.deepEqual(await leasedIds(), [fresh.id]);
      await journal.hurry('app');
      assert.deepEqual(await leasedIds(), [events[1]?.id, events[2]?.id, events[0]?.id]);
      assert.deepEqual(await leasedIds(10, LONG_MS, 'other'), []);
      await journal.hurry('app');
      assert.deepEqual(await leasedIds(), [], 'leased and held ones are left alone');
      await journal.release(held.id);
      assert.deepEqual(await leasedIds(), [held.id]);
    });

    holds('the lanes with something pending are known, and no others', async () => {
      await storeIn(['a', 'b', 'a']);
      await store({ lane: 'x', app: 'other' }, LONG_MS);
      assert.deepEqual([...(await journal.lanes())].sort(), ['a', 'b', 'x']);
      await leaseAnd(deliver);
      assert.deepEqual([...(await journal.lanes())].sort(), ['a', 'b', 'x']);
      await leaseAnd(die);
      await leaseAnd(deliver);
      assert.deepEqual([...(await journal.lanes())], ['x']);
    });

    holds('the backlog is counted for each app', async () => {
      const oldest = await store({ receivedAt: 1000 });
      await store({ receivedAt: 2000, body: Buffer.alloc(5000) });
      await store({ app: 'other', receivedAt: 3000 });
      const before = await backlogOf('app');
      assert.deepEqual([before.pending, before.dead, before.oldestAt], [2, 0, 1000]);
      assert.ok(before.bytes > 5000 && before.bytes < 20_000, `${before.bytes} bytes`);
      await die(oldest.id);
      const afterwards = await backlogOf('app');
      assert.deepEqual([afterwards.pending, afterwards.dead, afterwards.oldestAt], [1, 1, 2000]);
      await journal.drop({ app: 'app' });
      assert.deepEqual(await backlogOf('app'), NOTHING);
      assert.equal((await backlogOf('other')).oldestAt, 3000);
    });

    holds('a list is filtered by all that is asked for', async () => {
      const [a, b, c] = [
        await store({ id: 'a_1' }),
        await store({ id: 'a%2', hook: 'h' }),
        await store({ id: 'b1', app: 'o', lane: 'o' }),
      ];
      await die(a.id);
      assert.deepEqual(await listedIds(), [a.id, b.id, c.id]);
      assert.deepEqual(await listedIds({ app: 'app' }), [a.id, b.id]);
      assert.deepEqual(await listedIds({ hook: 'h' }), [b.id]);
      assert.deepEqual(await listedIds({ state: 'dead' }), [a.id]);
      assert.deepEqual(await listedIds({ state: 'pending' }), [b.id, c.id]);
      assert.deepEqual(await listedIds({ ids: ['a'] }), [a.id, b.id]);
      assert.deepEqual(await listedIds({ ids: ['a_', 'b1', 'a_1'] }), [a.id, c.id]);
      assert.deepEqual(await listedIds({ ids: ['%'] }), []);
      assert.deepEqual(await listedIds({ ids: [] }), []);
      assert.deepEqual(await listedIds({ most: 2 }), [a.id, b.id]);
      assert.deepEqual(await listedIds({ app: 'app', hook: 'h', state: 'pending', ids: ['a'], most: 1 }), [b.id]);
      assert.deepEqual(await listedIds({ app: 'app', state: 'dead', hook: 'h' }), []);
      for (const each of await journal.list({})) assert.ok(!('body' in each || 'head' in each || 'query' in each));
    });

    holds('one event is shown by its id, or a beginning that no other has', async () => {
      const one = await store({ id: 'abc-1', query: '?q' });
      await store({ id: 'abd-2' });
      await die(one.id);
      for (const id of ['abc-1', 'abc']) {
        const shown = await journal.show(id);
        assert.deepEqual([shown?.id, shown?.query, shown?.head, shown?.state], [one.id, one.query, one.head, 'dead']);
        assert.ok(shown?.body.equals(one.body));
      }
      for (const id of ['ab', 'abc-1-', '%', 'x']) assert.equal(await journal.show(id), undefined, id);
    });

    holds('a dead one that is retried comes behind its lane, with no attempts and new time', async () => {
      const [first, second] = [await store({ expiresAt: Date.now() + 200_000 }), await store()];
      assert.equal(await leaseAnd(die), first.id);
      const from = Date.now();
      assert.equal(await journal.retry({ ids: [first.id] }, 50_000), 1);
      assert.equal(await leaseAnd(deliver), second.id);
      const [given] = await lease();
      assert.deepEqual([given?.id, given?.attempts], [first.id, 0]);
      const keptMs = (given?.expiresAt ?? 0) - from;
      assert.ok(keptMs >= 50_000 - ROUNDING_MS && keptMs < 60_000, `kept for ${keptMs} ms`);
    });

    holds('dead ones that are retried together keep their order, in lanes that had nothing left too', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 4; i++) ids.push((await store()).id);
      for (const _ of ids) await leaseAnd(die);
      assert.equal(await journal.retry({ state: 'dead', most: 3 }, LONG_MS), 3);
      for (const id of ids.slice(0, 3)) assert.equal(await leaseAnd(deliver), id);
      assert.deepEqual(await listedIds(), ids.slice(3));
    });

    holds('a pending one that is retried is due now, unless it is held or leased', async () => {
      const waiting = await store({ lane: 'waiting' });
      await leaseAnd(again);
      const leased = await store({ lane: 'leased' });
      await lease();
      await store({ lane: 'held' }, LONG_MS);
      assert.equal(await journal.retry({ state: 'pending' }, LONG_MS), 3);
      const [given, ...others] = await lease();
      assert.deepEqual(others, []);
      assert.deepEqual([given?.id, given?.attempts, given?.expiresAt], [waiting.id, 1, waiting.expiresAt]);
      assert.equal(await journal.take(leased.id), true);
    });

    holds('what is dropped is gone, and its lane goes on', async () => {
      const [first, second, other] = [await store(), await store(), await store({ lane: 'o', hook: 'h' })];
      await journal.settle(other.id, { type: 'dead', reason: 'no' });
      assert.equal(await journal.drop({ ids: [first.id] }), 1);
      assert.equal(await journal.drop({ ids: [first.id] }), 0);
      assert.deepEqual(await leasedIds(), [second.id]);
      assert.equal(await journal.drop({ state: 'dead' }), 1);
      assert.deepEqual(await listedIds(), [second.id]);
    });

    holds('thousands are listed, retried and dropped', async () => {
      const events = Array.from({ length: 2500 }, (_, i) => anEvent({ lane: `lane-${i % 7}`, expiresAt: 1000 }));
      await Promise.all(events.map(event => journal.append(event, 0)));
      const haveExpired = async () => {
        await lease();
        return (await backlogOf('app')).dead === 2500;
      };
      await until(haveExpired, { what: 'all have expired', everyMs: 1 });
      assert.equal((await journal.list({ state: 'dead' })).length, 2500);
      assert.equal(await journal.retry({}, LONG_MS), 2500);
      assert.deepEqual(
        await listedIds(),
        events.map(({ id }) => id),
      );
      assert.equal(await journal.drop({ most: 2100 }), 2100);
      assert.equal(await journal.drop({}), 400);
      assert.deepEqual([...(await journal.lanes())], []);
    });

    holds('all that was acknowledged is there after an end and a new beginning', async () => {
      const [first, second] = [await store(), await store()];
      const [waiting, dead] = [await store({ lane: 'waiting' }), await store({ lane: 'dead', query: '?d' })];
      const [gone, taken] = [await store({ lane: 'gone' }), await store({ lane: 'taken' })];
      await lease(100, 100);
      await Promise.all([again(waiting.id), die(dead.id), deliver(gone.id), journal.take(taken.id)]);
      const [listed, counts] = [await journal.list({}), await backlogOf('app')];
      assert.deepEqual(await listedIds(), [first.id, second.id, waiting.id, dead.id]);
      await reopen();
      assert.deepEqual(await journal.list({}), listed);
      assert.deepEqual(await backlogOf('app'), counts);
      assert.deepEqual([...(await journal.lanes())].sort(), ['app/lane', 'waiting']);
      assert.equal((await journal.show(dead.id))?.query, '?d');
      await journal.append(dead, 0);
      assert.deepEqual(await deadReasons(), { [dead.id]: 'status 400' });
      await untilGiven(first.id);
      await deliver(first.id);
      await untilGiven(second.id);
      assert.deepEqual(await leasedIds(), []);
      await journal.hurry('app');
      assert.equal((await untilGiven(waiting.id)).attempts, 1);
    });

    holds('neither a hold nor a lease of one process keeps events from the next', async () => {
      const held = await store({}, LONG_MS);
      await reopen();
      await untilGiven(held.id, 100);
      await reopen();
      await untilGiven(held.id);
    });

    holds('each of many is delivered, in the order of its lane, whatever happens in between', async () => {
      const events = Array.from({ length: 600 }, (_, i) => anEvent({ lane: `lane-${i % 37}` }));
      await Promise.all(events.map(event => journal.append(event, 0)));
      const given: Leased[] = [];
      const work = async (nth: number): Promise<void> => {
        for (let turn = nth; given.length < events.length; turn++) {
          for (const event of await lease(5)) {
            if (turn % 3 === 0 && event.attempts === 0) await again(event.id, 0);
            else given.push(event);
            if (event === given.at(-1)) await deliver(event.id);
          }
        }
      };
      await Promise.all([0, 1, 2, 3].map(work));
      for (let i = 0; i < 37; i++) {
        const inLane = ({ lane }: StoredEvent): boolean => lane === `lane-${i}`;
        const ids = (all: readonly StoredEvent[]) => all.filter(inLane).map(({ id }) => id);
        assert.deepEqual(ids(given), ids(events));
      }
    });

    holds('after its end it refuses what is asked, and may be closed again', async () => {
      const event = await store();
      await journal.close();
      await rejectsWithJournalError(journal.append(event, 0));
      await rejectsWithJournalError(lease());
      await rejectsWithJournalError(journal.backlog());
      await journal.close();
    });

    holds('it does what a simple model of it does', t => keepsToModel(t, journal));

    after(() => journal?.close());
  });
};
