import type { Answer, Call } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { asGatewayError } from '../core/errors.ts';
import type { Layer } from '../core/layer.ts';
import { errorAnswer } from '../core/refusal.ts';

const tell = (call: Call, answer: Answer): Answer => {
  call.emit({ type: 'answered', call, answer, ms: now() - call.arrivedAt });
  return answer;
};

const mend = (call: Call, thrown: unknown): Answer => {
  const error = asGatewayError(thrown);
  if (error.code === 'gone') {
    call.emit({ type: 'abandoned', call, code: error.code, ms: now() - call.arrivedAt });
    throw error;
  }
  if (error.code === 'internal') call.emit({ type: 'defect', error });
  return tell(call, errorAnswer(error));
};

/**
 * Sees what WCS gets, whatever produced it, and tells it sideways. An error that no rung could mend becomes an answer
 * here, so that a call ends without one only when its client has gone.
 */
export const record = (): Layer => next => call =>
  next(call).then(
    answer => tell(call, answer),
    error => mend(call, error),
  );
