import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { aCall, collectEvents, type FakeTime, fakeTime, OK, realTime } from '../../test/kit/hand-played.ts';
import { type Code, GatewayError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { EjectionOptions, Replicas } from './ejection.ts';
import type { Replica } from './replica.ts';

afterEach(realTime);

const OPTIONS = EjectionOptions.parse({});
const NAMES = ['a', 'b', 'c'];

interface Scene {
  readonly time: FakeTime;
  readonly events: Event[];
  readonly all: readonly Replica[];
  /** As many calls to one of them, each of which took `ms` and ended with an answer or an error. */
  readonly calls: (replica: Replica | undefined, count: number, ms: number, code?: Code) => Promise<void>;
}

const aScene = (changes: { readonly names?: readonly string[]; readonly isOff?: true } = {}): Scene => {
  const { names = NAMES, isOff } = changes;
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const group = new Replicas({ app: 'EchoApp', emit, options: isOff ? false : OPTIONS, slowStartMs: 10_000 });
  const all = names.map(name => group.join(name));
  return {
    time,
    events,
    all,
    calls: async (replica, count, ms, code) => {
      const attempt = { upstream: '', sent: true, ms };
      const end = async () => {
        if (code) throw new GatewayError(code);
        return OK;
      };
      for (let i = 0; i < count; i++)
        await replica
          ?.layer(end)(aCall({ attempt }))
          .catch(() => {});
    },
  };
};

const ejected = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'ejected' ? [`${event.upstream} ${event.reason}`] : []));

/** The others answer in 10 ms, and time has passed since they were compared. */
const others = async ({ time, all, calls }: Scene): Promise<void> => {
  for (const replica of all.slice(0, -1)) await calls(replica, 40, 10);
  await time.tick(500);
};

test('five failures in a row take one out, four and an answer do not', async () => {
  const { all, calls, events } = aScene();
  await calls(all[0], 4, 5, 'reset');
  await calls(all[0], 1, 5);
  await calls(all[0], 4, 5, 'reset');
  assert.deepEqual(ejected(events), []);
  await calls(all[0], 1, 5, 'refused');
  assert.deepEqual(ejected(events), ['a failures']);
  assert.deepEqual(
    all.map(({ share }) => share),
    [0, 1, 1],
  );
  assert.deepEqual(all[0]?.state(), { out: 'failures', returnsInMs: 10_000 });
});

test('what is no fault of the upstream is no failure', async () => {
  const { all, calls, events } = aScene();
  await calls(all[0], 50, 5, 'cancelled');
  await calls(all[0], 50, 5, 'stale');
  await calls(all[0], 50, 100, 'limit'); // of 3 s
  assert.deepEqual(ejected(events), []);
  await calls(all[0], 5, 1600, 'limit');
  assert.deepEqual(ejected(events), ['a failures']);
});

test('one that is ten times as slow as the others is taken out, once there are enough calls to say so', async () => {
  const scene = aScene();
  const { all, calls, events, time } = scene;
  await others(scene);
  await calls(all[2], 31, 100);
  await time.tick(500);
  assert.deepEqual(ejected(events), []);
  await calls(all[2], 1, 100);
  assert.deepEqual(ejected(events), ['c slow']);
  const [told] = events;
  assert.equal(told?.type === 'ejected' && told.detail, 'it takes 100 ms at the median, the others 10 ms');
});

test('where all are quick, one that is twenty milliseconds further away is not slow', async () => {
  const { all, calls, events, time } = aScene();
  for (const replica of all.slice(0, 2)) await calls(replica, 40, 0.5);
  await time.tick(500);
  await calls(all[2], 40, 20);
  await time.tick(500);
  await calls(all[2], 1, 20);
  assert.deepEqual(ejected(events), []);
});

test('the loser of a hedge says that it is slow, although it is never heard to the end', async () => {
  const scene = aScene();
  await others(scene);
  await scene.calls(scene.all[2], 40, 80, 'cancelled');
  await scene.time.tick(500);
  await scene.calls(scene.all[2], 1, 80);
  assert.deepEqual(ejected(scene.events), ['c slow']);
});

test('a call whose client left soon says nothing about how quick it is', async () => {
  const scene = aScene();
  await others(scene);
  await scene.calls(scene.all[2], 40, 100, 'cancelled');
  await scene.calls(scene.all[2], 40, 1, 'gone');
  assert.ok((scene.all[2]?.medianMs ?? 0) >= 100);
});

test('one that fails at 30 % while the others do not is taken out', async () => {
  const scene = aScene();
  const { all, calls, events } = scene;
  await others(scene);
  for (let i = 0; i < 20; i++) {
    await calls(all[2], 2, 10);
    await calls(all[2], 1, 10, 'status');
    await scene.time.tick(500);
  }
  assert.deepEqual(ejected(events), ['c errors']);
});

test('a share that chance explains is not far off, however far it is', async () => {
  const scene = aScene();
  const { all, calls, events, time } = scene;
  await others(scene);
  const fail = async (rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      await calls(all[2], 7, 10);
      await calls(all[2], 2, 10, 'status');
    }
    await time.tick(500);
    await calls(all[2], 1, 10);
  };
  await fail(4); // 8 of 37
  assert.deepEqual(ejected(events), []);
  await fail(10); // 28 of 128
  assert.deepEqual(ejected(events), ['c errors']);
});

