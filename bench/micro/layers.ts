import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastGood } from '../../src/answers/last-good.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Answer, Call } from '../../src/core/call.ts';
import type { Emit } from '../../src/core/events.ts';
import { createIds } from '../../src/core/id.ts';
import { type Handler, type Layer, stack } from '../../src/core/layer.ts';
import { buildLadder } from '../../src/gateway/ladder.ts';
import { record } from '../../src/gateway/record.ts';
import { routeStack } from '../../src/gateway/routes.ts';
import { findHook } from '../../src/hooks/catalogue.ts';
import { createLineWriter } from '../../src/observability/line-writer.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { Breaker } from '../../src/resilience/breaker.ts';
import { Budget } from '../../src/resilience/budget.ts';
import { Bulkhead } from '../../src/resilience/bulkhead.ts';
import { coalesce } from '../../src/resilience/coalesce.ts';
import { attemptDeadline, deadline } from '../../src/resilience/deadline.ts';
import { fallback } from '../../src/resilience/fallback.ts';
import { Hedge } from '../../src/resilience/hedge.ts';
import { retry } from '../../src/resilience/retry.ts';
import { SharedMemory } from '../../src/server/memory.ts';
import { Choice, type Upstream } from '../../src/upstream/choose.ts';
import { aCall, noGauges } from '../../test/kit/hand-played.ts';
import { print } from '../figures.ts';
import { hookBody } from '../load.ts';
import type { Bench, Table } from '../section.ts';
import { gatewayConfig } from '../targets.ts';
import { extraNs } from './cost.ts';

const BODIES = 5000;
const HOOK = 'connect';
const ROUTE = { app: 'EchoApp', hook: HOOK };

/** Calls of a thousand users, each with a body of its own among those that are out. */
const createCalls = (): ((emit: Emit) => Call) => {
  const newId = createIds();
  const bodies = Array.from({ length: BODIES }, (_, i) => {
    const serial = String(i).padStart(8, '0');
    return Buffer.from(hookBody.replace('@@@@@@@@', serial).replace('####', serial.slice(-3).padStart(4, '0')));
  });
  let at = 0;
  return emit => aCall({ id: newId(), route: ROUTE, hook: HOOK, body: bodies[at++ % BODIES] as Buffer, emit });
};

/** A back-end without a wire: it answers a turn later with the request's body, as all calls of a turn do. */
const backEnd: Handler = call =>
  new Promise(resolve => {
    const answer: Answer = { status: 200, headers: [], body: call.body, source: 'upstream' };
    setImmediate(() => {
      const { attempt } = call;
      if (attempt)
        call.emit({ type: 'attempt', call, attempt: Object.assign(attempt, { sent: true, outcome: 'ok', ms: 1 }) });
      resolve(answer);
    });
  });

const ignore = (): void => {};

const readConfig = ({ lab }: Bench) => {
  const file = join(lab.dir, 'micro.yaml');
  writeFileSync(file, gatewayConfig(8090, 9090, { upstreams: [8081], limitMs: 3000 }));
  return loadConfig(file, {}).config;
};

const protect = (name: string, handler: Handler): Upstream => ({
  name,
  handler,
  admits: true,
  mayHedge: true,
  limit: 64,
  load: 0,
  share: 1,
  state: () => ({ ...ROUTE, upstream: name, breaker: 'closed', inflight: 0, queued: 0, limit: 64 }),
  replace: () => {},
  close: () => {},
});

/** Every layer of a route by name, outermost first, as the gateway builds them. */
const layersOf = (bench: Bench) => {
  const [app] = readConfig(bench).apps;
  if (!app?.breaker) throw new Error('the configuration of the bench has no app with a breaker');
  const settings = app.settings(HOOK);
  const memory = new SharedMemory(readConfig(bench), ignore, () =>
    Promise.reject(new Error('the bench stores nothing')),
  );
  const { verdicts, register, delivery } = memory;
  const sessions = { register, admissions: memory.admissions(app.name), admitsProvisionally: false };
  const ladder = buildLadder({ settings, hook: findHook(HOOK), verdicts, sessions, outbox: delivery.outbox });
  if (!ladder.keep || !settings.hedge) throw new Error('the configuration of the bench leaves a layer out');
  const budget = new Budget(0.05);
  const breaker = new Breaker(app.breaker, { ...ROUTE, upstream: 'http://127.0.0.1:8081', emit: () => {} });
  const { gate } = new Choice([protect('http://127.0.0.1:8081', backEnd)]);
  const upstream = (handler: Handler) => new Choice([protect('http://127.0.0.1:8081', handler)]).handler;
  const route: [string, Layer][] = [
    ['record', record()],
    ['coalesce', coalesce()],
    ['fallback', fallback(ladder.choose)],
    ['gate', gate],
    ['deadline', deadline()],
    ['last-good', lastGood(ladder.keep)],
    ['retry', retry({ options: settings.retry, budget, idempotent: true, hasUntried: () => false })],
    ['hedge', new Hedge({ options: settings.hedge, budget, mayHedge: () => false }).layer],
    ['choice of an upstream', upstream],
  ];
  const below: [string, Layer][] = [
    ['bulkhead', new Bulkhead(app.concurrency).layer],
    ['breaker', breaker.layer],
    ['attempt deadline', attemptDeadline()],
  ];
  const upstreams = [
    protect(
      'http://127.0.0.1:8081',
      stack(
        below.map(([, layer]) => layer),
        backEnd,
      ),
    ),
  ];
  const together = routeStack({
    settings,
    ladder,
    choice: new Choice(upstreams),
    budget,
    hook: findHook(HOOK),
    ofSession: [],
    rate: undefined,
    delivery: undefined,
    storesMs: 0,
    journalMs: 0,
  });
  return { layers: [...route, ...below], together: together.handler, close: () => breaker.close() };
};

/** What each layer takes, and what all of them take together. */
export const measureLayers = async (bench: Bench, calls: number): Promise<{ table: Table; measured: string }> => {
  const { layers, together, close } = layersOf(bench);
  const fd = openSync('/dev/null', 'w');
  const log = createLog({ level: 'info', body: 'none', sample: true, writer: createLineWriter({ fd }) });
  const metrics = createMetrics({ version: '0', gauges: noGauges });
  const rows: string[][] = [];
  const makeCall = createCalls();
  const show = async (name: string, handler: Handler, emit: Emit = ignore): Promise<string> => {
    bench.say(name);
    const ask = (asked: Handler) => () => asked(makeCall(emit)).catch(ignore);
    const us = print((await extraNs(ask(handler), ask(backEnd), calls)) / 1000);
    rows.push([name, us]);
    return us;
  };
  for (const [name, layer] of layers) await show(name, layer(backEnd));
  const measured = await show('all layers together', together);
  await show('all layers, metrics and a log line', together, event => {
    metrics.listen(event);
    log.listen(event);
  });
  close();
  await log.close();
  closeSync(fd);
  const notes = ['Beyond a bare back-end that is played by hand.'];
  return { table: { title: 'Layers', head: ['layer', 'µs/call'], rows, notes }, measured };
};
