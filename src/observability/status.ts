import { setImmediate } from 'node:timers/promises';
import type { HookState, UpstreamState } from '../core/events.ts';
import { type Counts, type HookCounts, shownUpstream, type UpstreamCounts } from './counts.ts';
import type { Gauges } from './samples.ts';
import {
  type HookSnapshot,
  type Snapshot,
  takeHook,
  takeRest,
  takeUpstream,
  type UpstreamSnapshot,
} from './snapshot.ts';

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
  readonly counts: Counts;
}

/** One hook as `/status` shows it. `ms` and the counts are since the process began. */
export type HookStatus = Partial<Omit<HookState, 'app'>> &
  Partial<Omit<HookSnapshot, 'app'>> & { readonly hook: string };

/** One upstream as `/status` shows it. */
export type UpstreamStatus = Omit<UpstreamState, 'app'> &
  Partial<Pick<UpstreamSnapshot, 'attempts' | 'transitions' | 'ejections'>>;

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
  /** Certificates in use; the listener's own has no app. */
  readonly certificates?: readonly { readonly app: string; readonly expires: string }[];
  /** Stored events of each app that has some. */
  readonly events: Gauges['events'];
  /** `provisional` are those that wait for the back-end; `admissions` what it has said since the process began. */
  readonly sessions: Gauges['sessions'] & { readonly admissions: Snapshot['admissions'] };
  readonly rejected: Snapshot['rejected'];
}

/** What a frame of the status page tells: of some apps it leaves out the hooks, which an earlier one or a later one has. */
export interface StatusFrame extends Omit<Status, 'apps'> {
  readonly apps: readonly (Omit<AppStatus, 'hooks'> & Partial<Pick<AppStatus, 'hooks'>>)[];
}

const without = <Part extends { readonly app: string }>({ app, ...rest }: Part): Omit<Part, 'app'> => rest;

/** All that is known of one app. */
interface AppParts {
  readonly upstreams: UpstreamState[];
  readonly hooks: HookState[];
  readonly countedUpstreams: Map<string, UpstreamCounts>;
  readonly countedHooks: Map<string, HookCounts>;
}

/** Puts together what belongs to one app, for all apps in one walk. */
const groupByApp = ({ gauges, counts }: StatusSources): Map<string, AppParts> => {
  const apps = new Map<string, AppParts>();
  const obtain = (app: string): AppParts => {
    const found = apps.get(app);
    if (found) return found;
    const parts = { upstreams: [], hooks: [], countedUpstreams: new Map(), countedHooks: new Map() };
    apps.set(app, parts);
    return parts;
  };
  for (const state of gauges.upstreams) obtain(state.app).upstreams.push(state);
  for (const state of gauges.hooks) obtain(state.app).hooks.push(state);
  for (const one of counts.hooks.values()) obtain(one.app).countedHooks.set(one.hook, one);
  for (const one of counts.upstreams.values()) apps.get(one.app)?.countedUpstreams.set(one.upstream, one);
  return apps;
};

const joinUpstream = (state: UpstreamState, counted: AppParts['countedUpstreams']): UpstreamStatus => {
  const upstream = shownUpstream(state.upstream);
  const counts = counted.get(upstream);
  if (counts === undefined) return { ...without(state), upstream };
  const { attempts, transitions, ejections } = takeUpstream(counts);
  return { ...without(state), upstream, attempts, transitions, ejections };
};

/** How each hook is treated, with its counts; then what was counted under names that have no settings of their own. */
const joinHooks = ({ hooks, countedHooks }: AppParts): HookStatus[] => {
  const known = hooks.map(state => {
    const counts = countedHooks.get(state.hook);
    return { ...(counts && without(takeHook(counts))), ...without(state) };
  });
  const named = new Set(hooks.map(({ hook }) => hook));
  const others = [...countedHooks.values()].filter(({ hook }) => !named.has(hook));
  return [...known, ...others.map(counts => without(takeHook(counts)))];
};

const joinUpstreams = ({ upstreams, countedUpstreams }: AppParts): UpstreamStatus[] =>
  upstreams.map(state => joinUpstream(state, countedUpstreams));

const ofCertificates = ({ certificates = [] }: Gauges): Pick<Status, 'certificates'> =>
  certificates.length === 0
    ? {}
    : { certificates: certificates.map(({ app, ends }) => ({ app, expires: new Date(ends).toISOString() })) };

/** All but the apps. */
const describeProcess = (sources: StatusSources): Omit<Status, 'apps'> => {
  const { cache, rejected, admissions } = takeRest(sources.counts);
  return {
    version: sources.version,
    node: process.version,
    pid: process.pid,
    uptimeSeconds: Math.floor(sources.uptimeMs / 1000),
    ready: sources.ready,
    config: { file: sources.configFile, reloads: sources.reloads },
    cache,
    ...ofCertificates(sources.gauges),
    ...(sources.gauges.redisIsUp === undefined ? {} : { redis: sources.gauges.redisIsUp ? 'up' : 'down' }),
    events: sources.gauges.events,
    sessions: { ...sources.gauges.sessions, admissions },
    rejected,
  };
};

/** Puts together what the gateway is doing now and what it has done since it began. Calls go on between two apps. */
export const describeStatus = async (sources: StatusSources): Promise<Status> => {
  const all = groupByApp(sources);
  const apps: AppStatus[] = [];
  for (const [app, parts] of all) {
    apps.push({ app, upstreams: joinUpstreams(parts), hooks: joinHooks(parts) });
    if (all.size > 1) await setImmediate();
  }
  return { ...describeProcess(sources), apps };
};

/** One frame has the hooks of so many apps; where there are more, they take turns. */
export const APPS_A_FRAME = 10;

/** Tells the status page how things stand: upstreams each time, and hooks in turns, so that no frame is large. */
export class StatusTurns {
  #from = 0;

  /** The next frame. Calls go on between two apps. */
  async take(sources: StatusSources): Promise<StatusFrame> {
    const all = [...groupByApp(sources)];
    const from = this.#from < all.length ? this.#from : 0;
    const to = from + APPS_A_FRAME;
    this.#from = to;
    const apps: StatusFrame['apps'][number][] = [];
    for (const [place, [app, parts]] of all.entries()) {
      const isItsTurn = place >= from && place < to;
      apps.push({ app, upstreams: joinUpstreams(parts), ...(isItsTurn && { hooks: joinHooks(parts) }) });
      if (isItsTurn && all.length > 1) await setImmediate();
    }
    return { ...describeProcess(sources), apps };
  }
}
