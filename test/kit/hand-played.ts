import { mock } from 'node:test';
import type { Answer, Call, Route } from '../../src/core/call.ts';
import { Cancel } from '../../src/core/cancel.ts';
import { now } from '../../src/core/clock.ts';
import { type Code, GatewayError } from '../../src/core/errors.ts';
import type { Event } from '../../src/core/events.ts';
import type { Handler } from '../../src/core/layer.ts';

export const ROUTE: Route = { app: 'EchoApp', hook: 'connect' };

/** A call of 3 s whose events go nowhere, unless said otherwise. */
export const aCall = (changes: Partial<Call> = {}): Call => ({
  id: '01900000-0000-7000-8000-000000000000',
  route: ROUTE,
  hook: 'connect',
  query: '',
  body: Buffer.from('{"appKey":"defaultApp"}'),
  head: '',
  authorization: '',
  arrivedAt: now(),
  deadline: now() + 3000,
  attemptLimitMs: 3000,
  cancel: new Cancel(),
  emit: () => {},
  attempts: [],
  ...changes,
});

export const OK: Answer = { status: 200, headers: [], body: Buffer.from('{}'), source: 'upstream' };

/** One call that reached the hand-played handler, to be answered by the test. */
export interface Played {
  readonly call: Call;
  answer(answer?: Answer): void;
  fail(code: Code): void;
}

/** A handler whose calls the test answers by hand. Like the real client it fails a call that is cancelled. */
export const handPlayed = (): { readonly handler: Handler; readonly calls: Played[] } => {
  const calls: Played[] = [];
  const handler: Handler = call =>
    new Promise((resolve, reject) => {
      call.cancel.onCancel(reject);
      calls.push({
        call,
        answer: (answer = OK) => resolve(answer),
        fail: code => reject(new GatewayError(code)),
      });
    });
  return { handler, calls };
};

/** Collects events; `emit` goes into a call. */
export const collectEvents = (): { readonly emit: (event: Event) => void; readonly events: Event[] } => {
  const events: Event[] = [];
  return { emit: event => void events.push(event), events };
};

/** A call of 1 s with `body` for an app named `app`, and the events that it emits. */
export const testCall = (body: string | Buffer, changes: Partial<Call> = {}): { call: Call; events: Event[] } => {
  const { emit, events } = collectEvents();
  const route: Route = { app: 'app', hook: 'connect' };
  const deadline = now() + 1000;
  return { call: aCall({ route, deadline, body: Buffer.from(body), emit, ...changes }), events };
};

/** A back-end's JSON answer. */
export const testAnswer = (status: number, body: string | Buffer, changes: Partial<Answer> = {}): Answer => ({
  status,
  headers: ['Content-Type', 'application/json'],
  body: Buffer.from(body),
  source: 'upstream',
  ...changes,
});

/** Lets all promises that can settle do so. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** The code of the GatewayError that `promise` rejects with, or `answered`. */
export const codeOf = async (promise: Promise<unknown>): Promise<Code | 'answered'> =>
  promise.then(
    () => 'answered' as const,
    (error: GatewayError) => error.code,
  );

/** Longer waits move in coarse steps: millions of promise turns would take longer than the wait itself. */
const LONG_MS = 5000;
const COARSE_MS = 100;

export interface FakeTime {
  /** Moves the clock and runs what is due, then lets promises settle. */
  tick(ms: number): Promise<void>;
  /** Moves the clock alone, at once: for what sets no timers. */
  skip(ms: number): void;
}

/** Puts the gateway's clock under the test's control: `now()` and its timers, from 1 s on. `realTime` ends it. */
export const fakeTime = (): FakeTime => {
  realTime();
  let at = 1000;
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  mock.method(performance, 'now', () => at);
  return {
    tick: async ms => {
      const step = ms > LONG_MS ? COARSE_MS : 1;
      for (let left = ms; left > 0; left -= step) {
        at += Math.min(step, left);
        mock.timers.tick(step);
        await settle();
      }
    },
    skip: ms => {
      at += ms;
    },
  };
};

/** To be called after each test that used `fakeTime`. */
export const realTime = (): void => {
  mock.timers.reset();
  mock.restoreAll();
};

/** What a gateway without apps is doing. */
export const noGauges = () => ({ upstreams: [], hooks: [], sessions: { known: 0, provisional: {} }, events: [] });
