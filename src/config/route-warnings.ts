import type { RouteOptions } from '../static/options.ts';
import { type Draft, type DraftApp, originOf } from './draft.ts';
import { isLiteral, mayBegin } from './glob.ts';
import type { Path } from './problems.ts';
import { formatDuration } from './text.ts';
import type { Finding } from './validate.ts';

/** One route, where it is written, and what it depends on. */
interface Placed {
  readonly glob: string;
  readonly route: RouteOptions;
  readonly path: Path;
  /** The longest wait for a first byte, in milliseconds. */
  readonly firstByte: number;
  /** Why no request that passes through fits the glob; nothing if one may. */
  readonly unreached: string | undefined;
  /** True if the file says something about the key. */
  says(key: string): boolean;
}

type Passthrough = Exclude<DraftApp['options']['passthrough'], false>;

const hasKey = (data: unknown, path: Path): boolean => {
  const fields = path.slice(0, -1).reduce<unknown>((value, step) => (value as Record<string, unknown>)?.[step], data);
  return typeof fields === 'object' && fields !== null && Object.hasOwn(fields, path.at(-1) ?? '');
};

const place = (
  { data }: Draft,
  { routes, firstByte }: Passthrough,
  pathOf: (glob: string) => Path,
  unreached: (glob: string) => string | undefined,
): readonly Placed[] =>
  Object.entries(routes).map(([glob, route]) => {
    const path = pathOf(glob);
    const says = (key: string) => hasKey(data, [...path, key]);
    return { glob, route, path, firstByte, unreached: unreached(glob), says };
  });

const ofApp = (draft: Draft, { layers, options }: DraftApp): readonly Placed[] => {
  if (!options.passthrough) return [];
  const below = `${options.path}/`;
  const pathOf = (glob: string) => originOf(layers.general, ['passthrough', 'routes', glob]) ?? [];
  const unreached = (glob: string) =>
    mayBegin(glob, below)
      ? undefined
      : `fits no path below ${below}, where ${options.name} is; write the whole path, such as ${JSON.stringify(`${below}*`)}`;
  return place(draft, options.passthrough, pathOf, unreached);
};

const ofOthers = (draft: Draft): readonly Placed[] => {
  const { passthrough } = draft.root;
  if (!passthrough) return [];
  const unreached = (glob: string) => {
    const fixed = /^[^*?]*/.exec(glob)?.[0] ?? '';
    const app = draft.apps.find(({ options }) => fixed.startsWith(`${options.path}/`));
    return app && `fits only paths of ${app.options.name}; write it under its own passthrough`;
  };
  return place(draft, passthrough, glob => ['passthrough', 'routes', glob], unreached);
};

/** Routes that do something else than they seem to. */
export const routeDoubts = (draft: Draft): readonly Finding[] =>
  [...draft.apps.flatMap(app => ofApp(draft, app)), ...ofOthers(draft)].flatMap(placed => [
    ...unreached(placed),
    ...queries(placed),
    ...deadRungs(placed),
    ...withoutCached(placed),
    ...notKept(placed),
    ...longLimit(placed),
    ...personal(placed),
  ]);

const unreached = ({ path, unreached: message }: Placed): readonly Finding[] =>
  message === undefined ? [] : [{ path, message, key: true }];

/** `?name=` in a glob is meant for a query, and never fits one. */
const QUERY = /\?[^?*/=]+=.*$/;

const queries = ({ glob, path }: Placed): readonly Finding[] => {
  const [query] = QUERY.exec(glob) ?? [];
  if (query === undefined) return [];
  const message = `holds the query ${query}, but queries do not count in routes, where ? is any one character`;
  const remedy = `write ${JSON.stringify(glob.slice(0, -query.length) || '/')}, which holds whatever the query`;
  return [{ path, message: `${message}; ${remedy}`, key: true }];
};

const deadRungs = ({ path, route: { fallback } }: Placed): readonly Finding[] => {
  const sure = fallback.findIndex(rung => rung !== 'cached');
  if (sure < 0 || sure === fallback.length - 1) return [];
  const message = 'is never reached, because the one before it always has an answer; take one of them out';
  return [{ path: [...path, 'fallback', sure + 1], message }];
};

const withoutCached = ({ path, route: { fallback }, says }: Placed): readonly Finding[] =>
  ['keepFor', 'personal']
    .filter(key => says(key) && !fallback.includes('cached'))
    .map(key => ({ path: [...path, key], message: 'is never used without cached in fallback; take it out' }));

const notKept = ({ path, route: { fallback, keepFor } }: Placed): readonly Finding[] =>
  keepFor === 0 && fallback.includes('cached')
    ? [{ path: [...path, 'keepFor'], message: 'is 0, so cached never has an answer; write more, or take cached out' }]
    : [];

const longLimit = ({ path, route: { limit }, firstByte }: Placed): readonly Finding[] => {
  if (limit === undefined || limit < firstByte) return [];
  const message = `is ${formatDuration(limit)}, but passthrough.firstByte ends the wait after ${formatDuration(firstByte)}`;
  return [{ path: [...path, 'limit'], message: `${message}; write less, or take it out` }];
};

const personal = ({ path, glob, route }: Placed): readonly Finding[] => {
  if (!route.personal || !route.fallback.includes('cached')) return [];
  const which = isLiteral(glob) ? 'this path' : 'these paths';
  const message = `keeps answers of ${which} that the back-end says nobody may keep, and tells clients apart by Authorization and Cookie alone`;
  return [
    {
      path: [...path, 'personal'],
      message: `${message}; right only if it does not tell them apart by anything else, such as an address or a header of its own`,
    },
  ];
};
