import { type Running, sleep } from './lab.ts';
import { behave, CONNECTS, type Seen, seen } from './load.ts';
import { type Entrant, warm } from './rounds.ts';
import type { Bench } from './section.ts';
import { gateway } from './targets.ts';

const REPLICAS = 2;
const RELOAD_MS = 500;

/** A gateway before replicas of one back-end. */
export interface Replicated extends Entrant {
  readonly replicas: readonly Running[];
}

/** What calls cost the replicas. */
export interface Toll {
  readonly calls: number;
  /** Requests that were marked as a second attempt. */
  readonly repeats: number;
  /** What share of requests more than the clients' own reached a replica. */
  readonly extra: number;
  /** Connections, and requests that were cut off. */
  readonly opened: number;
  readonly aborted: number;
}

/** Starts a warm gateway; `app` is what differs from the usual configuration. */
export const enterReplicated = async (
  bench: Bench,
  name: string,
  options: { readonly limitMs: number; readonly app: Readonly<Record<string, unknown>> },
): Promise<Replicated> => {
  const { lab, load } = bench;
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => load.upstream()));
  const upstreams = replicas.map(({ port }) => port);
  const running = await gateway(name.replace(/\W+/g, '-')).start(lab, { upstreams, ...options });
  const entrant = { name, running, script: CONNECTS, replicas };
  await warm(bench, entrant);
  return entrant;
};

/** Makes all replicas behave differently from now on. */
export const turn = async ({ replicas }: Replicated, behaviour: string): Promise<void> => {
  await Promise.all(replicas.map(replica => behave(replica, behaviour)));
};

/** A reload makes the gateway forget the latencies that it met while it warmed up. */
export const forget = async ({ running }: Replicated): Promise<void> => {
  process.kill(running.pid, 'SIGHUP');
  await sleep(RELOAD_MS);
};

const sum = async ({ replicas }: Replicated): Promise<Seen> => {
  const all = await Promise.all(replicas.map(seen));
  const add = (figure: keyof Seen) => all.reduce((total, each) => total + each[figure], 0);
  return {
    opened: add('opened'),
    open: add('open'),
    requests: add('requests'),
    repeats: add('repeats'),
    aborted: add('aborted'),
  };
};

/** Begins to count; the function that it gives tells what the calls since then have cost. */
export const count = async ({ load }: Bench, entrant: Replicated): Promise<() => Promise<Toll>> => {
  const before = await sum(entrant);
  const sent = load.sent(entrant.running.port);
  return async () => {
    const after = await sum(entrant);
    const calls = load.sent(entrant.running.port) - sent;
    return {
      calls,
      repeats: after.repeats - before.repeats,
      extra: (after.requests - before.requests) / calls - 1,
      opened: after.opened - before.opened - REPLICAS, // each was asked once more, on a connection of its own
      aborted: after.aborted - before.aborted,
    };
  };
};
