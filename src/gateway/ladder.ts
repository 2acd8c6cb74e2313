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
  unavailableRung,
} from '../answers/rungs.ts';
import type { Verdict } from '../answers/verdicts.ts';
import type { HookSettings, JsonObject, Rung } from '../config/types.ts';
import { lookupMs } from '../core/call.ts';
import type { FallbackRung } from '../core/rung.ts';
import { storeRung } from '../delivery/layers.ts';
import type { Outbox } from '../delivery/outbox.ts';
import type { Hook } from '../hooks/catalogue.ts';
import { bodyKey, fieldsKey } from '../hooks/key.ts';
import { autoLadder, dependsOnSession } from '../hooks/ladder.ts';
import type { ChooseRungs } from '../resilience/fallback.ts';
import type { SessionsOfApp } from '../sessions/hold.ts';
import { provisionalRung } from '../sessions/provisional.ts';
import { decidesFor } from '../sessions/sessions.ts';
import type { Store } from '../store/store.ts';

/** What a hook is answered with when its back-end is not in time, and what must be kept for that. */
export interface Ladder {
  /** Their names, for a call of a session that is not known. */
  readonly names: readonly string[];
  readonly choose: ChooseRungs;
  /** Set where a `cached` rung can be used, so that answers are worth keeping. */
  readonly keep: LastGoodOptions | undefined;
}

export interface LadderParts {
  readonly settings: HookSettings;
  readonly hook: Hook;
  readonly verdicts: Store<Verdict>;
  readonly sessions: SessionsOfApp;
  readonly outbox: Outbox;
}

/** The configuration's objects come from YAML; as JSON they are what a body is. */
const asJson = (object: JsonObject) => parseObject(Buffer.from(JSON.stringify(object)));

/** Only a configured key has to read the body. Without one, the hook is a known one: no other has a key of its own. */
const keyOf = (fields: HookSettings['key'], hook: Hook, bodies: Bodies): KeyOf =>
  fields
    ? call => fieldsKey(call.hook, fields, bodies(call), call.authorization)
    : call => bodyKey(hook, call.body, call.authorization);

const createRung = (word: Rung, keep: LastGoodOptions, { sessions, outbox }: LadderParts): FallbackRung => {
  if (word === 'cached') return cachedRung(keep);
  if (word === 'echo') return echoRung();
  if (word === 'store') return storeRung(outbox);
  if (word === 'refuse') return refuseRung();
  if (word === 'unavailable') return unavailableRung();
  if (word === 'provisional') return provisionalRung(keep.bodies, sessions.admissions);
  if ('body' in word) return bodyRung(asJson(word.body));
  if ('file' in word) return fileRung(word.content);
  return patchedEchoRung(asJson(word.echo), keep.bodies);
};

/** Turns the configured or automatic ladder of one hook into rungs. `cached` without a key is left out (contract 3). */
export const buildLadder = (parts: LadderParts): Ladder => {
  const { settings, hook, verdicts, sessions } = parts;
  const keyed = hook.keyed || settings.key !== undefined;
  const isAuto = settings.fallback === 'auto';
  const bodies = createBodies();
  const key = keyOf(settings.key, hook, bodies);
  const keep: LastGoodOptions = { key, keepForMs: settings.keepFor, store: verdicts, bodies };
  // Of a name that only a glob has, the configuration cannot tell that its answer decides.
  const mayStore = hook.decides === 'never';
  const isUsable = (word: Rung) => (word !== 'cached' || keyed) && (word !== 'store' || mayStore);
  const build = (words: readonly Rung[]) => words.filter(isUsable).map(word => createRung(word, keep, parts));

  const rungs = build(settings.fallback === 'auto' ? autoLadder(hook, keyed) : settings.fallback);
  const rungsIfNoted = isAuto && dependsOnSession(hook) ? build(autoLadder(hook, keyed, false)) : undefined;
  const names = rungs.map(({ name }) => name);
  return {
    names,
    choose: rungsIfNoted ? bySession(sessions, rungs, rungsIfNoted) : () => rungs,
    keep: names.includes('cached') ? keep : undefined,
  };
};

/** `ifNoted` for a session whose answer to `connect` says that WCS only notes what the answer to this hook is. */
const bySession =
  ({ register }: SessionsOfApp, rungs: readonly FallbackRung[], ifNoted: readonly FallbackRung[]): ChooseRungs =>
  async call => {
    const session = await register.find(call, lookupMs(call));
    return decidesFor(session, call.hook) === false ? ifNoted : rungs;
  };
