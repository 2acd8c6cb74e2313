import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../../test/poll.ts';
import { type Admission, type Refusal, VERDICTS, type Verdict } from '../answers/verdicts.ts';
import type { Kind, Store } from './store.ts';

const KEEP_MS = 60_000;
/** Longer than any look-up on a machine that has other things to do. */
const WITHIN_MS = 5000;

const admission = (patch = '{}'): Admission => ({ version: 1, storedAt: Date.now(), status: 200, patch });
const refusal = (body = ''): Refusal => ({ version: 1, storedAt: Date.now(), status: 403, body: Buffer.from(body) });

/** A store may use a clock of its own, so nothing is faked. */
const untilGone = (store: Store<Verdict>, key: string): Promise<boolean> =>
  until(async () => (await store.get(key, WITHIN_MS)) === undefined, { what: `${key} is gone`, everyMs: 1 });

/**
 * For tests: what every Store promises. `create` makes an empty one for verdicts, for at least 500 small entries.
 * The suite closes it.
 */
export const storeContract = (
  name: string,
  create: (kind: Kind<Verdict>) => Store<Verdict> | Promise<Store<Verdict>>,
  skip: string | false = false,
): void => {
  describe(`${name} keeps the contract of a store`, () => {
    let store: Store<Verdict>;
    // A suite that is skipped whole would not be counted.
    const holds = (sentence: string, run: () => unknown) => test(sentence, { skip }, async () => void (await run()));
    const get = (key: string) => store.get(key, WITHIN_MS);
    const kept = async (key: string, verdict: Verdict, keepForMs = KEEP_MS) => {
      store.set(key, verdict, keepForMs);
      return get(key);
    };
    before(async () => {
      if (!skip) store = await create(VERDICTS);
    });
    after(() => store?.close());

    holds('an unknown key has no value', async () => {
      for (const key of ['unknown', '', '__proto__']) assert.equal(await get(key), undefined);
    });

    holds('a value comes out as it went in', async () => {
      const admitted = admission('{"sipPassword":"påss","n":12345678901234567890.0,"sessionId":null}');
      const refused: Refusal = { ...refusal('<p>nö</p>'), contentType: 'text/html' };
      const bytes: Refusal = { ...refusal(), body: Buffer.from([0, 255, 254]) };
      for (const [i, verdict] of [admitted, refused, refusal(), bytes].entries()) {
        assert.deepEqual(await kept(`as-it-was-${i}`, verdict), verdict);
      }
    });

    holds('a key may hold anything', async () => {
      for (const key of ['app/ä {x}\r\nDEL a', '\0', 'x'.repeat(2000)]) {
        const verdict = admission(JSON.stringify(key.length));
        assert.deepEqual(await kept(key, verdict), verdict);
      }
    });

    holds('a newer value replaces an older one of either form', async () => {
      for (const verdict of [admission(), refusal(), admission('{"a":1}'), admission('{"a":2}')]) {
        assert.deepEqual(await kept('newer', verdict), verdict);
      }
    });

    holds('keys do not mix', async () => {
      const one = admission('{"n":1}');
      store.set('one', one, KEEP_MS);
      store.set('two', refusal(), KEEP_MS);
      store.delete('two');
      assert.deepEqual(await get('one'), one);
      assert.equal(await get('two'), undefined);
    });

    holds('a value is gone after its time, while others stay', async () => {
      store.set('short', admission(), 20);
      store.set('long', admission(), KEEP_MS);
      await untilGone(store, 'short');
      assert.ok(await get('long'));
    });

    holds('a new value under a key brings its own time', async () => {
      const renewed = refusal();
      store.set('renewed', admission(), 20);
      store.set('sentinel', admission(), 20);
      store.set('renewed', renewed, KEEP_MS);
      await untilGone(store, 'sentinel');
      assert.deepEqual(await get('renewed'), renewed);
    });

    holds('a time may have fractions of a millisecond', async () => {
      assert.ok(await kept('fraction', admission(), KEEP_MS + 0.5));
    });

    holds('a value to be kept for no time removes the older one', async () => {
      for (const keepForMs of [0, -1.5]) {
        assert.ok(await kept('no-time', admission()));
        assert.equal(await kept('no-time', refusal(), keepForMs), undefined);
      }
    });

    holds('a value that is too large removes the older one', async () => {
      assert.ok(await kept('too-large', admission()));
      // A comparison would print it.
      assert.ok((await kept('too-large', admission('x'.repeat(8 << 20)))) === undefined);
    });

    holds('deleting what is not there does no harm', () => store.delete('never-set'));

    holds('five hundred values are kept side by side', async () => {
      const verdicts = Array.from({ length: 500 }, (_, i) => admission(`{"n":${i}}`));
      for (const [i, verdict] of verdicts.entries()) store.set(`many-${i}`, verdict, KEEP_MS);
      for (const [i, verdict] of verdicts.entries()) assert.deepEqual(await get(`many-${i}`), verdict);
    });
  });
};
