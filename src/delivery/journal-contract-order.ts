import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { anEvent, LONG_MS, NOTHING, ROUNDING_MS, type Scene } from './journal-scene.ts';

/** What every Journal promises about order, leases and what is tried again. */
export const orderContract = (scene: Scene): void =>
  void describe('order', () => {
    const { holds, store, storeIn, lease, leasedIds, untilGiven, deliver, again, leaseAnd, backlogOf } = scene;

    holds('an empty one has nothing to give, to list and to count', async () => {
      assert.deepEqual(await lease(), []);
      assert.deepEqual(await scene.journal.list({}), []);
      assert.equal(await scene.journal.show('x'), undefined);
      assert.deepEqual([...(await scene.journal.lanes())], []);
      assert.deepEqual(await backlogOf('app'), NOTHING);
      assert.equal(await scene.journal.retry({}, LONG_MS), 0);
      assert.equal(await scene.journal.drop({}), 0);
    });

    holds('an event comes out as it went in', async () => {
      const events = [
        anEvent({ lane: 'a', query: '?a=1&b=%20ä', head: 'Authorization: Bearer ü\r\nX: \t\r\n' }),
        anEvent({ lane: 'b', body: Buffer.from([0, 255, 254, 13, 10, 0]) }),
        anEvent({ lane: 'c', body: Buffer.alloc(0), head: '' }),
        anEvent({ lane: 'd\u0000{x}:* \r\n💥', hook: 'hook "h"', id: "o'id %_\\" }),
        anEvent({ lane: 'e', body: Buffer.alloc(1 << 20, 'x') }),
      ];
      for (const event of events) await scene.journal.append(event, 0);
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
      await Promise.all(events.map(event => scene.journal.append(event, 0)));
      for (const lane of ['lane-0', 'lane-1']) {
        const listed = (await scene.journal.list({})).filter(each => each.lane === lane).map(({ id }) => id);
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
      await Promise.all(events.map(event => scene.journal.append(event, 0)));
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

    holds('what could not be sent is no attempt, and waits all the same', async () => {
      const { id } = await store();
      const settlement = { type: 'again', ms: LONG_MS, isUnsent: true } as const;
      await leaseAnd(each => scene.journal.settle(each, settlement));
      assert.deepEqual(await leasedIds(), []);
      await scene.journal.hurry('app');
      assert.equal((await untilGiven(id)).attempts, 0);
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
      assert.equal(await scene.journal.settle(second.id, { type: 'dead', reason: 'no' }), true);
      assert.equal(await scene.journal.settle('unknown', { type: 'delivered' }), false);
    });

    holds('what waits does not keep other lanes', async () => {
      const [a, b] = await storeIn(['a', 'b']);
      assert.equal(await leaseAnd(again), a?.id);
      assert.equal(await leaseAnd(deliver), b?.id);
    });

    holds('a list tells when an event is due, how often it was tried, and what went wrong', async () => {
      const { id } = await store();
      await leaseAnd(each => again(each, 60_000, 'reset'));
      const [listed] = await scene.journal.list({});
      assert.ok(listed);
      const { state, reason, attempts, dueAt } = listed;
      assert.deepEqual(
        { id: listed.id, state, reason, attempts },
        { id, state: 'pending', reason: 'reset', attempts: 1 },
      );
      assert.ok(Math.abs(dueAt - Date.now() - 60_000) < 10_000, `due at ${dueAt}`);
    });

    holds('a list tells behind which of its lane an event waits, until that one is gone or dead', async () => {
      const [first, second, third] = [await store(), await store(), await store()];
      const other = await store({ lane: 'other' });
      const behind = async () => (await scene.journal.list({})).map(each => [each.id, each.behind]);
      assert.deepEqual(await behind(), [
        [first.id, undefined],
        [second.id, first.id],
        [third.id, first.id],
        [other.id, undefined],
      ]);
      assert.equal((await scene.journal.show(third.id))?.behind, first.id);
      await scene.die(first.id);
      assert.deepEqual(await behind(), [
        [first.id, undefined],
        [second.id, undefined],
        [third.id, second.id],
        [other.id, undefined],
      ]);
    });
  });
