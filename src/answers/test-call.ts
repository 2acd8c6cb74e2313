import type { Answer, Call } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import type { Event } from '../core/events.ts';

/** For tests: a call with `body`, and the events that it emits. */
export const testCall = (body: string | Buffer, changes: Partial<Call> = {}): { call: Call; events: Event[] } => {
  const events: Event[] = [];
  const call: Call = {
    id: '01890000-0000-7000-8000-000000000000',
    route: { app: 'app', hook: 'connect' },
    hook: 'connect',
    query: '',
    body: Buffer.from(body),
    head: '',
    authorization: '',
    arrivedAt: now(),
    deadline: now() + 1000,
    cancel: new Cancel(),
    emit: event => void events.push(event),
    attemptLimitMs: 1000,
    attempts: [],
    ...changes,
  };
  return { call, events };
};

/** For tests: a back-end's answer. */
export const testAnswer = (status: number, body: string | Buffer, changes: Partial<Answer> = {}): Answer => ({
  status,
  headers: ['Content-Type', 'application/json'],
  body: Buffer.from(body),
  source: 'upstream',
  ...changes,
});
