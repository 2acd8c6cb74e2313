import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { Children } from '../../src/cli/demo/children.ts';
import { demoYaml } from '../../src/cli/demo/config.ts';
import type { Order } from '../../src/cli/demo/messages.ts';
import { type Behaviour, SCRIPT } from '../../src/cli/demo/script.ts';
import { INTRUDER_TOKEN } from '../../src/cli/demo/traffic.ts';
import { until } from '../poll.ts';
import { type RedisServer, startRedis } from '../redis/server.ts';
import { BreakwaterProcess } from './breakwater-process.ts';
import { Prometheus } from './prometheus.ts';

/** Times in seconds since 1970. */
export interface Moments {
  readonly start: number;
  /** While no back-end can be reached. */
  readonly outage: number;
  readonly end: number;
}

/** What is left when the play is over: a Prometheus that has seen it. */
export interface Watched {
  readonly prometheus: Prometheus;
  readonly moments: Moments;
  close(): Promise<void>;
}

const seconds = (): number => Date.now() / 1000;
const OUTAGE = SCRIPT.findIndex(({ name }) => name === 'down');
const DRAINED_WITHIN_MS = 10_000;

/** The demo's app with a journal and Redis, and beside it one with a single upstream that lets sessions in provisionally. */
const configFor = (urls: readonly string[], redis: RedisServer, dir: string): string => {
  const demo = parse(demoYaml(urls));
  const [app] = demo.apps;
  const hooks = { ...app.hooks, '*StatusEvent': { fallback: ['store'] } };
  const connect = { ...app.hooks.connect, fallback: ['cached', 'provisional', 'unavailable'] };
  const rooms = { ...app, name: 'rooms', path: '/rooms', upstreams: urls.slice(0, 1), hooks: { ...hooks, connect } };
  const cache = { redis: { url: `redis://${redis.address}` } };
  return stringify({ ...demo, cache, events: { dir: join(dir, 'events') }, apps: [{ ...app, hooks }, rooms] });
};

const post = async (url: string, body: string): Promise<void> => {
  const headers = { 'Content-Type': 'application/json' };
  await (await fetch(url, { method: 'POST', headers, body })).arrayBuffer();
};

/** Sends a hook and hangs up before there can be an answer. */
const hangUp = (url: string, body: string): Promise<void> =>
  new Promise(resolve => {
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).on('close', () => resolve());
    const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`;
    socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () => socket.destroy());
  });

/** What the demo's WCS does not do: repeats, equal calls, callers that leave, and strangers at the door. */
const RARE = ['repeats_total', 'coalesced_total', 'abandoned_total', 'rejected_requests_total'];

const stray = async (gateway: string, at: number): Promise<void> => {
  const body = JSON.stringify({ nodeId: 'stray', appKey: 'demoApp', sessionId: `/10.0.0.1:${at}/h`, name: 's' });
  const [publish, stop] = [`${gateway}/demo/publishStream`, `${gateway}/rooms/stopStream`];
  await Promise.all([hangUp(publish, body), hangUp(stop, body)]);
  await Promise.all([post(publish, body), post(publish, body), fetch(`${gateway}/demo/connect`)]);
};

/** Goes on until each rare thing was counted. */
const strays = async (gateway: string, admin: string, deadlineMs: number): Promise<void> => {
  let at = 0;
  const areCounted = async () => {
    await stray(gateway, at++);
    const text = await (await fetch(`${admin}/metrics`)).text();
    return RARE.every(name => text.includes(`\nbreakwater_${name}{`));
  };
  await until(areCounted, { what: `${RARE.join(', ')} are counted`, deadlineMs, everyMs: 50 });
};

/** An event that the back-end will reject for good, as it is from an intruder. */
const poison = (gateway: string): Promise<void> => {
  const fields = { nodeId: 'stray', sessionId: '/10.0.0.2:1/h', custom: { token: `${INTRUDER_TOKEN}x` } };
  return post(`${gateway}/demo/StreamStatusEvent`, JSON.stringify(fields));
};

/** Everything that is started, ended in the reverse order. */
class Stage {
  readonly #ends: (() => unknown)[] = [];

  add<T>(thing: T, end: () => unknown): T {
    this.#ends.push(end);
    return thing;
  }

  async close(): Promise<void> {
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) await end();
  }
}

const startBackEnd = (children: Children, name: string) =>
  new Promise<{ readonly url: string; behave(behaviour: Behaviour): void }>(resolve => {
    const child = children.start({ type: 'back-end', name }, note => {
      if (note.type !== 'listening') return;
      const behave = (behaviour: Behaviour) => child.order({ type: 'behave', behaviour });
      resolve({ url: `http://127.0.0.1:${note.port}/apps/demo`, behave });
    });
  });

