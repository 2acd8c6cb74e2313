import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Config } from '../../src/config/types.ts';
import type { Event } from '../../src/core/events.ts';
import type { AnswerFault } from '../fault-answers.ts';
import { createFaultServer, type FaultServer, HEALTHY } from '../fault-server.ts';
import { listenOn } from '../kit/addresses.ts';
import { until } from '../poll.ts';
import { configFor, type Started, startGateway } from '../start.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const QUICK: AnswerFault = { kind: 'healthy', delay: 5 };
const SLOW: AnswerFault = { kind: 'healthy', delay: 80 };

const aBackEnd = async (fault: AnswerFault = QUICK): Promise<FaultServer> => {
  const backEnd = await createFaultServer();
  await backEnd.setFault(fault);
  closers.push(() => backEnd.close());
  return backEnd;
};

interface Scene extends Started {
  readonly events: Event[];
  /** Sends calls, twelve at a time, until something has happened that is waited for. */
  callUntil(what: string, condition: () => unknown): Promise<void>;
  /** Sends so many calls, twelve at a time; gives how many were answered by a back-end. */
  calls(count: number): Promise<number>;
}

const aGateway = async (config: Config): Promise<Scene> => {
  const events: Event[] = [];
  const gateway = await startGateway(config, { listener: event => void events.push(event) });
  closers.push(() => gateway.close());
  let serial = 0;
  const call = async (): Promise<boolean> => {
    const body = JSON.stringify({ appKey: 'EchoApp', sessionId: String(serial++) });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${gateway.url}/connect`, { method: 'POST', headers, body });
    await answer.arrayBuffer();
    return answer.headers.get('breakwater-answer') === 'upstream';
  };
  const some = (count: number) => Promise.all(Array.from({ length: count }, call));
  const calls = async (count: number): Promise<number> => {
    let answered = 0;
    for (let left = count; left > 0; left -= 12) answered += (await some(Math.min(12, left))).filter(Boolean).length;
    return answered;
  };
  const callUntil = (what: string, condition: () => unknown) =>
    until(
      async () => {
        await calls(12);
        return Boolean(condition());
      },
      { what, deadlineMs: 20_000, everyMs: 1 },
    ).then(() => {});
  return { ...gateway, events, calls, callUntil };
};

const EJECTION = { ejection: { for: '1s' }, slowStart: '500ms', hedge: false } as const;

const reasonOf = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'ejected' ? [`${new URL(event.upstream).port} ${event.reason}`] : []));

test('the slow one of three is left out, is asked no more, and is back with its part of the calls when it is well', async () => {
  const [one, two, slow] = [await aBackEnd(), await aBackEnd(), await aBackEnd(SLOW)];
  const gateway = await aGateway(configFor([one.url, two.url, slow.url], EJECTION));
  await gateway.callUntil('an ejection', () => reasonOf(gateway.events).length > 0);
  assert.deepEqual(reasonOf(gateway.events), [`${slow.port} slow`]);
  await until(() => gateway.breakwater.held.inflight === 0, { what: 'the last calls' });
  const before = slow.count;
  assert.equal(await gateway.calls(36), 36);
  assert.equal(slow.count, before);
  const [{ upstreams = [] } = {}] = (await gateway.breakwater.status()).apps;
  assert.deepEqual(
    upstreams.map(({ out, ejections }) => [out, ejections?.slow]),
    [
      [undefined, 0],
      [undefined, 0],
      ['slow', 1],
    ],
  );
  await slow.setFault(QUICK);
  const isBack = () => gateway.events.some(({ type }) => type === 'returned');
  await gateway.callUntil('its return', () => isBack() && slow.count > before + 50);
  const [all, its] = [one.count + two.count + slow.count, slow.count];
  await gateway.calls(600);
  const share = (slow.count - its) / (one.count + two.count + slow.count - all);
  assert.ok(share > 0.2 && share < 0.45, `${share} of the calls`);
});

test('the one that fails now and then is left out, before its breaker would open', async () => {
  const [one, two, failing] = [await aBackEnd(), await aBackEnd(), await aBackEnd()];
  let count = 0;
  await failing.setFault(() => (count++ % 3 === 0 ? { ...QUICK, status: 500, body: '{}' } : QUICK));
  const gateway = await aGateway(configFor([one.url, two.url, failing.url], EJECTION));
  await gateway.callUntil('an ejection', () => reasonOf(gateway.events).length > 0);
  assert.deepEqual(reasonOf(gateway.events), [`${failing.port} errors`]);
  assert.equal(
    gateway.events.some(({ type }) => type === 'breaker'),
    false,
  );
  await until(() => gateway.breakwater.held.inflight === 0, { what: 'the last calls' });
  assert.equal(await gateway.calls(60), 60);
});

const CHECKED = { ...EJECTION, ejection: { for: '10m', maxFor: '10m' } } as const;

test('a check takes one out that is not well, without a call; while all are out, all are used; it brings them back', async () => {
  const [one, two] = [await aBackEnd(), await aBackEnd()];
  const isCheck = ({ method }: { readonly method: string }) => method === 'GET';
  const unwell = { kind: 'healthy', status: 503, body: '{}' } as const;
  const health = { path: '/health', interval: '50ms', timeout: '50ms' };
  const gateway = await aGateway(configFor([one.url, two.url], { ...CHECKED, health }));
  const out = async () =>
    (await gateway.breakwater.status()).apps[0]?.upstreams.filter(each => each.out === 'health').length;
  await one.setFault(request => (isCheck(request) ? unwell : QUICK));
  await until(async () => (await out()) === 1, { what: 'one out' });
  const callsTo = ({ requests }: FaultServer) => requests.filter(request => !isCheck(request)).length;
  assert.equal(await gateway.calls(24), 24);
  assert.deepEqual([callsTo(one), callsTo(two)], [0, 24]);
  await two.setFault(request => (isCheck(request) ? unwell : QUICK));
  await until(async () => (await out()) === 2, { what: 'both out' });
  assert.equal(await gateway.calls(24), 24);
  assert.ok(callsTo(one) > 0);
  await one.setFault(HEALTHY);
  await two.setFault(HEALTHY);
  await until(async () => (await out()) === 0, { what: 'both back' });
});

test('one that was down and is up again is brought back by its check long before its time is over', async () => {
  const [one, two] = [await aBackEnd(), await aBackEnd()];
  const health = { path: '/health', interval: '50ms', timeout: '50ms', unhealthy: 1000 };
  const gateway = await aGateway(configFor([one.url, two.url], { ...CHECKED, health }));
  await two.setFault({ kind: 'refused' });
  await gateway.callUntil('an ejection', () => reasonOf(gateway.events).length > 0);
  assert.deepEqual(reasonOf(gateway.events), [`${two.port} failures`]);
  await two.setFault(HEALTHY);
  await until(() => gateway.events.some(({ type }) => type === 'returned'), { what: 'its return' });
});

test('a back-end is reached by its name, after a reload too', async () => {
  const backEnd = await listenOn(['127.0.0.1']);
  closers.push(() => backEnd.close());
  const config = configFor([`http://localhost:${backEnd.port}`], { resolve: '50ms' });
  const gateway = await aGateway(config);
  assert.equal(await gateway.calls(12), 12);
  gateway.breakwater.reload(config);
  assert.equal(await gateway.calls(12), 12);
});
