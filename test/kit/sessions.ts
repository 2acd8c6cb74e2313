import { Admissions } from '../../src/sessions/admissions.ts';
import type { SessionsOfApp } from '../../src/sessions/hold.ts';
import { Register } from '../../src/sessions/register.ts';
import { SessionKind } from '../../src/sessions/sessions.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { collectEvents, testCall } from './hand-played.ts';

/** What a gateway knows of the sessions of its apps, in memory alone, and the events that come of it. */
export const someSessions = ({ entries = 1000, keepForMs = 86_400_000, admitsProvisionally = true } = {}) => {
  const { emit, events } = collectEvents();
  const kind = new SessionKind();
  const store = memoryStore(kind, { entries });
  const register = new Register({ store, kind, keepForMs, emit });
  const sessions: SessionsOfApp = { register, admissions: new Admissions(register), admitsProvisionally };
  return { ...sessions, sessions, store, kind, events };
};

/** A body of the session `id`, with more members if there are some. */
export const bodyOf = (id: string, more: object = {}): string =>
  JSON.stringify({ nodeId: 'node@10.0.0.1', appKey: 'defaultApp', sessionId: id, ...more });

/** A call of `hook` in the session `id`. */
export const callOf = (hook: string, id: string, more: object = {}) => {
  const route = { app: 'app', hook };
  return testCall(bodyOf(id, more), { hook, route }).call;
};
