import type { Answer, Call, Source } from './call.ts';
import type { GatewayError } from './errors.ts';

/** One step of the ladder: an answer for a call that the back-end did not answer. */
export interface FallbackRung {
  readonly name: string;
  readonly source: Source;
  /** The answer, or nothing if this rung has none for this call. A GatewayError with fault `client` ends the call. */
  answer(call: Call, failure: GatewayError): Answer | undefined | Promise<Answer | undefined>;
}
