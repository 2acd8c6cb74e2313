import type { LoadedRouteOptions } from '../static/options.ts';
import { type DraftBacked, originOf } from './draft.ts';
import { passthroughStatements } from './explain-passthrough.ts';
import { asFacts, type Fact, type Statement } from './fact.ts';
import { matchesGlob } from './glob.ts';
import type { Loaded } from './load.ts';
import type { Path } from './problems.ts';
import { formatDuration, listed } from './text.ts';
import type { Backed } from './types.ts';

/** A statement about a key of the route. */
interface Said extends Omit<Statement, 'path'> {
  readonly of: string;
}

const RUNGS: Readonly<Record<string, string>> = {
  cached: 'the last good answer of the back-end to the same request, if one is kept, or a 304 to who has it',
  unavailable: '503',
  body: '200 with the JSON that is configured',
  file: '200 with the JSON of the file',
};

const wordOf = (rung: LoadedRouteOptions['fallback'][number]): string =>
  typeof rung === 'string' ? rung : (Object.keys(rung)[0] ?? '');

const nameOf = (rung: LoadedRouteOptions['fallback'][number]): string =>
  typeof rung === 'string' ? rung : `{ ${wordOf(rung)}: … }`;

const ofLadder = ({ fallback }: LoadedRouteOptions): Said => ({
  name: 'fallback',
  value: fallback.map(nameOf).join(', then '),
  meaning: `to GET and HEAD, if the back-end answers 5xx or not in time: ${fallback.map(rung => RUNGS[wordOf(rung)]).join('; else ')}`,
  of: 'fallback',
});

/** Where the route says nothing, the key of all that passes through holds. */
const ofLimit = ({ limit }: LoadedRouteOptions, firstByte: number): Said => ({
  name: 'route limit',
  value: formatDuration(limit ?? firstByte),
  meaning: 'the first byte of an answer is waited for so long; once one has come, nothing is replaced',
  of: 'limit',
  key: ['passthrough', 'firstByte'],
  rule: '30s, as passthrough.firstByte',
});

const ofKeeping = ({ fallback, keepFor, personal }: LoadedRouteOptions): readonly Said[] => {
  if (!fallback.includes('cached')) return [];
  return [
    {
      name: 'keepFor',
      value: formatDuration(keepFor),
      meaning: 'an answer that is older is not given again',
      of: 'keepFor',
      rule: '10m',
    },
    {
      name: 'personal',
      value: String(personal),
      meaning: personal
        ? 'kept whatever the back-end says of keeping; clients are told apart by Authorization and Cookie'
        : 'nothing is kept of, or given to, requests with Authorization or Cookie, nor what sets a cookie or is private, no-store or not to be given stale',
      of: 'personal',
      rule: 'false',
    },
  ];
};

/** Which glob holds for `path`, and why that one. */
const ofRoute = (glob: string, globs: readonly string[], path: string): Omit<Statement, 'path'> => {
  const others = globs.filter(other => other !== glob && matchesGlob(other, path));
  const meaning =
    others.length === 0
      ? 'the only glob that fits the path'
      : `the most specific glob that fits the path, and it alone counts; it hides ${listed(others)}`;
  return { name: 'route', value: glob, meaning };
};

const noRoute = (globs: readonly string[]): Statement => ({
  name: 'fallback',
  value: 'none',
  meaning: 'what fails is answered by the failure itself, as a 502, 503 or 504',
  rule: globs.length === 0 ? 'passthrough.routes has no globs' : 'no glob of passthrough.routes fits the path',
});

/** The place of a route in the file: of an app it may be that of `defaults`. */
const placeOf = ({ layers }: DraftBacked, glob: string): Path =>
  originOf(layers.general, ['passthrough', 'routes', glob]) ?? ['passthrough', 'routes', glob];

const hasKey = (data: unknown, path: Path): boolean =>
  path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data) !== undefined;

/** What the route of `path` says, if one has it. */
const routeStatements = ({ draft }: Loaded, whole: DraftBacked, backed: Backed, path: string): readonly Statement[] => {
  const { passthrough } = backed;
  if (!passthrough) return [];
  const globs = Object.keys(passthrough.routes);
  const route = backed.findRoute(path);
  if (!route) return [noRoute(globs)];
  const at = placeOf(whole, route.glob);
  const said = [ofLimit(route, passthrough.firstByte), ...ofKeeping(route), ofLadder(route)];
  return [
    { ...ofRoute(route.glob, globs, path), path: at },
    ...said.map(({ of, ...statement }) => {
      const place = [...at, of];
      return hasKey(draft.data, place) ? { ...statement, path: place } : statement;
    }),
  ];
};

/**
 * All that holds for what asks for `target`, a path with a query or not, and passes through to `whole`, of which `backed`
 * is what the gateway runs on; nothing if nothing passes through there.
 */
export const explainPath = (
  loaded: Loaded,
  whole: DraftBacked,
  backed: Backed,
  target: string,
): readonly Fact[] | undefined => {
  if (!backed.passthrough) return undefined;
  const [path = ''] = target.split('?');
  return asFacts(loaded, whole.layers.general, [
    ...passthroughStatements(loaded.draft, whole, target),
    ...routeStatements(loaded, whole, backed, path),
  ]);
};