test('where the others fail as well, a run of failures must be longer to say anything', async () => {
  const { all, calls, events } = aScene();
  for (const replica of all.slice(0, 2))
    for (let i = 0; i < 12; i++) {
      await calls(replica, 4, 10);
      await calls(replica, 1, 10, 'status');
    }
  await calls(all[2], 8, 10, 'status');
  assert.deepEqual(ejected(events), []);
  await calls(all[2], 1, 10, 'status'); // 20 % to the power of nine
  assert.deepEqual(ejected(events), ['c failures']);
});

test('where all fail as often, or are as slow, nobody is taken out', async () => {
  const { all, calls, events, time } = aScene();
  for (let i = 0; i < 40; i++) {
    for (const replica of all) {
      await calls(replica, 2, 300);
      await calls(replica, 1, 300, 'status');
    }
    await time.tick(200);
  }
  assert.deepEqual(ejected(events), []);
});

test('it comes back after 10 s with a share that grows over 10 s', async () => {
  const { all, calls, events, time } = aScene();
  await calls(all[0], 5, 5, 'reset');
  await time.tick(9_900);
  assert.equal(all[0]?.share, 0);
  await time.tick(100);
  assert.equal(all[0]?.share, 0);
  assert.deepEqual(events.at(-1), { type: 'returned', app: 'EchoApp', upstream: 'a', slowStartMs: 10_000 });
  await time.tick(4_000);
  assert.equal(all[0]?.share, 0.4);
  assert.deepEqual(all[0]?.state(), { share: 0.4 });
  await time.tick(6_000);
  assert.equal(all[0]?.share, 1);
  assert.deepEqual(all[0]?.state(), {});
});

test('out again soon after its return it stays out for twice as long, up to maxFor; once it was well, for 10 s again', async () => {
  const { all, calls, events, time } = aScene();
  const [one] = all;
  for (let i = 0; i < 7; i++) {
    await calls(one, 5, 5, 'reset');
    await time.tick(one?.returnsInMs ?? 0);
    assert.equal(one?.isOut, false);
  }
  await time.tick(300_000 + 10_000 + 30_000);
  await calls(one, 5, 5, 'reset');
  assert.deepEqual(
    events.flatMap(event => (event.type === 'ejected' ? [event.forMs] : [])),
    [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 10_000],
  );
});

test('out soon after its health check has brought it back, it stays out for as long as the first time', async () => {
  const { all, calls, time } = aScene();
  const [one] = all;
  one?.eject('health', 'it answered 503');
  one?.foundWell();
  await time.tick(1_000);
  await calls(one, 5, 5, 'reset');
  assert.equal(one?.returnsInMs, 10_000);
});

test('a result from before an ejection or a return decides nothing', async () => {
  const { all, events, time } = aScene();
  const [one] = all;
  assert.ok(one);
  const late = Array.from({ length: 20 }, () => Promise.withResolvers<never>());
  const ends = late.map(({ promise }) =>
    one
      .layer(() => promise)(aCall())
      .catch(() => {}),
  );
  const early = Array.from({ length: 5 }, () => one.layer(() => Promise.reject(new GatewayError('reset')))(aCall()));
  await Promise.allSettled(early);
  await time.tick(10_000);
  assert.equal(one.isOut, false);
  for (const { reject } of late) reject(new GatewayError('reset'));
  await Promise.all(ends);
  assert.equal(one.failuresInRow, 0);
  assert.deepEqual(ejected(events), ['a failures']);
});

test('a reload tells that one is back, and of the one it has replaced nothing more', async () => {
  const { all, calls, events, time } = aScene();
  await calls(all[0], 5, 5, 'reset');
  for (const replica of all) replica.replace();
  await time.tick(20_000);
  assert.equal(all[0]?.isOut, false);
  await calls(all[1], 5, 5, 'reset');
  assert.deepEqual(
    events.map(({ type }) => type),
    ['ejected', 'returned'],
  );
});

test('of two one may be out, of three one, of four two, of one none', async () => {
  for (const [count, most] of [
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
  ] as const) {
    const { all, calls } = aScene({ names: ['a', 'b', 'c', 'd'].slice(0, count) });
    for (const replica of all) await calls(replica, 20, 5, 'refused');
    assert.equal(all.filter(({ isOut }) => isOut).length, most);
  }
});

test('switched off it takes nobody out', async () => {
  const { all, calls, events } = aScene({ isOff: true });
  await calls(all[0], 100, 5, 'refused');
  assert.deepEqual(events, []);
});

const step = fc.record({
  at: fc.nat(4),
  count: fc.integer({ min: 1, max: 25 }),
  ms: fc.constantFrom(1, 10, 200),
  code: fc.constantFrom<(Code | undefined)[]>(undefined, undefined, 'reset', 'status', 'timeout', 'cancelled'),
  passMs: fc.constantFrom(0, 100, 600, 6000),
});

test('whatever they do, never more than half of them are out, and whoever is out comes back', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), async (count, steps) => {
      const { all, calls, time } = aScene({ names: ['a', 'b', 'c', 'd', 'e'].slice(0, count) });
      for (const { at, count: many, ms, code, passMs } of steps) {
        await calls(all[at % count], many, ms, code);
        await time.tick(passMs);
        assert.ok(all.filter(({ isOut }) => isOut).length <= count / 2);
      }
      for (const replica of all) await time.tick(Math.min(replica.returnsInMs ?? 0, OPTIONS.maxFor));
      assert.ok(all.every(({ isOut }) => !isOut));
    }),
    { numRuns: 60 },
  ));
