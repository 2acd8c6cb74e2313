import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { until } from '../../test/poll.ts';
import type { Leased, StoredEvent } from './journal.ts';
import { anEvent, LONG_MS, NOTHING, ROUNDING_MS, rejectsWithJournalError, type Scene } from './journal-scene.ts';

/** What every Journal promises to its operator, and of what it keeps over its end. */
export const keepingContract = (scene: Scene): void =>
  void describe('what is kept and told', () => {
    const {
      holds,
      reopen,
      store,
      lease,
      leasedIds,
      untilGiven,
      deliver,
      again,
      die,
      leaseAnd,
      listedIds,
      backlogOf,
      deadReasons,
    } = scene;

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
      await scene.journal.drop({ app: 'app' });
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
      for (const each of await scene.journal.list({}))
        assert.ok(!('body' in each || 'head' in each || 'query' in each));
    });

    holds('one event is shown by its id, or a beginning that no other has', async () => {
      const one = await store({ id: 'abc-1', query: '?q' });
      await store({ id: 'abd-2' });
      await die(one.id);
      for (const id of ['abc-1', 'abc']) {
        const shown = await scene.journal.show(id);
        assert.deepEqual([shown?.id, shown?.query, shown?.head, shown?.state], [one.id, one.query, one.head, 'dead']);
        assert.ok(shown?.body.equals(one.body));
      }
      for (const id of ['ab', 'abc-1-', '%', 'x']) assert.equal(await scene.journal.show(id), undefined, id);
    });

    holds('a dead one that is retried comes behind its lane, with no attempts and new time', async () => {
      const [first, second] = [await store({ expiresAt: Date.now() + 200_000 }), await store()];
      assert.equal(await leaseAnd(die), first.id);
      const from = Date.now();
      assert.equal(await scene.journal.retry({ ids: [first.id] }, 50_000), 1);
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
      assert.equal(await scene.journal.retry({ state: 'dead', most: 3 }, LONG_MS), 3);
      for (const id of ids.slice(0, 3)) assert.equal(await leaseAnd(deliver), id);
      assert.deepEqual(await listedIds(), ids.slice(3));
    });

    holds('a pending one that is retried is due now, unless it is held or leased', async () => {
      const waiting = await store({ lane: 'waiting' });
      await leaseAnd(again);
      const leased = await store({ lane: 'leased' });
      await lease();
      await store({ lane: 'held' }, LONG_MS);
      assert.equal(await scene.journal.retry({ state: 'pending' }, LONG_MS), 3);
      const [given, ...others] = await lease();
      assert.deepEqual(others, []);
      assert.deepEqual([given?.id, given?.attempts, given?.expiresAt], [waiting.id, 1, waiting.expiresAt]);
      assert.equal(await scene.journal.take(leased.id), true);
    });

    holds('what is dropped is gone, and its lane goes on', async () => {
      const [first, second, other] = [await store(), await store(), await store({ lane: 'o', hook: 'h' })];
      await scene.journal.settle(other.id, { type: 'dead', reason: 'no' });
      assert.equal(await scene.journal.drop({ ids: [first.id] }), 1);
      assert.equal(await scene.journal.drop({ ids: [first.id] }), 0);
      assert.deepEqual(await leasedIds(), [second.id]);
      assert.equal(await scene.journal.drop({ state: 'dead' }), 1);
      assert.deepEqual(await listedIds(), [second.id]);
    });

    holds('thousands are listed, retried and dropped', async () => {
      const events = Array.from({ length: 2500 }, (_, i) => anEvent({ lane: `lane-${i % 7}`, expiresAt: 1000 }));
      await Promise.all(events.map(event => scene.journal.append(event, 0)));
      const haveExpired = async () => {
        await lease();
        return (await backlogOf('app')).dead === 2500;
      };
      await until(haveExpired, { what: 'all have expired', everyMs: 1 });
      assert.equal((await scene.journal.list({ state: 'dead' })).length, 2500);
      assert.equal(await scene.journal.retry({}, LONG_MS), 2500);
      assert.deepEqual(
        await listedIds(),
        events.map(({ id }) => id),
      );
      assert.equal(await scene.journal.drop({ most: 2100 }), 2100);
      assert.equal(await scene.journal.drop({}), 400);
      assert.deepEqual([...(await scene.journal.lanes())], []);
    });

    holds('all that was acknowledged is there after an end and a new beginning', async () => {
      const [first, second] = [await store(), await store()];
      const [waiting, dead] = [await store({ lane: 'waiting' }), await store({ lane: 'dead', query: '?d' })];
      const [gone, taken] = [await store({ lane: 'gone' }), await store({ lane: 'taken' })];
      await lease(100, 100);
      await Promise.all([again(waiting.id), die(dead.id), deliver(gone.id), scene.journal.take(taken.id)]);
      // A lease ends with its process, and with it what the list says of when it ends.
      const list = async () =>
        (await scene.journal.list({})).map(each => (each.id === first.id ? { ...each, dueAt: 0 } : each));
      const [listed, counts] = [await list(), await backlogOf('app')];
      assert.deepEqual(await listedIds(), [first.id, second.id, waiting.id, dead.id]);
      await reopen();
      assert.deepEqual(await list(), listed);
      assert.deepEqual(await backlogOf('app'), counts);
      assert.deepEqual([...(await scene.journal.lanes())].sort(), ['app/lane', 'waiting']);
      assert.equal((await scene.journal.show(dead.id))?.query, '?d');
      await scene.journal.append(dead, 0);
      assert.deepEqual(await deadReasons(), { [dead.id]: 'status 400' });
      await untilGiven(first.id);
      await deliver(first.id);
      await untilGiven(second.id);
      assert.deepEqual(await leasedIds(), []);
      await scene.journal.hurry('app');
      assert.equal((await untilGiven(waiting.id)).attempts, 1);
    });

    holds('neither a hold nor a lease of one process keeps events from the next', async () => {
      const held = await store({}, LONG_MS);
      await reopen();
      await untilGiven(held.id);
      await reopen();
      assert.deepEqual(await leasedIds(), [held.id]);
    });

    holds('each of many is delivered, in the order of its lane, whatever happens in between', async () => {
      const events = Array.from({ length: 600 }, (_, i) => anEvent({ lane: `lane-${i % 37}` }));
      await Promise.all(events.map(event => scene.journal.append(event, 0)));
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
      await scene.journal.close();
      await rejectsWithJournalError(scene.journal.append(event, 0));
      await rejectsWithJournalError(lease());
      await rejectsWithJournalError(scene.journal.backlog());
      await scene.journal.close();
    });
  });