const startGateway = async (stage: Stage, urls: readonly string[]) => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-watched-'));
  stage.add(dir, () => rmSync(dir, { recursive: true, force: true }));
  const redis = await startRedis();
  stage.add(redis, () => redis.close());
  const file = join(dir, 'breakwater.yaml');
  writeFileSync(file, configFor(urls, redis, dir));
  const process = new BreakwaterProcess(file, {});
  stage.add(process, () => process.stop());
  const [, gateway = '', admin = ''] = await process.says(/hooks at (\S+), status at (\S+)\/status/);
  return { gateway, admin };
};

/** Sends the whole load to both apps, and tells of each phase as it begins. */
const runWcs = (children: Children, order: Extract<Order, { type: 'wcs' }>, onPhase: (at: number) => void) =>
  new Promise<void>(resolve => {
    children.start(order, note => {
      if (note.type === 'phase') onPhase(note.phase);
      if (note.type === 'over') resolve();
    });
  });

const drained = (prometheus: Prometheus): Promise<unknown> => {
  const isDrained = 'sum(breakwater_events_pending) == 0 and sum(breakwater_events_dead) > 0';
  const ask = async () => (await prometheus.query(isDrained)).length > 0;
  return until(ask, { what: 'stored events are delivered', deadlineMs: DRAINED_WITHIN_MS, everyMs: 100 });
};

const play = async (stage: Stage, length: number, children: Children): Promise<Omit<Watched, 'close'>> => {
  const backEnds = await Promise.all([startBackEnd(children, 'first'), startBackEnd(children, 'second')]);
  const { gateway, admin } = await startGateway(
    stage,
    backEnds.map(({ url }) => url),
  );
  const prometheus = await Prometheus.start({ targets: [new URL(admin).host] });
  stage.add(prometheus, () => prometheus.close());
  const start = seconds();
  let outage = 0;
  const onPhase = (at: number) => {
    for (const [one, behaviour] of (SCRIPT[at]?.backEnds ?? []).entries()) backEnds[one]?.behave(behaviour);
    if (at === OUTAGE) poison(gateway).catch(() => {});
    if (at === OUTAGE + 1) outage = seconds() - 0.2;
  };
  const load = { seconds: length, rate: 40, nodeId: 'watched@10.0.0.9' };
  const targets = { without: `${gateway}/rooms`, with: `${gateway}/demo` };
  await Promise.all([runWcs(children, { type: 'wcs', load, targets }, onPhase), strays(gateway, admin, length * 1000)]);
  await drained(prometheus);
  return { prometheus, moments: { start, outage, end: seconds() } };
};

/**
 * Plays the demo's script within `length` seconds: its two back-ends and its WCS before a gateway process with a journal
 * and Redis, watched by a Prometheus. Gives that Prometheus when all stored events are delivered.
 */
export const playWatched = async (length = 18): Promise<Watched> => {
  const stage = new Stage();
  const lost = Promise.withResolvers<never>();
  const children = new Children(lost.reject);
  stage.add(children, () => children.close());
  try {
    const watched = await Promise.race([play(stage, length, children), lost.promise]);
    return { ...watched, close: () => stage.close() };
  } catch (error) {
    await stage.close();
    throw error;
  }
};
