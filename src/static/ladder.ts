import type { Answer, Source } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import { errorAnswer, JSON_HEADERS, refusal } from '../core/refusal.ts';
import { cacheStatus } from './cache-status.ts';
import { isNotModified } from './conditional.ts';
import { type Fields, linesOf } from './fields.ts';
import { ageOf, type Kept } from './kept-answers.ts';
import type { LoadedRung } from './options.ts';
import { type FailureFacts, proxyStatus } from './proxy-status.ts';

/** Why the back-end's own answer is not there. */
export interface Failure extends FailureFacts {
  readonly error: GatewayError;
}

const EMPTY = Buffer.alloc(0);

/** What a 304 repeats of the answer that it stands for (RFC 9110 §15.4.5). */
const IN_304: ReadonlySet<string> = new Set(
  'cache-control content-location date etag expires last-modified vary cache-status'.split(' '),
);

const statusOf = ({ error, ...facts }: Failure): string => proxyStatus(error, facts);

/** An answer made here holds for this moment alone: nobody on its way may keep it. */
const madeHere = (answer: Answer, failure: Failure): Answer => ({
  ...answer,
  headers: [...answer.headers, 'Cache-Control', 'no-store', 'Proxy-Status', statusOf(failure)],
});

/** The last good answer, or a 304 to a client that has it; `asked` are the fields of the request. */
export const keptAnswer = (kept: Kept, asked: Fields, failure: Failure): Answer => {
  const ageMs = ageOf(kept);
  const isEnough = isNotModified(asked, kept.fields);
  const fields = isEnough ? linesOf(kept.fields, name => IN_304.has(name)) : kept.fields;
  const freshForMs = kept.freshMs === undefined ? undefined : kept.freshMs - ageMs;
  const ageSeconds = Math.floor(ageMs / 1000);
  const own = ['Age', String(ageSeconds), 'Cache-Status', cacheStatus(failure.error, failure, freshForMs)];
  return {
    status: isEnough ? 304 : 200,
    headers: [...fields, ...own, 'Proxy-Status', statusOf(failure)],
    body: isEnough ? EMPTY : kept.body,
    source: 'cached',
    reason: failure.error.code,
    ageSeconds,
  };
};

const contentOf = (rung: Exclude<LoadedRung, string>): Buffer =>
  'file' in rung ? rung.content : Buffer.from(JSON.stringify(rung.body));

/** The answer of a rung that always has one. */
export const rungAnswer = (rung: Exclude<LoadedRung, 'cached'>, failure: Failure): Answer => {
  const { code, row } = failure.error;
  const source: Source = rung === 'unavailable' ? 'unavailable' : 'default';
  if (rung === 'unavailable') return madeHere(refusal(code, row.message, 503, source), failure);
  return madeHere({ status: 200, headers: JSON_HEADERS, body: contentOf(rung), source, reason: code }, failure);
};

/** What a client gets where no rung has an answer, or there is no ladder: the failure itself. */
export const failureAnswer = (failure: Failure): Answer => madeHere(errorAnswer(failure.error), failure);
