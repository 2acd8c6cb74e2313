import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { sessionName } from '../../src/sessions/ids.ts';
import { print } from '../figures.ts';
import { anEvent, openJournal } from '../journal/scene.ts';
import { freePort, sleep } from '../lab.ts';
import { CONNECTS, type Result, SESSION } from '../load.ts';
import type { Bench, Outcome, Section, Table } from '../section.ts';
import { shown } from '../section.ts';
import { gateway } from '../targets.ts';

const APP = 'EchoApp';
const LANES = 200;
const LIVE_PER_SECOND = 100;
const EVENTS_PER_SECOND = 500;
const CONNECTIONS = 50;
const BATCH = 5000;
const LIMIT_MS = 3000;
const DELAY_MS = 5;
const DRAIN_WITHIN_MS = 600_000;
const STATUS_EVENTS = SESSION.filter(([hook]) => hook === 'StreamStatusEvent');

const fill = async (dir: string, events: number): Promise<void> => {
  const journal = await openJournal(dir);
  const lanes = Array.from({ length: LANES }, (_, i) =>
    sessionName(APP, Buffer.from(JSON.stringify({ nodeId: 'n', sessionId: `stored-${i}` }))),
  );
  for (let from = 0; from < events; from += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, events - from) }, (_, i) => lanes[(from + i) % LANES] ?? '');
    await Promise.all(some.map(lane => journal.append({ ...anEvent(lane), app: APP }, 0)));
  }
  await journal.close();
};

const pendingAt = async (admin: number): Promise<number> => {
  const status = (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as {
    readonly events: readonly { readonly pending: number }[];
  };
  return status.events.reduce((sum, { pending }) => sum + pending, 0);
};

const untilEmpty = async (admin: number): Promise<number> => {
  const begin = performance.now();
  while ((await pendingAt(admin)) > 0) {
    if (performance.now() - begin > DRAIN_WITHIN_MS) throw new Error('the journal is not drained');
    await sleep(200);
  }
  return performance.now() - begin;
};

const start = async ({ lab, load }: Bench, dir: string, upstream?: number) => {
  const admin = await freePort();
  const port = upstream ?? (await load.upstream(String(DELAY_MS))).port;
  const root = { events: { dir, maxBytes: '2GiB' } };
  const running = await gateway('drain').start(lab, {
    upstreams: [port],
    limitMs: LIMIT_MS,
    admin,
    root,
    app: { fallback: 'auto' },
  });
  return { running, admin };
};

const timesOf = ({ sent, ok, p50, p99, max }: Result): string[] => [sent, ok, p50, p99, max].map(print);
const HEAD = ['what', 'sent', 'answered with 2xx', 'p50 ms', 'p99 ms', 'worst ms'];

/** How soon an event is acknowledged through the whole gateway while nobody can take it. */
const acknowledge = async (bench: Bench, seconds: number): Promise<Result> => {
  const dead = await freePort();
  const { running } = await start(bench, mkdtempSync(join(bench.lab.dir, 'events-')), dead);
  await bench.load.open(running.port, STATUS_EVENTS, CONNECTIONS, seconds / 2, EVENTS_PER_SECOND);
  const result = await bench.load.open(running.port, STATUS_EVENTS, CONNECTIONS, seconds, EVENTS_PER_SECOND);
  await running.stop();
  return result;
};

/** Live calls while a backlog is drained and after it, in the same gateway. */
const drainBeside = async (bench: Bench, events: number, seconds: number) => {
  const dir = mkdtempSync(join(bench.lab.dir, 'events-'));
  bench.say(`storing ${events} events`);
  await fill(dir, events);
  const { running, admin } = await start(bench, dir);
  const live = () => bench.load.open(running.port, CONNECTS, CONNECTIONS, seconds, LIVE_PER_SECOND);
  bench.say('draining');
  let drainMs = 0;
  const emptied = untilEmpty(admin).then(ms => {
    drainMs = ms;
  });
  const during: Result[] = [];
  while (drainMs === 0) during.push(await live());
  await emptied;
  bench.say('without a drain');
  const without = await live();
  await running.stop();
  // The last one may have outlived the drain.
  return { drainMs, without, during: during.length > 1 ? during.slice(0, -1) : during };
};

/** Stored events on their way out, and on their way in, through the whole gateway. */
export const drain: Section = {
  name: 'drain',
  title: 'Stored events through the whole gateway',
  run: async (bench): Promise<Outcome> => {
    const [events, seconds] = bench.quick ? [5000, 3] : [100_000, 10];
    bench.say('a dead back-end');
    const stored = await acknowledge(bench, seconds);
    const { drainMs, without, during } = await drainBeside(bench, events, seconds);
    const perSecond = (events * 1000) / drainMs;
    const table: Table = {
      title: '',
      head: HEAD,
      rows: [
        [`StreamStatusEvent at ${EVENTS_PER_SECOND}/s, back-end dead`, ...timesOf(stored)],
        [`connect at ${LIVE_PER_SECOND}/s, nothing stored`, ...timesOf(without)],
        ...during.map((each, i) => [`connect at ${LIVE_PER_SECOND}/s, draining, part ${i + 1}`, ...timesOf(each)]),
      ],
      notes: [
        `Drained: ${print(events)} events in ${LANES} lanes within ${print(drainMs / 1000)} s, ${print(perSecond)}/s; the back-end takes ${DELAY_MS} ms for each call, events.share is as delivered, and the count of what waits is as old as a second.`,
      ],
    };
    const worst = Math.max(...during.map(({ p99 }) => p99));
    return {
      tables: [table],
      verdicts: [
        shown(
          `acknowledgement at ${EVENTS_PER_SECOND}/s by store, p50; p99 ms`,
          `${print(stored.p50)}; ${print(stored.p99)}`,
        ),
        shown(`live p99 without and with a drain of ${print(events)}, ms`, `${print(without.p99)}; ${print(worst)}`),
        shown('time to drain, s; events/s', `${print(drainMs / 1000)}; ${print(perSecond)}`),
      ],
    };
  },
};
