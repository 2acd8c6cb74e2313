import { type Bodies, createBodies } from '../answers/bodies.ts';
import { parseObject } from '../answers/json.ts';
import type { KeyOf, LastGoodOptions } from '../answers/last-good.ts';
import {
  bodyRung,
  cachedRung,
  echoRung,
  fileRung,
  patchedEchoRung,
  refuseRung,
  storeRung,
  unavailableRung,
} from '../answers/rungs.ts';
import type { Store } from '../answers/store.ts';
import type { HookSettings, JsonObject, Rung } from '../config/types.ts';
import type { FallbackRung } from '../core/rung.ts';
import type { Hook } from '../hooks/catalogue.ts';
import { bodyKey, fieldsKey } from '../hooks/key.ts';
import { autoLadder } from '../hooks/ladder.ts';

/** What a hook is answered with when its back-end is not in time, and what must be kept for that. */
export interface Ladder {
  readonly rungs: readonly FallbackRung[];
  /** Set where a `cached` rung can be used, so that answers are worth keeping. */
  readonly keep: LastGoodOptions | undefined;
}

/** The configuration's objects come from YAML; as JSON they are what a body is. */
const asJson = (object: JsonObject) => parseObject(Buffer.from(JSON.stringify(object)));

/** Only a configured key has to read the body. Without one, the hook is a known one: no other has a key of its own. */
const keyOf = (fields: HookSettings['key'], hook: Hook, bodies: Bodies): KeyOf =>
  fields
    ? call => fieldsKey(call.hook, fields, bodies(call), call.authorization)
    : call => bodyKey(hook, call.body, call.authorization);

/** Turns the configured or automatic ladder of one hook into rungs. `cached` without a key is left out (contract 3). */
export const buildLadder = (settings: HookSettings, hook: Hook, store: Store): Ladder => {
  const keyed = hook.keyed || settings.key !== undefined;
  const words: readonly Rung[] = settings.fallback === 'auto' ? autoLadder(hook, keyed) : settings.fallback;
  const bodies = createBodies();
  const keep: LastGoodOptions = {
    key: keyOf(settings.key, hook, bodies),
    keepForMs: settings.keepFor,
    store,
    bodies,
  };
  const rung = (word: Rung): FallbackRung => {
    if (word === 'cached') return cachedRung(keep);
    if (word === 'echo') return echoRung();
    if (word === 'store') return storeRung();
    if (word === 'refuse') return refuseRung();
    if (word === 'unavailable') return unavailableRung();
    if ('body' in word) return bodyRung(asJson(word.body));
    if ('file' in word) return fileRung(word.content);
    return patchedEchoRung(asJson(word.echo), bodies);
  };
  // Of a name that only a glob has, the configuration cannot tell that its answer decides.
  const mayStore = hook.decides === 'never';
  const usable = words.filter(word => (word !== 'cached' || keyed) && (word !== 'store' || mayStore));
  return { rungs: usable.map(rung), keep: usable.includes('cached') ? keep : undefined };
};
