import type { Verdict } from '../answers/verdicts.ts';
import type { App, Backed, Config, HookSettings } from '../config/types.ts';
import type { Route } from '../core/call.ts';
import type { Emit, HookState, UpstreamState } from '../core/events.ts';
import type { Handler } from '../core/layer.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { acknowledging, behindStored, inOrder } from '../delivery/layers.ts';
import { CATALOGUE, findHook, type Hook } from '../hooks/catalogue.ts';
import { priorityOf } from '../hooks/priority.ts';
import type { Upgrades } from '../passthrough/upgrades.ts';
import { Budget } from '../resilience/budget.ts';
import { Replicas } from '../resilience/ejection.ts';
import type { Hedge } from '../resilience/hedge.ts';
import { Rate } from '../resilience/rate.ts';
import type { Admissions } from '../sessions/admissions.ts';
import type { SessionsOfApp } from '../sessions/hold.ts';
import { nodeOf } from '../sessions/ids.ts';
import { sessionLayers } from '../sessions/layers.ts';
import type { Register } from '../sessions/register.ts';
import type { KeptAnswers } from '../static/kept-answers.ts';
import type { Store } from '../store/store.ts';
import { Choice, type Upstream } from '../upstream/choose.ts';
import type { Names } from '../upstream/names.ts';
import { buildLadder } from './ladder.ts';
import { LateWay } from './late-way.ts';
import { type DeliveryLayers, routeStack, upstreamStack } from './routes.ts';
import { createLikeness, createThroughFinder, type Through, throughRoute } from './through.ts';

/** How calls of one hook of one app are served. */
export interface HookRoute extends Route {
  readonly limitMs: number;
  readonly attemptLimitMs: number;
  readonly ladder: readonly string[];
  readonly hedge: Hedge | undefined;
  readonly handler: Handler;
  /** Only asks the back-end: no rung mends what fails. */
  readonly ask: Handler;
}

export interface Match {
  readonly route: HookRoute;
  /** The hook as WCS named it. */
  readonly hook: string;
}

/** Everything between the front door and the back-ends, built from one configuration. A reload builds another. */
export interface Gateway {
  /** Where a request path leads, or nothing if no app has it. */
  find(path: string): Match | undefined;
  /** True if something is let through that is no hook. */
  readonly letsThrough: boolean;
  /** Where a path leads that is no hook's, or nothing if nothing is let through there. */
  findThrough(path: string): Through | undefined;
  /** True for a path that is no hook's as it stands, and that a back-end could take for one where it leads. */
  resemblesHook(path: string, through: Through): boolean;
  /** Where the apps are. */
  readonly paths: readonly string[];
  upstreams(): UpstreamState[];
  hooks(): HookState[];
  /** Another gateway has taken its place: begins nothing of its own any more. Calls that are out go on. */
  replace(): void;
  /** Ends timers and idle connections. To be called when no call is out. */
  close(): void;
}

/** What outlives reloads. */
export interface Memory {
  readonly verdicts: Store<Verdict>;
  readonly register: Register;
  /** Those of an app that wait for the back-end. */
  admissions(app: string): Admissions;
  readonly delivery: Delivery;
  readonly names: Names;
  /** How long its stores may take to be asked, and its journal to take an event, in milliseconds. */
  readonly storesMs: number;
  readonly journalMs: number;
  readonly upgrades: Upgrades;
  /** Answers to what passed through. */
  readonly kept: KeptAnswers;
}

export interface GatewayParts {
  readonly config: Config;
  readonly memory: Memory;
  readonly emit: Emit;
}

/** Hooks are named like methods. A segment of dots alone, `..;` or `..%2f` would lead elsewhere on the back-end. */
const HOOK_NAME = /^(?!\.+$)[\w.-]+$/;
const NAMED = new Set(CATALOGUE.map(hook => hook.name));

/** Of no hook the limit is longer; hooks that nobody knows are treated as `defaults` says. */
const longestLimitOf = (app: App): number =>
  Math.max(...[...NAMED, ...app.namedHooks, 'other'].map(hook => app.settings(hook).limit));

const admitsProvisionally = (app: App): boolean => {
  const { fallback } = app.settings('connect');
  return fallback !== 'auto' && fallback.includes('provisional');
};

