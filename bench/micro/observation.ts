import { closeSync, openSync } from 'node:fs';
import type { Answer, Attempt } from '../../src/core/call.ts';
import type { Event } from '../../src/core/events.ts';
import { createIds } from '../../src/core/id.ts';
import { AccessLine } from '../../src/observability/access-line.ts';
import { createLineWriter } from '../../src/observability/line-writer.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { aCall, noGauges, ROUTE } from '../../test/kit/hand-played.ts';
import type { Table } from '../section.ts';
import { extraNs } from './cost.ts';

const UPSTREAM = 'http://127.0.0.1:8081/apps/EchoApp';
const BODY_BYTES = 650;
const EVENTS = 1000;

type Answered = Extract<Event, { readonly type: 'answered' }>;

/** Most calls take milliseconds, some take seconds. */
const makeAnswered = (id: string): Answered => {
  const ms = Math.random() ** 3 * 3000;
  const attempts: Attempt[] = [{ upstream: UPSTREAM, sent: true, outcome: 'ok', ms: ms * 0.9 }];
  const body = Buffer.alloc(BODY_BYTES, 32);
  const answer: Answer = { status: 200, headers: [], body, source: 'upstream' };
  return { type: 'answered', call: aCall({ id, route: ROUTE, body, attempts }), answer, ms };
};

/** What it costs to write a call down and to count it. */
export const measureObservation = async (calls: number): Promise<Table> => {
  const newId = createIds();
  const events = Array.from({ length: EVENTS }, () => makeAnswered(newId()));
  let at = 0;
  const next = (): Answered => events[at++ % EVENTS] as Answered;
  const fd = openSync('/dev/null', 'w');
  const log = createLog({ level: 'info', body: 'none', sample: true, writer: createLineWriter({ fd }) });
  const line = new AccessLine('none');
  const metrics = createMetrics({ version: '0', gauges: noGauges });
  const count = (event: Answered): void => {
    metrics.listen(event);
    metrics.listen({ type: 'attempt', call: event.call, attempt: event.call.attempts[0] as Attempt });
  };
  const cost = async (run: (event: Answered) => unknown) =>
    String(Math.round(await extraNs(() => run(next()), next, calls)));
  const rows = [
    ['format an access line', await cost(event => line.answered(event))],
    ['format it and write it to /dev/null', await cost(log.listen)],
    ['count an answer and its attempt', await cost(count)],
  ];
  await log.close();
  closeSync(fd);
  return { title: 'Observation', head: ['what', 'ns/call'], rows, notes: [] };
};
