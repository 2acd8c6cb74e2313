import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Caller } from '../call.ts';
import { freePort, type Lab, sleep } from '../lab.ts';
import type { Bench } from '../section.ts';
import { APP, gateway } from '../targets.ts';
import { BackEnd } from './back-end.ts';
import { TROUBLES, type Trouble, TroubledRedis } from './redis-faults.ts';
import { CALLERS, introduceAll, meetAll, SESSIONS, type Sent, Traffic } from './redis-traffic.ts';

export const BUDGET_MS = 20;
const LIMIT_MS = 1000;
const WARM_SECONDS = 2;
const WELL_SECONDS = 6;
export const TROUBLE_SECONDS = 4;
const AFTER_SECONDS = 3;
const LOOK_MS = 25;
const CLOCK_STEP_MS = 5;
/** How long its use is waited for. */
const MOST_UNUSED_MS = 10_000;

/** How many calls each trouble saw, and how they fared. */
export interface Span {
  readonly name: string;
  readonly sent: readonly Sent[];
  /** How late this process's own timers were meanwhile, at worst: nobody can be more punctual here than that. */
  readonly clockMs: number;
  /** From its end until Redis had an answer again; nothing where none was to be ended. */
  readonly usedAfterMs?: number;
  /** Look-ups that Redis answered meanwhile. */
  readonly lookups: number;
}

const LOOKUPS = /^breakwater_cache_requests_total\{tier="redis",result="(?:hit|miss)"\} (\d+)/gm;

/** How many look-ups Redis has answered in time. */
const lookups = async (admin: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return [...text.matchAll(LOOKUPS)].reduce((sum, [, times]) => sum + Number(times), 0);
};

const untilUsed = async (admin: number): Promise<number> => {
  const begin = performance.now();
  const before = await lookups(admin);
  while (performance.now() - begin < MOST_UNUSED_MS) {
    if ((await lookups(admin)) > before) return performance.now() - begin;
    await sleep(LOOK_MS);
  }
  return Number.POSITIVE_INFINITY;
};

interface Stage {
  readonly redis: TroubledRedis;
  readonly traffic: Traffic;
  readonly admin: number;
}

/** Begins to collect what is sent; the function that it gives ends that. */
const watch = (name: string, { traffic }: Stage) => {
  const clock = monitorEventLoopDelay({ resolution: CLOCK_STEP_MS });
  clock.enable();
  const begin = performance.now();
  return (more: Pick<Span, 'lookups' | 'usedAfterMs'>): Span => {
    const end = performance.now();
    clock.disable();
    const sent = traffic.sent.filter(({ at }) => at >= begin && at < end);
    return { name, sent, clockMs: clock.max / 1e6 - CLOCK_STEP_MS, ...more };
  };
};

const meet = async (stage: Stage, trouble: Trouble): Promise<Span> => {
  const end = watch(trouble.name, stage);
  const before = await lookups(stage.admin);
  await trouble.begin(stage.redis);
  await sleep(1000 * TROUBLE_SECONDS);
  const answered = (await lookups(stage.admin)) - before;
  await trouble.end(stage.redis);
  const usedAfterMs = await untilUsed(stage.admin);
  await sleep(1000 * AFTER_SECONDS);
  return end({ usedAfterMs, lookups: answered });
};

const beWell = async (stage: Stage): Promise<Span> => {
  const end = watch('none', stage);
  const before = await lookups(stage.admin);
  await sleep(1000 * WELL_SECONDS);
  return end({ lookups: (await lookups(stage.admin)) - before });
};

const startGateway = async (lab: Lab, name: string, upstream: number, url: string) => {
  const admin = await freePort();
  const root = { cache: { redis: { url, budget: `${BUDGET_MS}ms` } } };
  const app = { fallback: 'auto', idempotent: false, breaker: { openFor: '60s' } };
  const running = await gateway(name).start(lab, { upstreams: [upstream], limitMs: LIMIT_MS, admin, root, app });
  return { ...running, admin };
};

/** Another instance hears from the back-end of all callers and sessions, and tells Redis. */
const teach = async ({ lab }: Bench, url: string): Promise<void> => {
  const backEnd = await BackEnd.start();
  const first = await startGateway(lab, 'redis-first', backEnd.port, url);
  await introduceAll(first.port);
  await first.stop();
  backEnd.close();
};

/** A back-end that is not there: with the breaker open, a call costs what the ladder costs. */
const openBreaker = async (port: number): Promise<void> => {
  const caller = new Caller(port, `${APP}/connect`);
  await caller.calls(50, 1);
  caller.close();
};

/** All troubles one after the other; the first span has none. */
export const play = async (bench: Bench): Promise<Span[]> => {
  const redis = await TroubledRedis.start(bench.lab);
  bench.say(`teaching Redis ${SESSIONS} sessions and ${CALLERS} callers`);
  await teach(bench, redis.url);
  const second = await startGateway(bench.lab, 'redis-second', await freePort(), redis.url);
  await openBreaker(second.port);
  await meetAll(second.port);
  const traffic = new Traffic(second.port);
  const stage: Stage = { redis, traffic, admin: second.admin };
  const sending = traffic.run();
  await sleep(1000 * WARM_SECONDS);
  bench.say('Redis is well');
  const spans = [await beWell(stage)];
  for (const trouble of TROUBLES) {
    bench.say(`Redis is ${trouble.name}`);
    spans.push(await meet(stage, trouble));
  }
  traffic.end();
  await sending;
  return spans;
};
