import type { App, Backed } from '../config/types.ts';
import type { Route } from '../core/call.ts';
import type { Handler, Layer } from '../core/layer.ts';
import { createOwnerFinder } from '../core/places.ts';
import { CATALOGUE } from '../hooks/catalogue.ts';
import { leadsOut, simplest } from '../passthrough/target.ts';
import type { KeptAnswers } from '../static/kept-answers.ts';
import { staticFallbacks } from '../static/layer.ts';
import type { Choice } from '../upstream/choose.ts';
import { baseOf } from '../upstream/target.ts';
import { passStack } from './routes.ts';

/** The label of what is no hook. */
const LABEL = 'passthrough';

/** How what passes through is served, below the path of one app or wherever there is none. */
export interface ThroughRoute extends Route {
  readonly handler: Handler;
  /** The paths of its upstreams, each of which what passes through may end up behind. */
  readonly bases: readonly string[];
  /** How long the back-end may take to the first byte of an answer, in milliseconds. */
  readonly firstByteMs: number;
  /** How long nothing may happen after that, in milliseconds. */
  readonly idleMs: number;
  /** How long all of it may take, or infinity. */
  readonly limitMs: number;
}

/** Where a path leads that is no hook's. */
export interface Through {
  readonly route: ThroughRoute;
  /** What of the path follows that of the app, byte for byte. */
  readonly rest: string;
  /** True if a server could take `rest` for a way out of the upstream's own path. */
  readonly leadsOut: boolean;
}

/** What comes before the back-end is asked. */
interface ThroughParts {
  readonly kept: KeptAnswers;
  /** Set if each client may have only so much. */
  readonly rate: Layer | undefined;
}

/** The way through to the upstreams of `backed`, or nothing if that is off. */
export const throughRoute = (
  { name, upstreams, passthrough, findRoute }: Backed,
  choice: Choice,
  { kept, rate }: ThroughParts,
): ThroughRoute | undefined => {
  if (!passthrough) return undefined;
  const fallback = [staticFallbacks({ app: name, findRoute, kept })];
  return {
    app: name,
    hook: LABEL,
    priority: 'low', // hooks go first where there is not room for all
    handler: passStack({ fallback, patienceMs: passthrough.firstByte, choice, rate }),
    bases: upstreams.map(baseOf),
    firstByteMs: passthrough.firstByte,
    idleMs: passthrough.idle,
    limitMs: passthrough.limit === 0 ? Number.POSITIVE_INFINITY : passthrough.limit,
  };
};

interface Place {
  readonly path: string;
  /** Absent where an app lets nothing through. */
  readonly through: ThroughRoute | undefined;
}

/** Finds where a path leads that is no hook's: to the app with the longest path above it, or where no app has it. */
export const createThroughFinder = (apps: readonly Place[], others: ThroughRoute | undefined) => {
  const ownerOf = createOwnerFinder([...apps, { path: '', through: others }]);
  return (path: string): Through | undefined => {
    const place = ownerOf(path);
    if (!place?.through) return undefined;
    const rest = path.slice(place.path.length);
    return { route: place.through, rest, leadsOut: leadsOut(rest) };
  };
};

const NAMED = new Set(CATALOGUE.map(({ name }) => name.toLowerCase()));

/** Where hooks of an app are found: here, and at its back-ends. */
const homesOf = (app: App) => {
  const hooks = new Set([...NAMED, ...app.namedHooks.map(name => name.toLowerCase())]);
  const paths = [app.path, ...app.upstreams.map(baseOf)].map(path => simplest(path).replace(/\/$/, ''));
  return [...new Set(paths)].map(path => ({ path, has: (name: string) => hooks.has(name) || app.names(name) }));
};

/**
 * Makes what tells paths that a lenient back-end could take for those of hooks (`/app//connect`, `/app/x/../connect`,
 * `/app/%63onnect`), and those that lead to hooks by a way around their app: they are none here, so nobody would look at
 * their signature.
 */
export const createLikeness = (apps: readonly App[]) => {
  const homes = apps.flatMap(homesOf);
  const isHook = (path: string): boolean => {
    const plain = simplest(path);
    const slash = plain.lastIndexOf('/');
    const [above, name] = [plain.slice(0, slash), plain.slice(slash + 1)];
    return homes.some(home => home.path === above && home.has(name));
  };
  return (path: string, { route, rest }: Through): boolean =>
    isHook(path) || route.bases.some(base => isHook(base + rest));
};
