import { type Answer, type Call, lookupMs } from '../core/call.ts';
import { ERRORS } from '../core/errors.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { JSON_HEADERS, refusal } from '../core/refusal.ts';
import type { Hook } from '../hooks/catalogue.ts';
import type { Admissions } from './admissions.ts';
import type { Register } from './register.ts';
import type { Session } from './sessions.ts';

const { message, status } = ERRORS.provisional;
const NOT_YET = refusal('provisional', message, status, 'unavailable');
const NEVER = refusal('provisional', 'the back-end refused this session after the outage', 403, 'refused');

/** What is known of the sessions of one app. */
export interface SessionsOfApp {
  readonly register: Register;
  readonly admissions: Admissions;
  /** True if a `connect` may be answered by the rung `provisional`. */
  readonly admitsProvisionally: boolean;
}

/**
 * WCS was told to refuse this hook unless the answer is a 200, because the session began provisionally. Where its true
 * rules say that the answer does not count, WCS gets the 200 that has it go on as it would have. Of a name that nobody
 * knows WCS was told nothing.
 */
const asItsRulesSay = (session: Session, hook: Hook, call: Call, answer: Answer): Answer => {
  if (answer.status === 200 || !hook.known || session.deciding.has(hook.name)) return answer;
  return { status: 200, headers: JSON_HEADERS, body: call.body, source: 'echo', reason: 'provisional' };
};

/**
 * For hooks of an app that admits provisionally: lets only sessions through that the back-end has admitted. Others get
 * 503 until it has, and 403 if it refused. A session that nothing is known of may be one of those: it gets 503 too.
 * Sessions that were let in before a reload stay held where the configuration admits none any more.
 */
export const holding = (hook: Hook, { register, admissions, admitsProvisionally }: SessionsOfApp): Layer => {
  const hold = async (next: Handler, call: Call): Promise<Answer> => {
    const session = await register.find(call, lookupMs(call));
    if (session?.state === 'open' || !(session || admitsProvisionally)) return next(call);
    if (session?.state === 'verified') return asItsRulesSay(session, hook, call, await next(call));
    return session?.state === 'refused' ? NEVER : NOT_YET;
  };
  return next => call => (admitsProvisionally || admissions.isUsed ? hold(next, call) : next(call));
};
