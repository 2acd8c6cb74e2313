import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERDICTS, type Verdict } from '../answers/verdicts.ts';
import { MemoryOptions, type MemoryStore, memoryStore } from './memory.ts';
import { storeContract } from './store-contract.ts';

const KEEP_MS = 60_000;
const admission = (patch: string, storedAt = 0): Verdict => ({ version: 1, storedAt, status: 200, patch });

const verdictStore = (options: { entries: number; bytes?: number }): MemoryStore<Verdict> =>
  memoryStore(VERDICTS, options);

const countKept = async (store: MemoryStore<Verdict>, keys: number): Promise<number> => {
  let kept = 0;
  for (let i = 0; i < keys; i++) if (await store.get(`${i}`, 0)) kept++;
  return kept;
};

storeContract('memory', kind => memoryStore(kind, MemoryOptions.parse({})));

test('the least recently used values go when there are more than entries', async () => {
  const store = verdictStore({ entries: 3, bytes: 1 << 20 });
  for (const key of ['a', 'b', 'c']) store.set(key, admission('{}'), KEEP_MS);
  await store.get('a', 0);
  store.set('d', admission('{}'), KEEP_MS);
  const kept = await Promise.all(['a', 'b', 'c', 'd'].map(async key => (await store.get(key, 0)) !== undefined));
  assert.deepEqual(kept, [true, false, true, true]);
});

test('each look-up tells whether there was something', async () => {
  const told: string[] = [];
  const store = memoryStore(VERDICTS, { entries: 2 }, result => told.push(result));
  await store.get('a', 0);
  store.set('a', admission('{}'), KEEP_MS);
  await store.get('a', 0);
  store.peek('a');
  assert.deepEqual(told, ['miss', 'hit']);
});

test('a look at a value is no use of it', () => {
  const store = verdictStore({ entries: 2 });
  for (const key of ['a', 'b']) store.set(key, admission('{}'), KEEP_MS);
  assert.ok(store.peek('a'));
  store.set('c', admission('{}'), KEEP_MS);
  assert.equal(store.peek('a'), undefined);
});

test('its size is the number of its entries', () => {
  const store = verdictStore({ entries: 2 });
  assert.equal(store.size, 0);
  for (const key of ['a', 'b', 'c', 'c']) store.set(key, admission('{}'), KEEP_MS);
  assert.equal(store.size, 2);
  store.delete('c');
  assert.equal(store.size, 1);
});

test('a value that says the same as before takes the place of the old one with its date alone', () => {
  const store = verdictStore({ entries: 2 });
  store.set('a', admission('{}', 1), KEEP_MS);
  const old = store.peek('a');
  store.set('a', admission('{}', 2), KEEP_MS);
  assert.equal(store.peek('a'), old);
  assert.equal(old?.storedAt, 2);
});

test('never more than bytes are kept', async () => {
  const store = verdictStore({ entries: 10_000, bytes: 1 << 20 });
  for (let i = 0; i < 1000; i++) store.set(`${i}`, admission('x'.repeat(10_000)), KEEP_MS);
  const kept = await countKept(store, 1000);
  assert.ok(kept > 10 && kept * 10_000 * 2 <= 1 << 20, `${kept} kept`);
});

test('a single large value does not push out the others', async () => {
  const store = verdictStore({ entries: 10_000, bytes: 1 << 20 });
  for (let i = 0; i < 100; i++) store.set(`${i}`, admission('{}'), KEEP_MS);
  store.set('large', admission('x'.repeat(400_000)), KEEP_MS);
  assert.equal(await store.get('large', 0), undefined);
  assert.equal(await countKept(store, 100), 100);
});

test('a store without room keeps nothing and does not fail', async () => {
  const store = verdictStore({ entries: 1, bytes: 0 });
  store.set('a', admission('{}'), KEEP_MS);
  assert.equal(await store.get('a', 0), undefined);
});

test('closing lets everything go', async () => {
  const store = verdictStore({ entries: 10, bytes: 1 << 20 });
  store.set('a', admission('{}'), KEEP_MS);
  await store.close();
  assert.equal(await store.get('a', 0), undefined);
  assert.equal(store.size, 0);
});

test('entries and bytes have defaults, and entries a bound', () => {
  assert.deepEqual(MemoryOptions.parse({}), { entries: 10_000, bytes: 64 * 1024 ** 2 });
  assert.throws(() => MemoryOptions.parse({ entries: 1e9 }), /name fewer entries/);
});

test('deleting the last value does not wipe the room for all others', t => {
  const store = verdictStore({ entries: 1000, bytes: 1 << 20 });
  const wipe = t.mock.method(Map.prototype, 'clear');
  for (let i = 0; i < 3; i++) {
    store.set('a', admission('{}'), KEEP_MS);
    store.delete('a');
  }
  assert.equal(wipe.mock.callCount(), 0);
  assert.deepEqual([store.size, [...store.keys()]], [0, []]);
});
