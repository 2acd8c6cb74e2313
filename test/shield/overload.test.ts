import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createFaultServer, FAULTS, type FaultServer } from '../fault-server.ts';
import { until } from '../poll.ts';
import { APP, configFor, type Started, startGateway } from '../start.ts';

let backEnd: FaultServer;
let gateway: Started;

beforeEach(async () => {
  backEnd = await createFaultServer();
});
afterEach(async () => {
  await gateway.close();
  await backEnd.close();
});

type Keys = Readonly<Record<string, unknown>>;
const SLOW = { kind: 'healthy', delay: 150 } as const;

const serve = async (app: Keys): Promise<void> => {
  await backEnd.setFault(SLOW);
  gateway = await startGateway(configFor([backEnd.url], { fallback: ['echo'], hedge: false, retry: false, ...app }));
};

let serial = 0;

/** Where the answer to a call of its own comes from, and why: `upstream`, `echo; reason=overload`. */
const ask = async (hook: string): Promise<string> => {
  const body = JSON.stringify({ nodeId: 'n', sessionId: `s${serial}`, mediaSessionId: String(serial++) });
  const answer = await fetch(`${gateway.url}/${hook}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
  await answer.text();
  return answer.headers.get('breakwater-answer') ?? '';
};

const queuedNow = (): number => gateway.breakwater.held.queued;
const askAndQueue = async (hook: string, queued: number): Promise<{ answer: Promise<string> }> => {
  const answer = ask(hook);
  await until(() => queuedNow() === queued, { what: `${queued} wait` });
  return { answer };
};

const hooksServed = (): string[] => backEnd.requests.map(({ target }) => target.slice(`${APP.path}/`.length));

test('where calls wait for room decisions go before notifications, and what has low priority goes last', async () => {
  await serve({ concurrency: { max: 1, queue: 10 }, hooks: { pushLogs: { priority: 'low' } } });
  const first = ask('hangup');
  await until(() => backEnd.count === 1, { what: 'the first is at the back-end' });
  const waiting = [];
  for (const [at, hook] of ['pushLogs', 'StreamStatusEvent', 'connect'].entries())
    waiting.push((await askAndQueue(hook, at + 1)).answer);
  assert.deepEqual(await Promise.all([first, ...waiting]), Array(4).fill('upstream'));
  assert.deepEqual(hooksServed(), ['hangup', 'connect', 'StreamStatusEvent', 'pushLogs']);
});

test('in a full queue a decision takes the place of a notification, which gets the next rung at once', async () => {
  await serve({ concurrency: { max: 1, queue: 1 } });
  const first = ask('hangup');
  await until(() => backEnd.count === 1, { what: 'the first is at the back-end' });
  const notification = (await askAndQueue('StreamStatusEvent', 1)).answer;
  const decision = ask('connect');
  assert.equal(await notification, 'echo; reason=overload');
  assert.equal(backEnd.count, 1, 'it has not waited for room');
  assert.deepEqual(await Promise.all([first, decision]), ['upstream', 'upstream']);
  assert.deepEqual(hooksServed(), ['hangup', 'connect']);
});

test('a learned limit is shown, bounds what the back-end gets, and falls while it fails', async () => {
  await serve({ concurrency: { max: 'auto', floor: 2, ceiling: 6, queue: 0 }, breaker: false });
  const status = async () => {
    const { apps } = (await (await fetch(`${gateway.breakwater.adminUrl}/status`)).json()) as {
      readonly apps: readonly { readonly upstreams: readonly { readonly limit: number }[] }[];
    };
    return apps[0]?.upstreams[0]?.limit;
  };
  assert.equal(await status(), 6);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask('hangup')));
  assert.equal(answers.filter(each => each === 'upstream').length, 6);
  assert.equal(answers.filter(each => each === 'echo; reason=overload').length, 4);
  await backEnd.setFault(FAULTS.status500);
  const failed = async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask('hangup')));
    return (await status()) === 2;
  };
  await until(failed, { what: 'the limit is at its floor', deadlineMs: 15_000 });
  const metrics = await (await fetch(`${gateway.breakwater.adminUrl}/metrics`)).text();
  assert.match(metrics, /^breakwater_concurrency_limit\{app="EchoApp",upstream="[^"]+"\} 2$/m);
});
