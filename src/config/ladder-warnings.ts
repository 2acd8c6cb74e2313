import { findHook } from '../hooks/catalogue.ts';
import { byOrigin, ladder } from './by-origin.ts';
import type { DraftApp } from './draft.ts';
import { matchesGlob } from './glob.ts';
import type { Path } from './problems.ts';
import { listed } from './text.ts';
import type { Rung } from './types.ts';
import type { Finding } from './validate.ts';

const KEEP_ALIVE = 'StreamKeepAliveEvent';
/** Rungs that may have no answer, so that the next one is asked. */
const MAY_PASS: ReadonlySet<Rung> = new Set<Rung>(['cached', 'provisional']);
const SAY_NO: ReadonlySet<Rung | undefined> = new Set<Rung>(['refuse', 'unavailable']);

/** Ladders that do something else than they seem to. */
export const ladderDoubts = (app: DraftApp): readonly Finding[] => [
  ...deadRungs(app),
  ...endedStreams(app),
  ...lostEvents(app),
];

const sureAt = (rungs: readonly Rung[]): number => rungs.findIndex(rung => !MAY_PASS.has(rung));

const rungsOf = (app: DraftApp, hook: string): readonly Rung[] => ladder(app.settings(hook));

const nameOf = (rung: Rung | undefined): string =>
  typeof rung === 'object' ? `{ ${Object.keys(rung)[0]}: … }` : String(rung);

const deadRungs = (app: DraftApp): readonly Finding[] => {
  const isDead = (hook: string) =>
    sureAt(rungsOf(app, hook)) >= 0 && sureAt(rungsOf(app, hook)) < rungsOf(app, hook).length - 1;
  return byOrigin(app, app.hooks.filter(isDead), ['fallback']).map(({ path, hooks }) => {
    const rungs = rungsOf(app, hooks[0] ?? '');
    const at = sureAt(rungs);
    const message = `${nameOf(rungs[at + 1])} is never reached, because ${nameOf(rungs[at])} before it always has an answer`;
    return { path: [...path, at + 1], message: `${message}; take one of them out` };
  });
};

/** An error of the gateway would end streams that a back-end in trouble did not end. */
const endedStreams = (app: DraftApp): readonly Finding[] => {
  const rungs = rungsOf(app, KEEP_ALIVE);
  if (!SAY_NO.has(rungs[sureAt(rungs)])) return [];
  return byOrigin(app, [KEEP_ALIVE], ['fallback']).map(({ path }) => ({
    path,
    message: `holds for ${KEEP_ALIVE} too, where an error ends running streams of sessions that say FAIL; write ${KEEP_ALIVE}: { fallback: [echo] } under hooks`,
  }));
};

/** What is named like an event and stored by `auto`; who tells the few others, and what for, no page says. */
const isEvent = (hook: string): boolean => hook.endsWith('Event') && findHook(hook).decides === 'never';

/** True for a place that holds for all hooks: the app, `defaults`, or a glob that fits even a connect. */
const isForAll = (path: Path): boolean => !path.includes('hooks') || matchesGlob(String(path.at(-2)), 'connect');

/** A ladder for all hooks keeps `auto` from storing notifications; one that was written for them is meant. */
const lostEvents = (app: DraftApp): readonly Finding[] => {
  const isLost = (hook: string): boolean => {
    const { fallback, acknowledge } = app.settings(hook);
    return isEvent(hook) && fallback !== 'auto' && !fallback.includes('store') && acknowledge === 'after';
  };
  return byOrigin(app, app.hooks.filter(isLost), ['fallback'])
    .filter(({ path }) => isForAll(path))
    .map(({ path, hooks }) => ({
      path,
      message: `holds for ${listed(hooks, 3)} too, which are not stored then: what the back-end misses of them is lost; write for them under hooks, such as "*StatusEvent": { fallback: auto }, or this ladder again if that is meant`,
    }));
};

/** Keys that tell too little, or what no two calls have in common. */
export const keyDoubts = (app: DraftApp): readonly Finding[] => {
  const keyed = app.hooks.filter(hook => app.settings(hook).key !== undefined);
  return byOrigin(app, keyed, ['key']).flatMap(({ path, hooks: [hook = '', ...others] }) => {
    const key = app.settings(hook).key ?? [];
    const fleeting = key.filter(field => findHook(hook).volatile.includes(field));
    const which = listed([hook, ...others]);
    if (fleeting.length > 0) {
      const message = `${listed(fleeting)} is new at each call of ${which}, so no verdict is ever found again; take it out`;
      return [{ path: [...path, key.indexOf(fleeting[0] ?? '')], message }];
    }
    if (key.some(field => field !== 'appKey' && field !== 'nodeId')) return [];
    return [
      {
        path,
        message: `tells no two callers of ${which} apart, so one gets the verdict of another; add what does, such as custom.token`,
      },
    ];
  });
};
