import type { Answer } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { asGatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { errorAnswer } from '../core/refusal.ts';

/**
 * Sees what WCS gets, whatever produced it, and tells it sideways. An error that no rung could mend becomes an answer
 * here, so that a call ends without one only when its client has gone.
 */
export const record = (): Layer => next => async call => {
  let answer: Answer;
  try {
    answer = await next(call);
  } catch (thrown) {
    const error = asGatewayError(thrown);
    if (error.code === 'gone') {
      call.emit({ type: 'abandoned', call, code: error.code, ms: now() - call.arrivedAt });
      throw error;
    }
    if (error.code === 'internal') call.emit({ type: 'defect', error });
    answer = errorAnswer(error);
  }
  call.emit({ type: 'answered', call, answer, ms: now() - call.arrivedAt });
  return answer;
};
