import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryOptions, memoryStore } from './memory.ts';
import type { Store } from './store.ts';
import { storeContract } from './store-contract.ts';

const KEEP_MS = 60_000;
const admission = (patch: string) => ({ version: 1, storedAt: 0, status: 200, patch }) as const;

const countKept = async (store: Store, keys: number): Promise<number> => {
  let kept = 0;
  for (let i = 0; i < keys; i++) if (await store.get(`${i}`)) kept++;
  return kept;
};

storeContract('memory', () => memoryStore(MemoryOptions.parse({})));

test('the least recently used verdicts go when there are more than entries', async () => {
  const store = memoryStore({ entries: 3, bytes: 1 << 20 });
  for (const key of ['a', 'b', 'c']) store.set(key, admission('{}'), KEEP_MS);
  await store.get('a');
  store.set('d', admission('{}'), KEEP_MS);
  const kept = await Promise.all(['a', 'b', 'c', 'd'].map(async key => (await store.get(key)) !== undefined));
  assert.deepEqual(kept, [true, false, true, true]);
});

test('never more than bytes are kept', async () => {
  const store = memoryStore({ entries: 10_000, bytes: 1 << 20 });
  for (let i = 0; i < 1000; i++) store.set(`${i}`, admission('x'.repeat(10_000)), KEEP_MS);
  const kept = await countKept(store, 1000);
  assert.ok(kept > 10 && kept * 10_000 * 2 <= 1 << 20, `${kept} kept`);
});

test('a single large verdict does not push out the others', async () => {
  const store = memoryStore({ entries: 10_000, bytes: 1 << 20 });
  for (let i = 0; i < 100; i++) store.set(`${i}`, admission('{}'), KEEP_MS);
  store.set('large', admission('x'.repeat(400_000)), KEEP_MS);
  assert.equal(await store.get('large'), undefined);
  assert.equal(await countKept(store, 100), 100);
});

test('a store without room keeps nothing and does not fail', async () => {
  const store = memoryStore({ entries: 1, bytes: 0 });
  store.set('a', admission('{}'), KEEP_MS);
  assert.equal(await store.get('a'), undefined);
});

test('closing lets everything go', async () => {
  const store = memoryStore({ entries: 10, bytes: 1 << 20 });
  store.set('a', admission('{}'), KEEP_MS);
  await store.close();
  assert.equal(await store.get('a'), undefined);
});

test('entries and bytes have defaults, and entries a bound', () => {
  assert.deepEqual(MemoryOptions.parse({}), { entries: 10_000, bytes: 64 * 1024 ** 2 });
  assert.throws(() => MemoryOptions.parse({ entries: 1e9 }), /name fewer entries/);
});
