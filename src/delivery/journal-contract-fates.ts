import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { until } from '../../test/poll.ts';
import { MOST_WAIT_MS } from './journal.ts';
import { anEvent, LONG_MS, ROUNDING_MS, type Scene } from './journal-scene.ts';

/** What every Journal promises about what ends, waits or is held. */
export const fatesContract = (scene: Scene): void =>
  void describe('what becomes of an event', () => {
    const {
      holds,
      store,
      storeIn,
      tick,
      lease,
      leasedIds,
      untilGiven,
      deliver,
      again,
      die,
      leaseAnd,
      backlogOf,
      deadReasons,
    } = scene;

    holds('a dead one lets its lane go on, and is kept with its reason', async () => {
      const [first, second] = [await store(), await store()];
      const from = Date.now();
      assert.equal(await leaseAnd(die), first.id);
      assert.equal(await leaseAnd(deliver), second.id);
      const [listed, ...others] = await scene.journal.list({});
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
      await scene.journal.release('unknown');
      assert.equal(await leaseAnd(die), second.id);
      await again(second.id, 0);
      await die(second.id, 'another reason');
      assert.deepEqual(await deadReasons(), { [second.id]: 'status 400' });
      await deliver(second.id);
      assert.deepEqual(await scene.journal.list({}), []);
    });

    holds('what is held is not given out, nor what follows it, until it is released', async () => {
      const first = await store({}, LONG_MS);
      const second = await store();
      const other = await store({ lane: 'other' });
      assert.deepEqual(await leasedIds(), [other.id]);
      await scene.journal.release(first.id);
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
      await scene.journal.release(second.id);
      assert.deepEqual(await leasedIds(), [second.id]);
    });

    holds('what was taken out is not given out, and was there once', async () => {
      const [first, second, third] = [await store({}, LONG_MS), await store(), await store()];
      assert.equal(await scene.journal.take(first.id), true);
      assert.equal(await scene.journal.take(first.id), false);
      assert.equal(await scene.journal.take('unknown'), false);
      assert.deepEqual(await leasedIds(), [second.id]);
      assert.equal(await scene.journal.take(second.id), true);
      assert.equal(await leaseAnd(die), third.id);
      assert.equal(await scene.journal.take(third.id), true);
      assert.deepEqual(await scene.journal.list({}), []);
    });

    holds('an event is stored once, however often and whatever its state', async () => {
      const event = anEvent();
      const other = { ...event, lane: 'other', body: Buffer.from('other') };
      await Promise.all([
        scene.journal.append(event, 0),
        scene.journal.append(event, LONG_MS),
        scene.journal.append(other, 0),
      ]);
      const [given, ...others] = await lease();
      assert.deepEqual(others, []);
      assert.deepEqual(given, { ...event, attempts: 0 });
      await die(event.id);
      await scene.journal.append(event, 0);
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
      assert.deepEqual(await scene.journal.ended(), [{ app: 'app', how: 'expired', count: 2 }]);
      assert.deepEqual(await scene.journal.ended(), []);
      const { pending, dead } = await backlogOf('app');
      assert.deepEqual({ pending, dead }, { pending: 1, dead: 2 });
    });

    holds('what has expired is dead in apps for which nobody asks, unless it is leased', async () => {
      const old = { receivedAt: Date.now() - 10_000, expiresAt: Date.now() - 5000 };
      const [one, two] = [await store({ app: 'gone', ...old }), await store({ app: 'too', ...old })];
      const ended = await scene.journal.ended();
      assert.deepEqual(new Set(ended.map(({ app }) => app)), new Set(['gone', 'too']));
      assert.deepEqual(await deadReasons(), { [one.id]: 'expired', [two.id]: 'expired' });
      assert.deepEqual(await scene.journal.ended(), []);
    });

    holds('what is dropped is counted, whatever its state, and what is delivered or taken is not', async () => {
      const events = await storeIn(['a', 'b', 'c', 'd']);
      await leaseAnd(die);
      await leaseAnd(deliver);
      await scene.journal.take(events[2]?.id ?? '');
      assert.equal(await scene.journal.drop({}), 2);
      assert.deepEqual(await scene.journal.ended(), [{ app: 'app', how: 'dropped', count: 2 }]);
    });

    holds('what waits longer than anything does has met a clock that was set back, and is due', async () => {
      const [far, near] = await storeIn(['far', 'near']);
      await lease();
      await again(far?.id ?? '', MOST_WAIT_MS + 60_000);
      await again(near?.id ?? '', MOST_WAIT_MS - 60_000);
      assert.deepEqual(await leasedIds(), []);
      await scene.journal.ended();
      assert.deepEqual(await leasedIds(), [far?.id]);
    });

    holds('in a hurry thousands are due', async () => {
      const events = Array.from({ length: 1700 }, (_, i) => anEvent({ lane: `lane-${i}` }));
      await Promise.all(events.map(event => scene.journal.append(event, 0)));
      const given = new Set<string>();
      const leaseAll = async () => {
        for (const id of await leasedIds(2000)) given.add(id);
        return given.size === events.length;
      };
      await until(leaseAll, { what: 'all are leased', everyMs: 1 });
      await Promise.all(events.map(({ id }) => again(id)));
      await scene.journal.hurry('app');
      given.clear();
      await until(leaseAll, { what: 'all are due', everyMs: 1 });
    });

    holds('an event that expires while it is leased is settled as its lease says', async () => {
      const { id, expiresAt } = await store({ expiresAt: Date.now() + 250 });
      assert.deepEqual(await leasedIds(), [id]);
      await until(() => Date.now() > expiresAt, { what: 'it has expired' });
      assert.deepEqual(await leasedIds(), []);
      assert.deepEqual(await deadReasons(), {});
      await deliver(id);
      assert.deepEqual(await scene.journal.list({}), []);
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
      await scene.journal.hurry('app');
      assert.deepEqual(await leasedIds(), [events[1]?.id, events[2]?.id, events[0]?.id]);
      assert.deepEqual(await leasedIds(10, LONG_MS, 'other'), []);
      await scene.journal.hurry('app');
      assert.deepEqual(await leasedIds(), [], 'leased and held ones are left alone');
      await scene.journal.release(held.id);
      assert.deepEqual(await leasedIds(), [held.id]);
    });

    holds('the lanes with something pending are known, and no others', async () => {
      await storeIn(['a', 'b', 'a']);
      await store({ lane: 'x', app: 'other' }, LONG_MS);
      assert.deepEqual([...(await scene.journal.lanes())].sort(), ['a', 'b', 'x']);
      await leaseAnd(deliver);
      assert.deepEqual([...(await scene.journal.lanes())].sort(), ['a', 'b', 'x']);
      await leaseAnd(die);
      await leaseAnd(deliver);
      assert.deepEqual([...(await scene.journal.lanes())], ['x']);
    });
  });