/** Where one upstream is all there is, nothing is compared; a health check is kept, because it tells. */
const createReplicas = ({ name, upstreams, ejection, slowStart, health }: Backed, emit: Emit): Replicas | undefined =>
  (upstreams.length > 1 && ejection) || health
    ? new Replicas({ app: name, emit, options: ejection, slowStartMs: slowStart })
    : undefined;

const upstreamsOf = (backed: Backed, { config, memory, emit }: GatewayParts): readonly Upstream[] => {
  const replicas = createReplicas(backed, emit);
  const { upgrades, names } = memory;
  const parts = { backed, maxAnswerBytes: config.limits.body, upgrades, names, emit };
  return backed.upstreams.map(url => upstreamStack({ ...parts, url, replica: replicas?.join(url) }));
};

/** One app: its upstreams, and a route per hook, made when the hook first comes. */
class AppRoutes {
  readonly upstreams;
  /** The way of what is no hook, if that is let through. */
  readonly through;
  readonly #app: App;
  readonly #memory: Memory;
  readonly #sessions: SessionsOfApp;
  readonly #choice: Choice;
  readonly #budgets = new Map<number, Budget>();
  readonly #routes = new Map<string, HookRoute>();
  readonly #others = new Map<HookSettings, Map<Hook['kind'], HookRoute>>();
  readonly #stopAsking: () => void;
  readonly #stopDelivering: () => void;
  readonly #lateWay: LateWay;
  readonly #rate: Rate | undefined;

