import { formatAddress, isLocal, isSocketPath } from '../core/host-port.ts';
import { CATALOGUE, findHook } from '../hooks/catalogue.ts';
import { backedDoubts } from './backed-warnings.ts';
import { byOrigin, ladder } from './by-origin.ts';
import { cacheDoubts } from './cache-warnings.ts';
import { doorDoubts } from './door-warnings.ts';
import type { Draft, DraftApp } from './draft.ts';
import { isLiteral, matchesGlob } from './glob.ts';
import { keyDoubts, ladderDoubts } from './ladder-warnings.ts';
import { hookLayers, type Layer } from './layers.ts';
import { limitDoubts } from './limit-warnings.ts';
import { passthroughDoubts } from './passthrough-rules.ts';
import { formatPath } from './problems.ts';
import { routeDoubts } from './route-warnings.ts';
import { suggest } from './suggest.ts';
import { formatShare, listed } from './text.ts';
import { tlsDoubts } from './tls-warnings.ts';
import type { Rung } from './types.ts';
import type { Finding } from './validate.ts';
import { wcsDoubts } from './wcs-warnings.ts';

/** What is allowed but probably not meant. */
export const doubts = (draft: Draft): readonly Finding[] => [
  ...openAdmin(draft),
  ...draft.apps.flatMap(app => [
    ...admissions(app),
    ...keyless(app),
    ...ladderDoubts(app),
    ...keyDoubts(app),
    ...repeats(app),
    ...budgets(app),
    ...unknownHooks(app),
    ...unknownRepeats(app),
  ]),
  ...idleHedges(draft.apps),
  ...backedDoubts(draft),
  ...doorDoubts(draft),
  ...limitDoubts(draft),
  ...tlsDoubts(draft),
  ...cacheDoubts(draft),
  ...passthroughDoubts(draft),
  ...routeDoubts(draft),
  ...wcsDoubts(draft),
];

const admits = (rung: Rung): boolean => rung === 'echo' || typeof rung === 'object';

const openAdmin = ({ root: { admin } }: Draft): readonly Finding[] =>
  isLocal(admin) || isSocketPath(admin)
    ? []
    : [
        {
          path: ['admin'],
          message: `${formatAddress(admin)} is open to the network, and metrics and status ask for no password; write 127.0.0.1:${admin.port}, or guard the port`,
        },
      ];

const admissions = (app: DraftApp): readonly Finding[] => {
  const deciding = app.hooks.filter(
    hook => findHook(hook).decides === 'always' && ladder(app.settings(hook)).some(admits),
  );
  return byOrigin(app, deciding, ['fallback']).map(({ path, hooks }) => {
    const rungs = ladder(app.settings(hooks[0] ?? ''));
    const at = rungs.findIndex(admits);
    // What is written for all hooks is right for most of them.
    const where = path.includes('hooks') ? '' : ' for these, under hooks';
    const message = `${rungName(rungs[at])} admits every ${listed(hooks)} that the back-end does not judge in time`;
    return {
      path: [...path, at],
      message: `${message}; right only if it admits everyone, else write [cached, unavailable]${where}`,
    };
  });
};

const rungName = (rung: Rung | undefined): string =>
  typeof rung === 'object' ? `{ ${Object.keys(rung)[0]}: … }` : String(rung);

const keyless = (app: DraftApp): readonly Finding[] => {
  const cached = app.hooks.filter(hook => ladder(app.settings(hook)).includes('cached'));
  return byOrigin(app, cached, ['fallback'])
    .filter(({ hooks }) => hooks.every(hook => !app.settings(hook).key && !findHook(hook).keyed))
    .map(({ path, hooks }) => ({
      path: [...path, ladder(app.settings(hooks[0] ?? '')).indexOf('cached')],
      message: `cached is skipped for ${listed(hooks)}: nothing tells one caller from another; write a key, or take cached out`,
    }));
};

const repeats = (app: DraftApp): readonly Finding[] => {
  const twice = app.hooks.filter(hook => app.settings(hook).idempotent && !findHook(hook).repeatable);
  return byOrigin(app, twice, ['idempotent']).map(({ path, hooks }) => ({
    path,
    message: `also holds for ${listed(hooks)}, which may take effect twice; right only if the back-end bears that, else list the hooks that it bears`,
  }));
};

const budgets = (app: DraftApp): readonly Finding[] => {
  const differing = app.hooks.filter(hook => {
    const { hedge, retry } = app.settings(hook);
    return hedge && retry && hedge.budget !== retry.budget;
  });
  const key = (name: string) => byOrigin(app, differing, [name, 'budget']);
  return [...key('hedge'), ...key('retry')].slice(0, 1).map(({ path, hooks }) => {
    const { hedge, retry } = app.settings(hooks[0] ?? '');
    const [ofHedge, ofRetry] = [hedge, retry].map(options => formatShare(options ? options.budget : 0));
    return {
      path,
      message: `hedge.budget is ${ofHedge} and retry.budget ${ofRetry}, but they share one: the larger holds for both; write the same`,
    };
  });
};

/** Hedges that somebody wrote and that can never be sent, because no hook that they are for may be repeated. */
const idleHedges = (apps: readonly DraftApp[]): readonly Finding[] => {
  const written = apps.flatMap(({ layers }) => [...layers.general, ...layers.hooks].filter(({ data }) => data.hedge));
  const paths = new Map(written.map(layer => [formatPath(layer.path), layer]));
  return [...paths.values()]
    .filter(layer => apps.every(app => !reachesRepeatable(app, layer)))
    .map(({ path }) => ({
      path: [...path, 'hedge'],
      message: 'is never used: only what is idempotent is sent twice; write idempotent too, or take hedge out',
    }));
};

/** True if some hook that the layer is for may be sent twice, so that its hedge is of use. */
const reachesRepeatable = (app: DraftApp, { path }: Layer): boolean =>
  app.hooks.some(hook => {
    const holds = hookLayers(app.layers, hook).some(layer => formatPath(layer.path) === formatPath(path));
    return holds && app.settings(hook).idempotent;
  });

const names = CATALOGUE.map(({ name }) => name);

/** What is odd about a name or glob of hooks; nothing if a known hook has it. */
const unknownName = (glob: string): string | undefined => {
  if (names.some(name => matchesGlob(glob, name))) return undefined;
  const meant = isLiteral(glob) ? suggest(glob, names) : undefined;
  const what = isLiteral(glob) ? 'is no hook that WCS is known to call' : 'matches no hook that WCS is known to call';
  return meant ? `${what}; did you mean ${meant}?` : `${what}; right only if yours does`;
};

const unknownHooks = (app: DraftApp): readonly Finding[] =>
  app.layers.hooks.flatMap(({ path, glob = '' }) => {
    const message = unknownName(glob);
    return message ? [{ path, message, key: true }] : [];
  });

const unknownRepeats = (app: DraftApp): readonly Finding[] =>
  app.layers.general.flatMap(({ path, data: { idempotent } }) =>
    (Array.isArray(idempotent) ? idempotent : []).flatMap((glob, at) => {
      const message = unknownName(String(glob));
      return message ? [{ path: [...path, 'idempotent', at], message: `${glob} ${message}` }] : [];
    }),
  );
