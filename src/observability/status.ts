import type { HookState, UpstreamState } from '../core/events.ts';
import { shownUpstream } from './counts.ts';
import type { Gauges } from './samples.ts';
import type { HookSnapshot, Snapshot, UpstreamSnapshot } from './snapshot.ts';

/** What `/status` is built from. */
export interface StatusSources {
  readonly version: string;
  readonly uptimeMs: number;
  /** The configuration file in force. */
  readonly configFile: string;
  /** How often it was read again, and what was wrong with it the last time, if it was refused. */
  readonly reloads: { readonly applied: number; readonly refused: number; readonly lastProblem?: string };
  readonly ready: boolean;
  readonly gauges: Gauges;
  readonly snapshot: Snapshot;
}

/** One hook as `/status` shows it. `ms` and the counts are since the process began. */
export type HookStatus = Partial<Omit<HookState, 'app'>> &
  Partial<Omit<HookSnapshot, 'app'>> & { readonly hook: string };

/** One upstream as `/status` shows it. */
export type UpstreamStatus = Omit<UpstreamState, 'app'> & Partial<Pick<UpstreamSnapshot, 'attempts' | 'transitions'>>;

export interface AppStatus {
  readonly app: string;
  readonly upstreams: readonly UpstreamStatus[];
  readonly hooks: readonly HookStatus[];
}

/** The body of `/status`. */
export interface Status {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly config: { readonly file: string; readonly reloads: StatusSources['reloads'] };
  readonly apps: readonly AppStatus[];
  readonly cache: Snapshot['cache'];
  readonly redis?: 'up' | 'down';
  /** `provisional` are those that wait for the back-end; `admissions` what it has said since the process began. */
  /** Stored events of each app that has some. */
  readonly events: Gauges['events'];
  readonly sessions: Gauges['sessions'] & { readonly admissions: Snapshot['admissions'] };
  readonly rejected: Snapshot['rejected'];
}

const without = <Part extends { readonly app: string }>({ app, ...rest }: Part): Omit<Part, 'app'> => rest;

const joinUpstream = (state: UpstreamState, { upstreams }: Snapshot): UpstreamStatus => {
  const upstream = shownUpstream(state.upstream);
  const counted = upstreams.find(one => one.app === state.app && one.upstream === upstream);
  const counts = counted && { attempts: counted.attempts, transitions: counted.transitions };
  return { ...without(state), upstream, ...counts };
};

/** How each hook is treated, with its counts; then what was counted under names that have no settings of their own. */
const joinHooks = (app: string, { hooks }: Gauges, snapshot: Snapshot): HookStatus[] => {
  const counted = new Map(snapshot.hooks.filter(one => one.app === app).map(one => [one.hook, without(one)]));
  const states = hooks.filter(one => one.app === app).map(without);
  const known = states.map(state => ({ ...counted.get(state.hook), ...state }));
  const named = new Set(states.map(({ hook }) => hook));
  return [...known, ...[...counted.values()].filter(({ hook }) => !named.has(hook))];
};

const listApps = ({ gauges, snapshot }: StatusSources): string[] => [
  ...new Set([...gauges.upstreams, ...gauges.hooks, ...snapshot.hooks].map(({ app }) => app)),
];

const describeApp = (app: string, { gauges, snapshot }: StatusSources): AppStatus => ({
  app,
  upstreams: gauges.upstreams.filter(one => one.app === app).map(state => joinUpstream(state, snapshot)),
  hooks: joinHooks(app, gauges, snapshot),
});

/** Puts together what the gateway is doing now and what it has done since it began. */
export const describeStatus = (sources: StatusSources): Status => ({
  version: sources.version,
  node: process.version,
  pid: process.pid,
  uptimeSeconds: Math.floor(sources.uptimeMs / 1000),
  ready: sources.ready,
  config: { file: sources.configFile, reloads: sources.reloads },
  apps: listApps(sources).map(app => describeApp(app, sources)),
  cache: sources.snapshot.cache,
  ...(sources.gauges.redisIsUp === undefined ? {} : { redis: sources.gauges.redisIsUp ? 'up' : 'down' }),
  events: sources.gauges.events,
  sessions: { ...sources.gauges.sessions, admissions: sources.snapshot.admissions },
  rejected: sources.snapshot.rejected,
});
