import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Admission, Refusal, Store, Verdict } from './store.ts';

const admission = (patch = '{}'): Admission => ({ version: 1, storedAt: 1_700_000_000_000, status: 200, patch });
const refusal = (body = ''): Refusal => ({
  version: 1,
  storedAt: 1_700_000_000_000,
  status: 403,
  body: Buffer.from(body),
});
const KEEP_MS = 60_000;

/** For tests: asks `store` for `key` until it is gone; a store may use a clock of its own, so nothing is faked. */
const untilGone = async (store: Store, key: string): Promise<void> => {
  const end = performance.now() + 5000;
  while (await store.get(key)) {
    assert.ok(performance.now() < end, `${key} is still there`);
    await wait(1);
  }
};

/** For tests: what every Store promises. `create` makes an empty one for at least 1000 small entries. */
export const storeContract = (name: string, create: () => Store | Promise<Store>): void => {
  describe(`${name} keeps the contract of a store`, () => {
    let store: Store;
    const kept = async (key: string, verdict: Verdict, keepForMs = KEEP_MS) => {
      store.set(key, verdict, keepForMs);
      return store.get(key);
    };
    before(async () => {
      store = await create();
    });
    after(() => store.close());

    test('an unknown key has no verdict', async () => {
      for (const key of ['unknown', '', '__proto__']) assert.equal(await store.get(key), undefined);
    });

    test('a verdict comes out as it went in', async () => {
      const admitted = admission('{"sipPassword":"påss","n":12345678901234567890.0,"sessionId":null}');
      const refused: Refusal = { ...refusal('<p>nö</p>'), contentType: 'text/html' };
      const verdicts: readonly Verdict[] = [
        admitted,
        refused,
        refusal(),
        { ...refusal(), body: Buffer.from([0, 255, 254]) },
      ];
      for (const [i, verdict] of verdicts.entries()) assert.deepEqual(await kept(`as-it-was-${i}`, verdict), verdict);
    });

    test('a newer verdict replaces an older one of either kind', async () => {
      for (const verdict of [admission(), refusal(), admission('{"a":1}'), admission('{"a":2}')]) {
        assert.deepEqual(await kept('newer', verdict), verdict);
      }
    });

    test('keys do not mix', async () => {
      store.set('one', admission('{"n":1}'), KEEP_MS);
      store.set('two', refusal(), KEEP_MS);
      store.delete('two');
      assert.deepEqual(await store.get('one'), admission('{"n":1}'));
      assert.equal(await store.get('two'), undefined);
    });

    test('a verdict is gone after its time, while others stay', async () => {
      store.set('short', admission(), 20);
      store.set('long', admission(), KEEP_MS);
      await untilGone(store, 'short');
      assert.ok(await store.get('long'));
    });

    test('a new verdict under a key brings its own time', async () => {
      store.set('renewed', admission(), 20);
      store.set('sentinel', admission(), 20);
      store.set('renewed', refusal(), KEEP_MS);
      await untilGone(store, 'sentinel');
      assert.deepEqual(await store.get('renewed'), refusal());
    });

    test('a verdict to be kept for no time removes the older one', async () => {
      assert.ok(await kept('no-time', admission()));
      assert.equal(await kept('no-time', refusal(), 0), undefined);
    });

    test('a verdict that is too large removes the older one', async () => {
      assert.ok(await kept('too-large', admission()));
      assert.equal(await kept('too-large', admission('x'.repeat(8 << 20))), undefined);
    });

    test('deleting what is not there does no harm', () => store.delete('never-set'));

    test('a thousand verdicts are kept side by side', async () => {
      for (let i = 0; i < 1000; i++) store.set(`many-${i}`, admission(`{"n":${i}}`), KEEP_MS);
      for (let i = 0; i < 1000; i++) assert.deepEqual(await store.get(`many-${i}`), admission(`{"n":${i}}`));
    });
  });
};
