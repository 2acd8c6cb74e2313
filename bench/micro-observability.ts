import { openSync } from 'node:fs';
import type { Answer, Attempt } from '../src/core/call.ts';
import type { Event } from '../src/core/events.ts';
import { createIds } from '../src/core/id.ts';
import { AccessLine } from '../src/observability/access-line.ts';
import { createLineWriter } from '../src/observability/line-writer.ts';
import { createLog } from '../src/observability/log.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { aCall } from '../test/kit/hand-played.ts';

/** Measures what observing one call costs in CPU time, apart from everything else. */
const ROUNDS = 7;
const CALLS = 200_000;
const PER_TURN = 50;

const createId = createIds();
const upstream = 'http://127.0.0.1:8081/apps/EchoApp';
const route = { app: 'EchoApp', hook: 'publishStream' };

const makeAnswered = (ms: number): Extract<Event, { type: 'answered' }> => {
  const attempts: Attempt[] = [{ upstream, sent: true, outcome: 'ok', ms: ms * 0.9 }];
  const body = Buffer.alloc(600, 32);
  const call = aCall({ id: createId(), route, hook: route.hook, body, attempts });
  const answer: Answer = { status: 200, headers: [], body, source: 'upstream' };
  return { type: 'answered', call, answer, ms };
};

const events = Array.from({ length: 1000 }, () => makeAnswered(Math.random() ** 3 * 3000));

/** Nanoseconds of CPU a call, the median of some rounds; the loop turns every 50 calls as it does under load. */
const measure = async (run: (event: (typeof events)[number]) => unknown): Promise<number> => {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.cpuUsage();
    for (let at = 0; at < CALLS; at++) {
      run(events[at % events.length] as (typeof events)[number]);
      if (at % PER_TURN === 0) await new Promise(setImmediate);
    }
    const { user, system } = process.cpuUsage(begin);
    rounds.push(((user + system) * 1000) / CALLS);
  }
  return rounds.sort((one, other) => one - other)[ROUNDS >> 1] ?? 0;
};

const writer = createLineWriter({ fd: openSync('/dev/null', 'w') });
const log = createLog({ level: 'info', body: 'none', writer });
const format = new AccessLine('none');
const metrics = createMetrics({ version: '0', gauges: () => ({ upstreams: [], hooks: [] }) });

let length = 0;
const loop = await measure(event => event.ms);
const show = (what: string, ns: number) => console.log(`${what.padEnd(34)} ${Math.round(ns - loop)} ns`);
show(
  'format an access line',
  await measure(event => {
    length += format.answered(event).length;
  }),
);
show('log an answer, written to /dev/null', await measure(event => log.listen(event)));
show(
  'count an answer and its attempt',
  await measure(event => {
    metrics.listen(event);
    metrics.listen({ type: 'attempt', call: event.call, attempt: event.call.attempts[0] as Attempt });
  }),
);
console.log(`${length} characters, ${writer.dropped} lines dropped`);
await log.close();
