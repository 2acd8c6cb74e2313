import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastGood } from '../../src/answers/last-good.ts';
import { memoryStore } from '../../src/answers/memory.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Answer, Call } from '../../src/core/call.ts';
import { Cancel } from '../../src/core/cancel.ts';
import { now } from '../../src/core/clock.ts';
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
import { Choice, type Upstream } from '../../src/upstream/choose.ts';
import { median, print } from '../figures.ts';
import type { Lab } from '../lab.ts';
import { hookBody } from '../load.ts';
import type { Bench, Outcome, Section } from '../section.ts';
import { gatewayConfig } from '../targets.ts';

const PER_TURN = 50;
const HOOK = 'connect';
const ROUTE = { app: 'EchoApp', hook: HOOK };
const HEADERS = ['Accept', 'application/json', 'Content-Type', 'application/json;charset=UTF-8', 'User-Agent', 'Java'];

const newId = createIds();
let serial = 0;
const bodies = Array.from({ length: 5000 }, (_, i) =>
  Buffer.from(
    hookBody.replace('@@@@@@@@', String(i).padStart(8, '0')).replace('####', String(i % 1000).padStart(4, '0')),
  ),
);

const makeCall = (emit: Emit): Call => {
  const arrivedAt = now();
  const body = bodies[serial++ % bodies.length] as Buffer;
  const cancel = new Cancel();
  const times = { arrivedAt, deadline: arrivedAt + 3000, attemptLimitMs: 3000 };
  return {
    id: newId(),
    route: ROUTE,
    hook: HOOK,
    query: '',
    body,
    headers: HEADERS,
    ...times,
    cancel,
    emit,
    attempts: [],
  };
};

/** A back-end without a wire: it answers a turn later with the request's body, as all calls of a turn do. */
const backEnd: Handler = call =>
  new Promise(resolve => {
    const answer: Answer = { status: 200, headers: [], body: call.body, source: 'upstream' };
    setImmediate(() => {
      if (call.attempt) Object.assign(call.attempt, { sent: true, outcome: 'ok', ms: 1 });
      resolve(answer);
    });
  });

/** Microseconds of CPU a call takes in this process, garbage collection included: the median of some rounds. */
const costUs = async (handler: Handler, calls: number, emit: Emit = () => {}, rounds = 7): Promise<number> => {
  const costs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const begin = process.cpuUsage();
    for (let done = 0; done < calls; done += PER_TURN) {
      await Promise.all(Array.from({ length: PER_TURN }, () => handler(makeCall(emit)).catch(() => {})));
    }
    const { user, system } = process.cpuUsage(begin);
    if (round > 0) costs.push((user + system) / calls);
  }
  return median(costs);
};

const readConfig = (lab: Lab) => {
  const file = join(lab.dir, 'micro.yaml');
  writeFileSync(file, gatewayConfig(8090, 9090, { upstreams: [8081], limitMs: 3000 }));
  return loadConfig(file, {}).config;
};

const protect = (name: string, handler: Handler): Upstream => ({
  name,
  handler,
  admits: true,
  mayHedge: true,
  load: 0,
  state: () => ({ ...ROUTE, upstream: name, breaker: 'closed', inflight: 0, queued: 0 }),
  close: () => {},
});

/** Every layer of a route by name, outermost first, as the gateway builds them. */
const layersOf = (lab: Lab) => {
  const [app] = readConfig(lab).apps;
  if (!app?.breaker) throw new Error('the configuration of the bench has no app with a breaker');
  const settings = app.settings(HOOK);
  const ladder = buildLadder(settings, findHook(HOOK), memoryStore({ entries: 10_000, bytes: 2 ** 26 }));
  if (!ladder.keep || !settings.hedge) throw new Error('the configuration of the bench leaves a layer out');
  const budget = new Budget(0.05);
  const breaker = new Breaker(app.breaker, { ...ROUTE, upstream: 'http://127.0.0.1:8081', emit: () => {} });
  const upstream = (handler: Handler) => new Choice([protect('http://127.0.0.1:8081', handler)]).handler;
  const route: [string, Layer][] = [
    ['record', record()],
    ['fallback', fallback(ladder.rungs)],
    ['deadline', deadline()],
    ['last-good', lastGood(ladder.keep)],
    ['coalesce', coalesce()],
    ['retry', retry({ options: settings.retry, budget, idempotent: true, upstreams: 1 })],
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
    upstreams,
    choice: new Choice(upstreams),
    budget,
    mayCoalesce: true,
  });
  return { layers: [...route, ...below], together: together.handler, close: () => breaker.close() };
};

/** Layers, breaker and observation without a wire. */
export const micro: Section = {
  name: 'micro',
  title: 'In one process, no wire',
  run: async ({ lab, quick, say }: Bench): Promise<Outcome> => {
    const calls = quick ? 10_000 : 40_000;
    const { layers, together, close } = layersOf(lab);
    const log = createLog({
      level: 'info',
      body: 'none',
      writer: createLineWriter({ fd: openSync('/dev/null', 'w') }),
    });
    const metrics = createMetrics({ version: '0', gauges: () => ({ upstreams: [], hooks: [] }) });
    const bare = await costUs(backEnd, calls);
    const rows: string[][] = [];
    const show = (name: string, us: number) => rows.push([name, print(us - bare)]);
    for (const [name, layer] of layers) {
      say(name);
      show(name, await costUs(layer(backEnd), calls));
    }
    const all = await costUs(together, calls);
    show('all layers together', all);
    const observed = await costUs(together, calls, event => {
      metrics.listen(event);
      log.listen(event);
    });
    show('all layers, metrics and a log line', observed);
    close();
    await log.close();
    const notes = [`Microseconds of CPU per call over the bare back-end played by hand (${print(bare)} µs).`];
    return { tables: [{ title: 'Layers', head: ['layer', 'µs/call'], rows, notes }], verdicts: [] };
  },
};
