import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { VERDICTS, type Verdict } from '../../src/answers/verdicts.ts';
import type { Call } from '../../src/core/call.ts';
import { sessionName } from '../../src/sessions/ids.ts';
import { Register } from '../../src/sessions/register.ts';
import { SessionKind } from '../../src/sessions/sessions.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { aCall, ROUTE } from '../../test/kit/hand-played.ts';
import { compact } from '../../test/samples.ts';
import { print } from '../figures.ts';
import type { Table } from '../section.ts';
import { extraNs } from './cost.ts';

const SESSIONS = 100_000;
const CALLS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const MEMORY = { entries: 10_000, bytes: 64 * 1024 * 1024 };

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const usedBytes = (): number => {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const CONNECT: object = JSON.parse(compact('connect.request.json').toString());
const ENTRY = { clientExclude: '', restExclude: 'sdp', restOnError: 'FAIL', restPolicy: 'NOTIFY', restOverwrite: '' };
/** What a back-end that means to decide would set. */
const RULES = { publishStream: ENTRY, playStream: ENTRY, OnDataEvent: ENTRY, StreamKeepAliveEvent: ENTRY };

const bodyOf = (i: number): Buffer =>
  Buffer.from(JSON.stringify({ ...CONNECT, sessionId: `/10.${i % 200}.0.${i % 251}:${i}/10.0.0.1:8443` }));

const answerTo = (body: Buffer): Buffer =>
  Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), restClientConfig: RULES }));

const makeRegister = (entries: number): Register => {
  const kind = new SessionKind();
  return new Register({ store: memoryStore(kind, { entries }), kind, keepForMs: DAY_MS, emit: () => {} });
};

const learn = (register: Register, request: Buffer, answer: Buffer): void => {
  const name = sessionName(ROUTE.app, request);
  if (name) register.learn({ name, app: ROUTE.app, body: answer, state: 'open' });
};

/** With as many sessions again that have gone, as it is after a while. */
const bytesPerSession = (): number => {
  const before = usedBytes();
  const register = makeRegister(SESSIONS);
  for (let i = 0; i < 2 * SESSIONS; i++) {
    const body = bodyOf(i);
    learn(register, body, answerTo(body));
  }
  const used = usedBytes() - before;
  // Used after the measurement, lest it be collected before.
  return register.connecting + used / SESSIONS;
};

/** What it costs to know a session, and to keep a verdict. */
export const measureSessions = async (calls: number): Promise<{ table: Table; bytes: number }> => {
  const bytes = bytesPerSession();
  const register = makeRegister(SESSIONS);
  const requests = Array.from({ length: CALLS }, (_, i) => aCall({ body: bodyOf(i) }));
  const answers = requests.map(({ body }) => answerTo(body));
  const verdicts = memoryStore(VERDICTS, MEMORY);
  let at = 0;
  const next = (): Call => requests[at++ % CALLS] as Call;
  const cost = async (run: (call: Call) => unknown) => print((await extraNs(() => run(next()), next, calls)) / 1000);
  const keep = () => {
    const verdict: Verdict = { version: 1, storedAt: Date.now(), status: 200, patch: `{"n":${at}}` };
    verdicts.set(`${ROUTE.app}/${at % MEMORY.entries}`, verdict, DAY_MS);
  };
  const rows = [
    ['read which session a call is of', await cost(({ body }) => sessionName(ROUTE.app, body))],
    [
      'learn from the answer to connect',
      await cost(({ body }) => learn(register, body, answers[at % CALLS] as Buffer)),
    ],
    ['find the session of a call', await cost(call => register.find(call, 0))],
    ['keep a verdict', await cost(keep)],
  ];
  const notes = [
    `A connect of ${requests[0]?.body.length} bytes, and an answer with four hooks of ${answers[0]?.length} bytes.`,
    `With ${SESSIONS} sessions each takes ${print(bytes)} bytes of memory, all included.`,
  ];
  return { table: { title: 'Sessions', head: ['what', 'µs/call'], rows, notes }, bytes };
};