  constructor(app: App, { config, memory, emit }: GatewayParts, rate: Rate | undefined) {
    this.#app = app;
    this.#memory = memory;
    this.#rate = rate;
    this.upstreams = upstreamsOf(app, { config, memory, emit });
    this.#choice = new Choice(this.upstreams);
    this.through = throughRoute(app, this.#choice, { kept: memory.kept, rate: rate?.layer });
    const admissions = memory.admissions(app.name);
    this.#sessions = { register: memory.register, admissions, admitsProvisionally: admitsProvisionally(app) };
    // Sessions may wait from before a reload, whatever this configuration says.
    this.#stopAsking = admissions.askThrough(call => this.route('connect').ask(call));
    this.#lateWay = new LateWay({
      upstreams: this.upstreams,
      choice: this.#choice,
      share: config.events.share,
      routeOf: hook => this.route(hook),
      isTraced: config.traces !== undefined,
      emit,
      limitMs: longestLimitOf(app),
    });
    this.#stopDelivering = memory.delivery.deliverer(app.name).goThrough(this.#lateWay);
  }

  /** Stored events of an app that is no more are an operator's matter from now on. */
  replace(): void {
    this.#stopDelivering();
    for (const upstream of this.upstreams) upstream.replace();
  }

  close(): void {
    this.#stopAsking();
    this.#stopDelivering();
    for (const upstream of this.upstreams) upstream.close();
  }

  /** Every route that has been used, and all that the configuration names. */
  get routes(): Iterable<HookRoute> {
    for (const name of this.#app.namedHooks) this.route(name);
    return [...this.#routes.values(), ...[...this.#others.values()].flatMap(kinds => [...kinds.values()])];
  }

  /** Where other things are let through, only names that somebody knows are hooks. */
  takes(name: string): boolean {
    return HOOK_NAME.test(name) && (!this.through || NAMED.has(name) || this.#app.names(name));
  }

  route(name: string): HookRoute {
    const known = this.#routes.get(name);
    if (known) return known;
    if (!NAMED.has(name) && !this.#app.namedHooks.includes(name)) return this.#other(name);
    const route = this.#build(name, findHook(name), this.#app.settings(name));
    this.#routes.set(name, route);
    return route;
  }

  /** Names that nobody knows are without number, so those that are treated alike share one route and one label. */
  #other(name: string): HookRoute {
    const settings = this.#app.settings(name);
    const hook = findHook(name);
    const kinds = this.#others.get(settings) ?? new Map<Hook['kind'], HookRoute>();
    this.#others.set(settings, kinds);
    const route = kinds.get(hook.kind) ?? this.#build('other', hook, settings);
    kinds.set(hook.kind, route);
    return route;
  }

  #build(label: string, hook: Hook, settings: HookSettings): HookRoute {
    const { verdicts, storesMs, delivery } = this.#memory;
    const ladder = buildLadder({ settings, hook, verdicts, sessions: this.#sessions, outbox: delivery.outbox });
    const mayStore = ladder.names.includes('store') || settings.acknowledge === 'first';
    const { handler, ask, hedge } = routeStack({
      settings,
      hook,
      ladder,
      ofSession: sessionLayers(hook, this.#sessions),
      delivery: mayStore && hook.decides === 'never' ? this.#deliveryLayers(settings) : undefined,
      storesMs,
      journalMs: mayStore ? Math.min(this.#memory.journalMs, settings.limit / 4) : 0,
      choice: this.#choice,
      budget: this.#budget(settings),
      rate: this.#rate?.layer,
    });
    return {
      app: this.#app.name,
      hook: label,
      priority: priorityOf(hook, settings.priority),
      limitMs: settings.limit,
      attemptLimitMs: settings.attemptLimit,
      ladder: ladder.names,
      hedge,
      handler: call => {
        this.#lateWay.noteCall(call);
        return handler(call);
      },
      ask,
    };
  }

  #deliveryLayers({ acknowledge }: HookSettings): DeliveryLayers {
    const { outbox } = this.#memory.delivery;
    const early = acknowledge === 'first' ? [acknowledging(outbox, this.#memory.register)] : [];
    return { inOrder: [inOrder(outbox), ...early], behindStored: behindStored(outbox) };
  }

  /** Hedges and retries share one budget; hooks of the same share draw on the same one. */
  #budget({ hedge, retry }: HookSettings): Budget {
    const share = Math.max(hedge ? hedge.budget : 0, retry ? retry.budget : 0);
    const budget = this.#budgets.get(share) ?? new Budget(share);
    this.#budgets.set(share, budget);
    return budget;
  }
}

const hookState = ({ app, hook, limitMs, ladder, hedge }: HookRoute): HookState => {
  const state = { app, hook, limitMs, ladder };
  if (hedge === undefined) return state;
  // A quantile is looked up for it: where there are many hooks, whoever reads them can do so in several turns.
  const get = () => hedge.delayMs;
  return Object.defineProperty(state, 'hedgeDelayMs', { get, enumerable: true });
};

/** What no app has, and where it leads. */
const createOthers = (parts: GatewayParts, rate: Rate | undefined) => {
  const { passthrough } = parts.config;
  if (!passthrough) return undefined;
  const upstreams = upstreamsOf(passthrough, parts);
  const ways = { kept: parts.memory.kept, rate: rate?.layer };
  return { upstreams, through: throughRoute(passthrough, new Choice(upstreams), ways) };
};

/** Builds a gateway. Health checks and questions to DNS begin at once; connections for calls, with the first one. */
export const createGateway = (parts: GatewayParts): Gateway => {
  const { rate: options } = parts.config.limits;
  const rate = options && new Rate(options, nodeOf);
  const apps = new Map(parts.config.apps.map(app => [app.path, new AppRoutes(app, parts, rate)]));
  const all = [...apps.values()];
  const others = createOthers(parts, rate);
  const upstreams = [...all.flatMap(app => app.upstreams), ...(others?.upstreams ?? [])];
  const find: Gateway['find'] = path => {
    const slash = path.lastIndexOf('/');
    const routes = apps.get(path.slice(0, slash));
    const hook = path.slice(slash + 1);
    return routes?.takes(hook) ? { route: routes.route(hook), hook } : undefined;
  };
  return {
    find,
    letsThrough: others !== undefined || all.some(({ through }) => through),
    findThrough: createThroughFinder(
      [...apps].map(([path, { through }]) => ({ path, through })),
      others?.through,
    ),
    resemblesHook: createLikeness(parts.config.apps),
    paths: parts.config.apps.map(app => app.path),
    upstreams: () => upstreams.map(upstream => upstream.state()),
    hooks: () => all.flatMap(app => [...app.routes].map(hookState)),
    replace: () => {
      for (const app of all) app.replace();
      for (const upstream of others?.upstreams ?? []) upstream.replace();
    },
    close: () => {
      for (const app of all) app.close();
      for (const upstream of others?.upstreams ?? []) upstream.close();
    },
  };
};
