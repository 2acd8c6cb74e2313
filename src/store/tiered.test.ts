import assert from 'node:assert/strict';
import { afterEach, describe, mock, test } from 'node:test';
import { fakeTime, realTime, settle } from '../../test/kit/hand-played.ts';
import { VERDICTS, type Verdict } from '../answers/verdicts.ts';
import { memoryStore } from './memory.ts';
import type { Found, RemoteStore } from './redis.ts';
import { tieredStore } from './tiered.ts';

const KEEP_MS = 100_000;
const WITHIN_MS = 20;

/** Of an age in milliseconds; one of 0 is not doubted. */
const verdict = (patch: string, ageMs = 0): Verdict => ({
  version: 1,
  storedAt: Date.now() - ageMs,
  status: 200,
  patch,
});

interface Write {
  readonly key: string;
  readonly value: Verdict | undefined;
  readonly keepForMs: number;
  end(isThere: boolean): void;
}

/** A remote tier that the test answers by hand. */
class Remote implements RemoteStore<Verdict> {
  life = 1;
  readonly finds: { key: string; withinMs: number; give(found?: Found<Verdict> | null): void }[] = [];
  readonly writes: Write[] = [];
  answered = () => {};
  isClosed = false;

  find(key: string, withinMs: number): Promise<Found<Verdict> | null | undefined> {
    return new Promise(give => this.finds.push({ key, withinMs, give }));
  }

  write(key: string, value: Verdict | undefined, keepForMs: number): Promise<boolean> {
    return new Promise(end => this.writes.push({ key, value, keepForMs, end }));
  }

  readonly fills: Write[] = [];

  fill(key: string, value: Verdict, keepForMs: number): Promise<boolean> {
    return new Promise(end => this.fills.push({ key, value, keepForMs, end }));
  }

  onAnswer(run: () => void): void {
    this.answered = run;
  }

  async get(): Promise<undefined> {}
  set(): void {}
  delete(): void {}

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** Ends all writes so far, and gives what they were. */
  async end(isThere: boolean): Promise<[string, Verdict | undefined][]> {
    const writes = this.writes.splice(0);
    for (const write of writes) write.end(isThere);
    await settle();
    return writes.map(({ key, value }) => [key, value]);
  }
}

const create = (entries = 100) => {
  const time = fakeTime();
  const remote = new Remote();
  const memory = memoryStore(VERDICTS, { entries });
  const store = tieredStore({ kind: VERDICTS, memory, remote, entries: 100, areConfirmed: true });
  const get = async (key: string, found?: Found<Verdict> | null) => {
    const got = store.get(key, WITHIN_MS);
    await settle();
    remote.finds.shift()?.give(found);
    return got;
  };
  return { ...time, remote, memory, store, get };
};

afterEach(realTime);

