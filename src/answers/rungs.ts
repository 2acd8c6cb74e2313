import { type Answer, lookupMs, type Source } from '../core/call.ts';
import { CODES, type Code, ERRORS } from '../core/errors.ts';
import { JSON_HEADERS, refusal } from '../core/refusal.ts';
import type { FallbackRung } from '../core/rung.ts';
import type { Bodies } from './bodies.ts';
import { checkObject, type JsonObject, stringifyJson } from './json.ts';
import { type LastGoodOptions, storeKey } from './last-good.ts';
import { applyPatch } from './merge-patch.ts';
import { answerOf } from './verdict.ts';

const ok = (body: Buffer, source: Source, reason: Code): Answer => ({
  status: 200,
  headers: JSON_HEADERS,
  body,
  source,
  reason,
});

/** `echo`: 200 with the request's own bytes; throws `not_json` if those are no JSON object. */
export const echoRung = (): FallbackRung => ({
  name: 'echo',
  source: 'echo',
  answer: (call, failure) => {
    checkObject(call.body);
    return ok(call.body, 'echo', failure.code);
  },
});

/** `{ echo: patch }`: 200 with the request's JSON, changed by an RFC 7396 merge patch; throws `not_json` as `echo` does. */
export const patchedEchoRung = (patch: JsonObject, bodies: Bodies): FallbackRung => ({
  name: 'patched-echo',
  source: 'default',
  answer: (call, failure) => ok(rebase(bodies(call), patch), 'default', failure.code),
});

const rebase = (body: JsonObject, patch: JsonObject): Buffer => Buffer.from(stringifyJson(applyPatch(body, patch)));

const fixed = (name: string, body: Buffer): FallbackRung => ({
  name,
  source: 'default',
  answer: (_call, failure) => ok(body, 'default', failure.code),
});

/** `{ body }`: 200 with this JSON. */
export const bodyRung = (body: JsonObject): FallbackRung => fixed('body', Buffer.from(stringifyJson(body)));

/** `{ file }`: 200 with the content of a file, which the configuration has found to be a JSON object. */
export const fileRung = (content: Buffer): FallbackRung => fixed('file', content);

/** Answers that depend on the failure's code alone are made once, because they are asked for when all fails at once. */
const perCode = (name: string, status: number, source: Source, message: (code: Code) => string): FallbackRung => {
  const answers = new Map(CODES.map(code => [code, refusal(code, message(code), status, source)]));
  return { name, source, answer: (_call, failure) => answers.get(failure.code) };
};

/** `refuse`: 403. */
export const refuseRung = (): FallbackRung =>
  perCode('refuse', 403, 'refused', code => `refused by the fallback of this hook: ${ERRORS[code].message}`);

/** `unavailable`: 503, after which WCS does what the session's own `restOnError` says. */
export const unavailableRung = (): FallbackRung =>
  perCode('unavailable', 503, 'unavailable', code => ERRORS[code].message);

/**
 * `cached`: the last verdict on the same caller, not older than `keepForMs`, or nothing.
 * An admission is rebased on this request and so keeps its session ids; throws `not_json` if the request is no JSON object.
 */
export const cachedRung = ({ key, keepForMs, store, bodies }: LastGoodOptions): FallbackRung => ({
  name: 'cached',
  source: 'cached',
  answer: async (call, failure) => {
    checkObject(call.body);
    const name = storeKey(key, call);
    if (name === undefined) return undefined;
    const verdict = await store.get(name, lookupMs(call));
    // Another instance's clock may be ahead.
    const ageMs = verdict ? Math.max(0, Date.now() - verdict.storedAt) : 0;
    const usable = ageMs <= keepForMs ? verdict : undefined;
    if (!usable) return undefined;
    const ageSeconds = Math.floor(ageMs / 1000);
    return { ...answerOf(usable, call, bodies), source: 'cached', reason: failure.code, ageSeconds };
  },
});
