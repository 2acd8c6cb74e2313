import type { LoadedRouteOptions } from '../static/options.ts';
import { originOf } from './draft.ts';
import type { Fact } from './fact.ts';
import type { Loaded } from './load.ts';
import { formatPath, type Path } from './problems.ts';
import { formatDuration } from './text.ts';
import type { Backed } from './types.ts';

/** A fact about a key of the route, or about the route as a whole, and the rule that holds where the file does not say it. */
interface Said extends Omit<Fact, 'from'> {
  readonly key?: string;
  readonly rule: string;
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
  key: 'fallback',
  rule: 'none',
});

const ofRoute = ({ glob }: LoadedRouteOptions): Said => ({
  name: 'route',
  value: glob,
  meaning: 'the most specific glob that fits the path, and the only one that counts',
  rule: '',
});

const ofLimit = ({ limit }: LoadedRouteOptions, firstByte: number): Said => ({
  name: 'route limit',
  value: formatDuration(limit ?? firstByte),
  meaning: 'the first byte of an answer is waited for so long; once one has come, nothing is replaced',
  key: 'limit',
  rule: 'passthrough.firstByte',
});

const ofKeeping = ({ fallback, keepFor, personal }: LoadedRouteOptions): readonly Said[] => {
  if (!fallback.includes('cached')) return [];
  return [
    {
      name: 'keepFor',
      value: formatDuration(keepFor),
      meaning: 'an answer that is older is not given again',
      key: 'keepFor',
      rule: '10m',
    },
    {
      name: 'personal',
      value: String(personal),
      meaning: personal
        ? 'kept whatever the back-end says of keeping; clients are told apart by Authorization and Cookie'
        : 'nothing is kept of, or given to, requests with Authorization or Cookie, nor what sets a cookie or is private, no-store or not to be given stale',
      key: 'personal',
      rule: 'false',
    },
  ];
};

const NO_ROUTE: Fact = {
  name: 'fallback',
  value: 'none',
  meaning: 'what fails is answered by the failure itself, as a 502, 503 or 504',
  from: 'built-in: no glob of passthrough.routes fits the path',
};

/** The place of a route in the file: of an app it may be that of `defaults`. */
const placeOf = ({ draft }: Loaded, { name, path: of }: Backed, glob: string): Path => {
  const app = draft.apps.find(({ options }) => options.name === name && options.path === of);
  return (app && originOf(app.layers.general, ['passthrough', 'routes', glob])) ?? ['passthrough', 'routes', glob];
};

const hasKey = (data: unknown, path: Path): boolean =>
  path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data) !== undefined;

/** What a GET of `path` gets that passes through to `backed` and fails there; nothing if nothing passes through. */
export const explainPath = (loaded: Loaded, backed: Backed, path: string): readonly Fact[] | undefined => {
  const { passthrough } = backed;
  if (!passthrough) return undefined;
  const route = backed.findRoute(path);
  if (!route) return [NO_ROUTE];
  const at = placeOf(loaded, backed, route.glob);
  const facts = [ofRoute(route), ofLimit(route, passthrough.firstByte), ...ofKeeping(route), ofLadder(route)];
  return facts.map(({ key, rule, ...fact }) => {
    const place = key === undefined ? at : [...at, key];
    const line = `${loaded.file}:${loaded.position(place).line} ${formatPath(place)}`;
    return { ...fact, from: hasKey(loaded.draft.data, place) ? line : `built-in: ${rule}` };
  });
};