describe('the tiered store, reading', () => {
  test('what memory has not is asked for in the remote tier, and then kept', async () => {
    const { store, remote, memory } = create();
    const value = verdict('{"a":1}');
    const got = store.get('a', WITHIN_MS);
    await settle();
    assert.deepEqual([remote.finds[0]?.key, remote.finds[0]?.withinMs], ['a', WITHIN_MS]);
    remote.finds[0]?.give({ value, leftMs: 5000 });
    assert.deepEqual(await got, value);
    assert.deepEqual(await store.get('a', WITHIN_MS), value);
    assert.equal(remote.finds.length, 1);
    assert.deepEqual(memory.peek('a'), value);
    assert.equal(remote.writes.length, 0);
  });

  test('what came from the remote tier is kept no longer than it is good there', async () => {
    const { memory, get, tick } = create();
    await get('a', { value: verdict('{}'), leftMs: 50 });
    await tick(60);
    assert.equal(memory.peek('a'), undefined);
  });

  test('a miss in both is a miss', async () => assert.equal(await create().get('a'), undefined));

  test('what was said a moment ago is not doubted', async () => {
    const { store, remote } = create();
    store.set('a', verdict('{}'), KEEP_MS);
    await remote.end(true);
    assert.ok(await store.get('a', WITHIN_MS));
    assert.equal(remote.finds.length, 0);
  });

  for (const [name, localAgeMs, remoteAgeMs, winner] of [
    ['a newer one of another instance wins', 5000, 3000, 'remote'],
    ['an older one of another instance loses', 5000, 7000, 'local'],
    ['one as old as it loses', 5000, 5000, 'local'],
  ] as const) {
    test(`what was said a while ago is doubted: ${name}`, async () => {
      const { store, remote, get } = create();
      mock.method(Date, 'now', () => 1_700_000_000_000);
      store.set('a', verdict('"local"', localAgeMs), KEEP_MS);
      await remote.end(true);
      const got = await get('a', { value: verdict('"remote"', remoteAgeMs), leftMs: 1000 });
      assert.equal(got?.status === 200 && got.patch, `"${winner}"`);
      assert.equal(store.peek('a')?.storedAt, got?.storedAt);
    });
  }

  test('what is doubted stands where the remote tier does not answer', async () => {
    const { store, remote, get } = create();
    store.set('a', verdict('{}', 5000), KEEP_MS);
    await remote.end(true);
    assert.ok(await get('a', undefined));
  });

  test('and goes where it answers that it has nothing: another instance has taken it out', async () => {
    const { store, remote, memory, get } = create();
    store.set('a', verdict('{}', 5000), KEEP_MS);
    await remote.end(true);
    assert.equal(await get('a', null), undefined);
    assert.equal(memory.peek('a'), undefined);
  });

  test('when the remote tier is back, what it may have lost is put back where nothing is, and is believed until then', async () => {
    const { store, remote, get } = create();
    remote.answered();
    store.set('a', verdict('{}', 5000), KEEP_MS);
    await remote.end(true);
    remote.life = 2;
    remote.answered();
    assert.ok(await get('a'));
    assert.equal(remote.finds.length, 0);
    const [fill] = remote.fills;
    assert.deepEqual([fill?.key, fill?.value?.status], ['a', 200]);
    fill?.end(true);
    await settle();
    assert.equal(await get('a', null), undefined);
  });

  test('what is set while the remote tier is asked is not overwritten by its answer', async () => {
    const { store, remote } = create();
    const got = store.get('a', WITHIN_MS);
    await settle();
    store.set('a', verdict('"new"'), KEEP_MS);
    await remote.end(true);
    remote.finds[0]?.give({ value: verdict('"old"', 500), leftMs: 1000 });
    const value = await got;
    assert.equal(value?.status === 200 && value.patch, '"new"');
  });

  test('what is set while the remote tier is asked stands even where it need not be written', async () => {
    const { store, remote } = create(1);
    store.set('a', verdict('"mine"'), KEEP_MS);
    store.set('b', verdict('{}'), KEEP_MS);
    await remote.end(true);
    const got = store.get('a', WITHIN_MS);
    await settle();
    store.set('a', verdict('"mine"'), KEEP_MS);
    assert.equal(remote.writes.length, 0);
    remote.finds[0]?.give({ value: verdict('"other"', 500), leftMs: 1000 });
    const value = await got;
    assert.equal(value?.status === 200 && value.patch, '"mine"');
  });

  test('what is deleted while the remote tier is asked does not come back', async () => {
    const { store, remote, memory } = create();
    const got = store.get('a', WITHIN_MS);
    await settle();
    store.delete('a');
    await remote.end(true);
    remote.finds[0]?.give({ value: verdict('"old"'), leftMs: 1000 });
    assert.equal(await got, undefined);
    assert.equal(memory.peek('a'), undefined);
  });
});

describe('the tiered store, writing', () => {
  test('a value that says the same is written again after a tenth of its time, if that is less than a minute', async () => {
    const { store, remote, tick } = create();
    const set = async (keepForMs: number) => {
      store.set('a', verdict('{}'), keepForMs);
      return (await remote.end(true)).length;
    };
    assert.equal(await set(KEEP_MS), 1);
    assert.equal(await set(KEEP_MS), 0);
    await tick(9999);
    assert.equal(await set(KEEP_MS), 0);
    await tick(1);
    assert.equal(await set(KEEP_MS), 1);
    await tick(59_999);
    assert.equal(await set(86_400_000), 0);
    await tick(1);
    assert.equal(await set(86_400_000), 1);
  });

  test('a value that says something else is written at once, and so is one after a deletion', async () => {
    const { store, remote } = create();
    const write = async (what: () => void) => {
      what();
      return (await remote.end(true)).length;
    };
    assert.equal(await write(() => store.set('a', verdict('1'), KEEP_MS)), 1);
    assert.equal(await write(() => store.set('a', verdict('2'), KEEP_MS)), 1);
    assert.equal(await write(() => store.delete('a')), 1);
    assert.equal(await write(() => store.set('a', verdict('2'), KEEP_MS)), 1);
  });

  test('all is written again to a remote tier that is back, for it may be empty', async () => {
    const { store, remote } = create();
    store.set('a', verdict('{}'), KEEP_MS);
    await remote.end(true);
    remote.life++;
    store.set('a', verdict('{}'), KEEP_MS);
    assert.equal(remote.writes.length, 1);
  });

  test('what another instance has said since is written over by the next answer, whatever was written before', async () => {
    const { store, remote, get } = create();
    mock.method(Date, 'now', () => 1_700_000_000_000);
    store.set('a', verdict('1', 5000), KEEP_MS);
    await remote.end(true);
    await get('a', { value: verdict('2', 3000), leftMs: 1000 });
    store.set('a', verdict('1'), KEEP_MS);
    assert.equal(remote.writes.length, 1);
  });

  test('a write that did not arrive is not taken for written', async () => {
    const { store, remote } = create();
    store.set('a', verdict('{}'), KEEP_MS);
    await remote.end(false);
    store.set('a', verdict('{}'), KEEP_MS);
    assert.equal(remote.writes.length, 1);
  });
});

