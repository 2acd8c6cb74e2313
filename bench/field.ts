import type { Running } from './lab.ts';
import { SESSION } from './load.ts';
import type { Entrant } from './rounds.ts';
import type { Bench } from './section.ts';
import { fastify, gateway, haproxy, httpProxy, nginx, type Target } from './targets.ts';

const LIMIT_MS = 3000;
const TARGETS: readonly Target[] = [gateway(), httpProxy, fastify, nginx, haproxy];

export interface Field {
  readonly entrants: readonly Entrant[];
  readonly upstreams: ReadonlyMap<string, Running>;
  /** A sentence for each target that is not there. */
  readonly missing: readonly string[];
}

/** Starts every target that is there, each before a back-end of its own so that extra calls can be counted. */
export const enter = async ({ lab, load }: Bench): Promise<Field> => {
  const entrants: Entrant[] = [];
  const upstreams = new Map<string, Running>();
  for (const target of TARGETS.filter(({ missing }) => missing === undefined)) {
    const upstream = await load.upstream();
    const running = await target.start(lab, { upstreams: [upstream.port], limitMs: LIMIT_MS });
    entrants.push({ name: target.name, running, script: SESSION });
    upstreams.set(target.name, upstream);
  }
  const missing = TARGETS.flatMap(({ name, missing: why }) => (why ? [`${name} was left out: ${why}.`] : []));
  return { entrants, upstreams, missing };
};
