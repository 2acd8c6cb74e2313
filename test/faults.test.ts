import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createFaultServer, FAULTS, type FaultName, type FaultServer, HEALTHY } from './fault-server.ts';
import { compact } from './samples.ts';
import { configFor, type Started, startGateway } from './start.ts';
import { type HookAnswer, WcsClient } from './wcs-client.ts';

const LIMIT_MS = 400;
/** For a busy machine; the benchmark measures how much it really is. */
const SLACK_MS = 250;
const CALLS = 10;
const AT_ONCE = 10;

/** What each fault is called in `Breakwater-Answer`. */
const REASONS: Readonly<Record<Exclude<FaultName, 'flaps'>, RegExp>> = {
  refused: /^refused$/,
  blackholed: /^(?:connect|limit|timeout)$/,
  silent: /^(?:limit|timeout)$/,
  stalls: /^(?:limit|timeout)$/,
  drips: /^(?:limit|timeout)$/,
  resets: /^reset$/,
  cut: /^reset$/,
  garbage: /^(?:reset|body)$/,
  notJson: /^body$/,
  status500: /^status$/,
  status503: /^status$/,
};

interface HookKind {
  readonly hook: string;
  readonly sample: string;
  /** What answers under `fallback: auto` when no verdict is kept. */
  readonly source: string;
  readonly status: number;
}

const KINDS: readonly HookKind[] = [
  { hook: 'connect', sample: 'connect.request.json', source: 'unavailable', status: 503 },
  { hook: 'publishStream', sample: 'publishStream.request.json', source: 'unavailable', status: 503 },
  { hook: 'OnCallEvent', sample: 'OnCallEvent.request.json', source: 'unavailable', status: 503 },
  { hook: 'playHLS', sample: 'playHLS.request.json', source: 'unavailable', status: 503 },
  { hook: 'StreamStatusEvent', sample: 'StreamStatusEvent.request.json', source: 'stored', status: 200 },
  { hook: 'StreamKeepAliveEvent', sample: 'StreamStatusEvent.request.json', source: 'echo', status: 200 },
  { hook: 'SomethingNewEvent', sample: 'StreamStatusEvent.request.json', source: 'stored', status: 200 },
  { hook: 'somethingNew', sample: 'connect.request.json', source: 'unavailable', status: 503 },
];

const reasonOf = ({ from }: HookAnswer): string => /reason=([a-z_]+)/.exec(from)?.[1] ?? '';

describe('each of the twelve faults', () => {
  let backEnd: FaultServer;
  let gateway: Started;
  let wcs: WcsClient;

  before(async () => {
    backEnd = await createFaultServer();
  });
  after(() => backEnd.close());
  beforeEach(async () => {
    await backEnd.setFault(HEALTHY);
    gateway = await startGateway(configFor([backEnd.url], { limit: `${LIMIT_MS}ms`, breaker: false }));
    wcs = new WcsClient({ url: gateway.url });
  });
  afterEach(async () => {
    wcs.close();
    await gateway.close();
  });

  /** Calls one hook many times at once; every answer must be there in time. */
  const callAll = async ({ hook, sample }: HookKind): Promise<HookAnswer[]> => {
    const body = compact(sample);
    const answers: HookAnswer[] = [];
    const { errors, latency } = await wcs.load({
      hook,
      calls: CALLS,
      concurrency: AT_ONCE,
      body: () => body,
      onAnswer: answer => answers.push(answer),
    });
    assert.deepEqual(errors, {}, 'calls without an answer');
    assert.ok(latency.worst < LIMIT_MS + SLACK_MS, `${hook}: worst ${latency.worst} ms, limit ${LIMIT_MS} ms`);
    return answers;
  };

  for (const [name, reason] of Object.entries(REASONS)) {
    const fault = FAULTS[name as FaultName];

    test(`${name}: each kind of hook is answered in time by its own rung, bytes unchanged`, async () => {
      await backEnd.setFault(fault);
      for (const kind of KINDS) {
        for (const answer of await callAll(kind)) {
          assert.equal(answer.source, kind.source, `${kind.hook}: ${answer.from}`);
          assert.equal(answer.status, kind.status, kind.hook);
          const isBehind = kind.source === 'stored' && reasonOf(answer) === 'queued';
          assert.ok(isBehind || reason.test(reasonOf(answer)), `${kind.hook}: ${answer.from}`);
          if (kind.status === 200) assert.ok(answer.body.equals(compact(kind.sample)), kind.hook);
          else assert.match(answer.body.toString(), /^\{"error":\{"code":"[a-z_]+","message":"[^"]+"\}\}$/);
        }
      }
    });

    test(`${name}: a decision that the back-end has made before is given again`, async () => {
      const connect = KINDS[0] as HookKind;
      await wcs.post(connect.hook, compact(connect.sample));
      await backEnd.setFault(fault);
      for (const answer of await callAll(connect)) {
        assert.equal(answer.source, 'cached', answer.from);
        assert.match(answer.from, /; age=\d+/);
        assert.ok(answer.body.equals(compact(connect.sample)));
      }
    });
  }

  test('flaps: every call is answered in time, by the back-end while it is up', async () => {
    await backEnd.setFault({ kind: 'flaps', upMs: 150, downMs: 150 });
    const notification = KINDS[4] as HookKind;
    const sources = new Set<string>();
    const end = performance.now() + 3000;
    while (sources.size < 2 && performance.now() < end) {
      for (const answer of await callAll(notification)) {
        assert.ok(answer.body.equals(compact(notification.sample)));
        sources.add(answer.source);
      }
    }
    assert.deepEqual([...sources].sort(), ['stored', 'upstream']);
  });

  test('when the fault is over, the next call is the back-end’s again', async () => {
    const body = compact('publishStream.request.json');
    for (const fault of Object.values(FAULTS)) {
      await backEnd.setFault(fault);
      await wcs.post('publishStream', body);
      await backEnd.setFault(HEALTHY);
      const answer = await wcs.post('publishStream', body);
      assert.equal(answer.from, 'upstream', fault.kind);
    }
  });
});