describe('the tiered store, while the remote tier is away', () => {
  test('what is missed is made good when it answers again, for the rest of its time', async () => {
    const { store, remote, tick } = create();
    const value = verdict('{}');
    store.set('a', value, KEEP_MS);
    await remote.end(false);
    await tick(1000);
    remote.answered();
    await settle();
    assert.deepEqual(
      remote.writes.map(({ key, keepForMs }) => [key, keepForMs]),
      [['a', KEEP_MS - 1000]],
    );
    assert.deepEqual(await remote.end(true), [['a', value]]);
    remote.answered();
    await settle();
    assert.equal(remote.writes.length, 0);
  });

  test('what was deleted is not brought back by it, neither before nor after its return', async () => {
    const { store, remote, get } = create();
    store.set('a', verdict('"old"'), KEEP_MS);
    await remote.end(true);
    store.delete('a');
    await remote.end(false);
    assert.equal(await get('a', { value: verdict('"old"'), leftMs: 1000 }), undefined);
    remote.answered();
    await settle();
    assert.deepEqual(await remote.end(true), [['a', undefined]]);
  });

  test('what was contradicted is not brought back by it, even where memory has forgotten', async () => {
    const { store, remote, get } = create(1);
    store.set('a', verdict('"new"'), KEEP_MS);
    store.set('b', verdict('{}'), KEEP_MS);
    await remote.end(false);
    assert.equal(await get('a', { value: verdict('"old"'), leftMs: 1000 }), undefined);
    remote.answered();
    await settle();
    const written = new Map(await remote.end(true));
    assert.equal(written.has('a') && written.get('a'), undefined);
    assert.ok(written.get('b'));
  });

  test('it is not asked for what it has yet to confirm', async () => {
    const { store, remote } = create();
    store.set('a', verdict('{}', 5000), KEEP_MS);
    assert.ok(await store.get('a', WITHIN_MS));
    assert.equal(remote.finds.length, 0);
  });

  test('the arrival of an older write says nothing of the newer one', async () => {
    const { store, remote, get } = create();
    store.set('a', verdict('1'), KEEP_MS);
    store.set('a', verdict('2', 5000), KEEP_MS);
    remote.writes[0]?.end(true);
    await settle();
    void store.get('a', WITHIN_MS);
    await settle();
    assert.equal(remote.finds.length, 0);
    remote.writes[1]?.end(true);
    await settle();
    assert.ok(await get('a', { value: verdict('3'), leftMs: 1000 }));
  });

  test('only the newest of several missed writes is made good', async () => {
    const { store, remote } = create();
    for (const patch of ['1', '2', '3']) store.set('a', verdict(patch), KEEP_MS);
    await remote.end(false);
    remote.answered();
    await settle();
    const written = await remote.end(true);
    assert.deepEqual(
      written.map(([, value]) => value?.status === 200 && value.patch),
      ['3'],
    );
  });

  test('a write in between makes the making good needless', async () => {
    const { store, remote } = create();
    store.set('a', verdict('1'), KEEP_MS);
    await remote.end(false);
    store.set('a', verdict('2'), KEEP_MS);
    remote.answered();
    await settle();
    assert.equal(remote.writes.length, 1);
    await remote.end(true);
  });

  test('many are made good in turns, which end with the first that fails', async () => {
    const { store, remote } = create();
    for (let i = 0; i < 80; i++) store.set(`${i}`, verdict('{}'), KEEP_MS);
    await remote.end(false);
    remote.answered();
    await settle();
    assert.equal((await remote.end(false)).length, 50);
    assert.equal(remote.writes.length, 0);
    remote.answered();
    await settle();
    assert.equal((await remote.end(true)).length, 50);
    assert.equal((await remote.end(true)).length, 30);
    assert.equal(remote.writes.length, 0);
  });
});

test('a tiered store is as large as its memory, and closes both', async () => {
  const { store, remote, memory } = create();
  store.set('a', verdict('{}'), KEEP_MS);
  assert.equal(store.size, 1);
  assert.equal(store.peek('a'), memory.peek('a'));
  await store.close();
  assert.equal(memory.size, 0);
  assert.equal(remote.isClosed, true);
});
