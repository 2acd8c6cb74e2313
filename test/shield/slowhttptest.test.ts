import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { areGone, type Mode, slowCommand } from '../kit/slowhttptest.ts';
import { until } from '../poll.ts';
import { configFor, type Started, startGateway } from '../start.ts';
import { requireTool, withoutTool } from '../tools.ts';
import { type LoadResult, WcsClient } from '../wcs-client.ts';

const CONNECTIONS = 500;
/** A few may never get through the queue of the operating system. */
const MOST_LOST = 50;
const MOST_MORE_BYTES = 256 * 1024 * 1024;
/** Far below the limit; a call that waits for the slow ones would reach that. */
const SOON_MS = 2000;

interface Played {
  readonly areGone: boolean;
  readonly ms: number;
  /** What was rejected, by code. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly others: readonly LoadResult[];
  readonly moreBytes: number;
}

describe('500 clients of slowhttptest', { skip: withoutTool('slowhttptest') }, () => {
  let backEnd: FaultServer;
  let gateway: Started;
  let wcs: WcsClient;
  let counts: Record<string, number>;

  beforeEach(async () => {
    backEnd = await createFaultServer();
    const rejected: Record<string, number> = {};
    counts = rejected;
    const limits = { headersWithin: '2s', bodyRate: '1KiB' };
    gateway = await startGateway(configFor([backEnd.url], { limit: '12s' }, { limits }), {
      listener: event => {
        if (event.type === 'rejected') rejected[event.code] = (rejected[event.code] ?? 0) + 1;
      },
    });
    wcs = new WcsClient({ url: gateway.url });
  });
  afterEach(async () => {
    wcs.close();
    await gateway.close();
    await backEnd.close();
  });

  const play = async (mode: Mode, mostSeconds: number): Promise<Played> => {
    const others: LoadResult[] = [];
    const some = () => wcs.load({ hook: 'connect', calls: 40, concurrency: 4, pauseMs: 5 });
    await some();
    const before = process.memoryUsage().rss;
    const startedAt = performance.now();
    const url = `${gateway.url}/connect`;
    const [program = '', ...args] = slowCommand(requireTool('slowhttptest'), mode, {
      url,
      connections: CONNECTIONS,
      mostSeconds,
    });
    let isOver = false;
    const running = promisify(execFile)(program, args, { timeout: 60_000 }).finally(() => {
      isOver = true;
    });
    while (!isOver) others.push(await some());
    const { stdout } = await running;
    const ms = performance.now() - startedAt;
    return { areGone: areGone(stdout), ms, rejected: counts, others, moreBytes: process.memoryUsage().rss - before };
  };

  /** Whatever the mode: others get the back-end's answer soon, memory is bounded, and nothing of it is left. */
  const judge = async ({ others, moreBytes }: Played): Promise<void> => {
    for (const { errors, sources, latency } of others) {
      assert.deepEqual([errors, Object.keys(sources)], [{}, ['upstream']]);
      assert.ok(latency.worst < SOON_MS, `${latency.worst} ms`);
    }
    assert.ok(moreBytes < MOST_MORE_BYTES, `${moreBytes} bytes more`);
    await until(() => gateway.breakwater.held.visits === 0, { what: 'nothing is held' });
  };

  test('with slow headers are answered with 408 after headersWithin', async () => {
    const played = await play('slow headers', 15);
    assert.ok(played.areGone && played.ms < 8000, `${played.ms} ms`);
    assert.ok((played.rejected.request_timeout ?? 0) >= CONNECTIONS - MOST_LOST, JSON.stringify(played.rejected));
    await judge(played);
  });

  test('with slow bodies are answered with 408 after five seconds', async () => {
    const played = await play('slow body', 20);
    assert.ok(played.areGone && played.ms > 5000 && played.ms < 12_000, `${played.ms} ms`);
    assert.ok((played.rejected.request_timeout ?? 0) >= CONNECTIONS - MOST_LOST, JSON.stringify(played.rejected));
    await judge(played);
  });

  test('with thousands of ranges are refused at once', async () => {
    const played = await play('ranges', 15);
    assert.ok(played.areGone && played.ms < 8000, `${played.ms} ms`);
    assert.ok((played.rejected.method_not_allowed ?? 0) >= CONNECTIONS - MOST_LOST, JSON.stringify(played.rejected));
    await judge(played);
  });

  test('that read slowly have all their answers in the operating system, and hold up nobody', async () => {
    const played = await play('slow read', 4);
    assert.ok((played.rejected.method_not_allowed ?? 0) >= CONNECTIONS - MOST_LOST, JSON.stringify(played.rejected));
    await judge(played);
  });
});
