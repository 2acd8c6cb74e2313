import type { Answer, Call } from '../core/call.ts';
import type { Layer } from '../core/layer.ts';
import { type Hook, needsVerifying } from '../hooks/catalogue.ts';
import { heeding, holding, type SessionsOfApp } from './hold.ts';
import { sessionName, statusOf } from './ids.ts';
import { KEEP_ALIVE } from './provisional.ts';

/** What the answer to `call`, the last `connect` of its session, says of that; nothing stands for an error. */
const learn = ({ register, admissions }: SessionsOfApp, name: string, call: Call, answer?: Answer): void => {
  // A new connect begins the session anew, whatever was known of it.
  admissions.drop(name);
  if (answer?.status === 200) {
    const state = answer.isProvisional ? 'unverified' : 'open';
    register.learn({ name, app: call.route.app, body: answer.body, state });
    if (answer.isProvisional) admissions.add(name, call);
  } else register.forget(name);
};

/** For `connect`: what its answer says holds for the session, whoever made the answer, because WCS acts on it alike. */
const learning =
  (sessions: SessionsOfApp): Layer =>
  next =>
  async call => {
    const name = sessionName(call.route.app, call.body);
    if (name === undefined) return next(call);
    const end = sessions.register.begin(name);
    let answer: Answer | undefined;
    try {
      answer = await next(call);
      return answer;
    } finally {
      if (end()) learn(sessions, name, call, answer);
    }
  };

/** After one of these a session has no more hooks that decide. */
const ENDS: ReadonlySet<string | undefined> = new Set(['DISCONNECTED', 'FAILED']);

/** For `ConnectionStatusEvent`: forgets the session that it ends. */
const forgetting =
  ({ register, admissions }: SessionsOfApp): Layer =>
  next =>
  call => {
    const name = ENDS.has(statusOf(call.body)) ? sessionName(call.route.app, call.body) : undefined;
    if (name !== undefined) {
      register.forget(name);
      admissions.drop(name);
    }
    return next(call);
  };

/** What the calls of one hook do to what is known of their session, and the other way round. */
export const sessionLayers = (hook: Hook, sessions: SessionsOfApp): readonly Layer[] => {
  if (hook.kind === 'connect') return [learning(sessions)];
  if (hook.name === 'ConnectionStatusEvent') return [forgetting(sessions)];
  if (hook.name === KEEP_ALIVE) return [heeding(hook, sessions)];
  return needsVerifying(hook) ? [holding(hook, sessions)] : [];
};
