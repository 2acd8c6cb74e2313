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

/** `hold` if sessions of this app may be held, by this configuration, an older one or another instance; else `pass`. */
const whereHeld = (
  { register, admissions, admitsProvisionally }: SessionsOfApp,
  { route }: Call,
  hold: () => Promise<Answer>,
  pass: () => Promise<Answer>,
): Promise<Answer> => {
  if (admitsProvisionally || admissions.isUsed) return hold();
  const may = register.mayHold(route.app);
  if (typeof may === 'boolean') return may ? hold() : pass();
  return may.then(isHeld => (isHeld ? hold() : pass()));
};

/**
 * For keep-alives of an app that admits provisionally: in a session that began so, the back-end's no counts where its true
 * rules say so. One that was refused later gets 403. Live streams of others are not touched.
 */
export const heeding = (hook: Hook, sessions: SessionsOfApp): Layer => {
  const { register } = sessions;
  const heed = async (next: Handler, call: Call): Promise<Answer> => {
    const session = await register.find(call, lookupMs(call));
    if (session?.state === 'refused') return NEVER;
    const answer = await next(call);
    return session?.state === 'verified' ? asItsRulesSay(session, hook, call, answer) : answer;
  };
  return next => call =>
    whereHeld(
      sessions,
      call,
      () => heed(next, call),
      () => next(call),
    );
};

/**
 * For hooks of an app that admits provisionally: lets only sessions through that the back-end has admitted. Others get
 * 503 until it has, and 403 if it refused. A session that nothing is known of may be one of those: it gets 503 too.
 * Sessions that were let in before a reload stay held where the configuration admits none any more.
 */
export const holding = (hook: Hook, sessions: SessionsOfApp): Layer => {
  const { register, admitsProvisionally } = sessions;
  const hold = async (next: Handler, call: Call): Promise<Answer> => {
    const session = await register.find(call, lookupMs(call));
    if (session?.state === 'open' || !(session || admitsProvisionally)) return next(call);
    if (session?.state === 'verified') return asItsRulesSay(session, hook, call, await next(call));
    return session?.state === 'refused' ? NEVER : NOT_YET;
  };
  return next => call =>
    whereHeld(
      sessions,
      call,
      () => hold(next, call),
      () => next(call),
    );
};
