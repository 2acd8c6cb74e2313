import type { Answer, Call } from '../core/call.ts';
import { JSON_HEADERS } from '../core/refusal.ts';
import type { Bodies } from './bodies.ts';
import { parseJson, parseObject, stringifyJson } from './json.ts';
import { applyPatch, diff } from './merge-patch.ts';
import type { Refusal, Verdict } from './verdicts.ts';

/** The patch that changes nothing. */
const UNCHANGED = '{}';
/** A refusal's page is kept up to this size; WCS does not read it. */
const MAX_REFUSAL_BYTES = 16 * 1024;

const header = ({ headers }: Answer, name: string): string | undefined => {
  const index = headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
  return index < 0 ? undefined : headers[index + 1];
};

/** A page that is encoded or too large is left out: the status says it all. Copied, as bodies may share a larger buffer. */
const refusalOf = (answer: Answer): Refusal => {
  const contentType = header(answer, 'content-type');
  const isKept = answer.body.length <= MAX_REFUSAL_BYTES && header(answer, 'content-encoding') === undefined;
  const page = isKept ? Buffer.from(answer.body) : Buffer.alloc(0);
  const kept = { version: 1, storedAt: Date.now(), status: 403, body: page } as const;
  return isKept && contentType !== undefined ? { ...kept, contentType } : kept;
};

/** An answer of the request's own bytes changes nothing, which is cheaper to see than to compute. */
const patchOf = (call: Call, answer: Answer, bodies: Bodies): string =>
  answer.body.equals(call.body) ? UNCHANGED : stringifyJson(diff(bodies(call), parseObject(answer.body)));

/**
 * What the back-end's answer says to this caller, if it is a verdict. A 200 of the request's own bytes is not parsed;
 * for any other the request and the answer must be JSON objects, else it throws `not_json`.
 */
export const verdictOf = (call: Call, answer: Answer, bodies: Bodies): Verdict | undefined => {
  if (answer.status === 403) return refusalOf(answer);
  if (answer.status !== 200) return undefined;
  return { version: 1, storedAt: Date.now(), status: 200, patch: patchOf(call, answer, bodies) };
};

/** What the back-end would make of this call's body, had it changed it as it did before. */
const rebased = (patch: string, call: Call, bodies: Bodies): Buffer =>
  patch === UNCHANGED ? call.body : Buffer.from(stringifyJson(applyPatch(bodies(call), parseJson(patch))));

/** A verdict as the answer to this call: a refusal as it was, an admission rebased on this call's own body. */
export const answerOf = (verdict: Verdict, call: Call, bodies: Bodies): Pick<Answer, 'status' | 'headers' | 'body'> => {
  if (verdict.status === 200) {
    return { status: 200, headers: JSON_HEADERS, body: rebased(verdict.patch, call, bodies) };
  }
  const headers = verdict.contentType === undefined ? [] : ['Content-Type', verdict.contentType];
  return { status: 403, headers, body: verdict.body };
};
