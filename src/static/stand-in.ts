import type { Answer } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { readDirectives } from './cache-control.ts';
import type { Collector } from './collector.ts';
import { fieldOf } from './fields.ts';
import { beginKept, freshened, type Given } from './keeping.ts';
import type { Kept, KeptAnswers, Place } from './kept-answers.ts';
import { keptAnswer, rungAnswer } from './ladder.ts';
import { type Asked, hasChanged, isSafe, mayKeepAnswerTo, mayUseKept, takesBack } from './may-keep.ts';
import type { LoadedRouteOptions } from './options.ts';
import { placeOf } from './place.ts';

export interface StandInParts {
  readonly app: string;
  readonly asked: Asked;
  readonly route: LoadedRouteOptions;
  readonly kept: KeptAnswers;
  /** Hears whether a kept answer was found when one was looked for. */
  readonly told: (result: 'hit' | 'miss') => void;
}

/**
 * Watches one exchange on a route: keeps the back-end's answer as it passes, and has another one where there is none. It
 * is told what happens, in this order, and holds up nothing.
 */
export class StandIn {
  readonly #parts: StandInParts;
  readonly #place: Place;
  #receivedStatus: number | undefined = undefined;
  /** The answer that is passing, if it is to be kept. */
  #passing: { readonly kept: Kept; readonly body: Collector } | undefined = undefined;

  constructor(parts: StandInParts) {
    this.#parts = parts;
    this.#place = placeOf(parts.app, parts.asked, parts.route.personal);
  }

  /** Milliseconds within which the answer must begin; nothing where that is not bounded. */
  get limitMs(): number | undefined {
    return this.#mayStandIn ? this.#parts.route.limit : undefined;
  }

  /**
   * The back-end's answer begins, and none of it has gone to the client yet. Throws `status` for a 5xx that a rung has an
   * answer for: then none of it may go on.
   */
  begin(given: Given): void {
    const { asked, kept } = this.#parts;
    this.#receivedStatus = given.status;
    if (given.status >= 500) this.#replace(given.status);
    else if (!isSafe(asked) && hasChanged(given.status)) kept.hasChanged(this.#place.resource);
    else this.#note(given);
  }

  /** A piece of its body passes. */
  pass(chunk: Buffer): void {
    this.#passing?.body.add(chunk);
  }

  /** It has ended: whole, or cut. */
  end(isWhole: boolean): void {
    const { kept, body } = this.#passing ?? {};
    this.#passing = undefined;
    const content = isWhole ? body?.take() : undefined;
    if (kept && content) this.#parts.kept.keep(this.#place, this.#parts.asked.fields, { ...kept, body: content });
    else body?.drop();
  }

  /** What the client gets in place of the back-end's answer, of which nothing has gone out; nothing if no rung has one. */
  answer(error: GatewayError, why?: string): Answer | undefined {
    if (!this.#mayStandIn) return undefined;
    const { asked, route, told } = this.#parts;
    const failure = { error, why, receivedStatus: this.#receivedStatus };
    for (const rung of route.fallback) {
      if (rung !== 'cached') return rungAnswer(rung, failure);
      const kept = this.#find();
      told(kept ? 'hit' : 'miss');
      if (kept) return keptAnswer(kept, asked.fields, failure);
    }
    return undefined;
  }

  get #mayStandIn(): boolean {
    const { method } = this.#parts.asked;
    return method === 'GET' || method === 'HEAD';
  }

  #find(): Kept | undefined {
    const { asked, kept, route } = this.#parts;
    return mayUseKept(asked, route.personal) ? kept.find(this.#place, asked.fields, route.keepFor) : undefined;
  }

  #replace(status: number): void {
    const hasAnswer = this.#parts.route.fallback.some(rung => rung !== 'cached' || this.#find() !== undefined);
    if (this.#mayStandIn && hasAnswer) throw new GatewayError('status', `the upstream answered ${status}`);
  }

  #note(given: Given): void {
    const { asked, route } = this.#parts;
    const isUsed = route.fallback.includes('cached');
    if (!isUsed || !mayKeepAnswerTo(asked, readDirectives(asked.fields), route.personal)) return;
    if (given.status === 304) this.#confirm(given);
    else this.#replaceKept(given);
  }

  #replaceKept(given: Given): void {
    const { asked, kept, route } = this.#parts;
    const begun = given.status === 200 ? beginKept(asked, given, route.personal) : undefined;
    const body = begun && this.#gather(given);
    if (begun && body) this.#passing = { kept: begun, body };
    // What is only too large leaves an earlier answer where it is.
    else if (!begun && takesBack(given.status)) kept.takeBack(this.#place);
  }

  #gather({ fields, hasEnd }: Given): Collector | undefined {
    if (!hasEnd) return undefined;
    const { asked, kept } = this.#parts;
    const length = fieldOf(fields, 'content-length');
    const before = kept.find(this.#place, asked.fields, Number.POSITIVE_INFINITY);
    return kept.gather(this.#place, length === undefined ? undefined : Number(length), before?.body);
  }

  #confirm(given: Given): void {
    const { asked, kept, route } = this.#parts;
    const found = kept.find(this.#place, asked.fields, route.keepFor);
    const fresh = found && freshened(found, asked, given, route.personal);
    if (fresh) kept.keep(this.#place, asked.fields, fresh);
  }
}
