import { deepFreeze } from './freeze.ts';
import { matchesGlob } from './glob.ts';
import { type AppLayers, flattenLayers, hookLayers, type Layer, lastToSay } from './layers.ts';
import { MergedHook } from './schema.ts';
import type { HookSettings, Rung } from './types.ts';

/** Turns a rung as written into one as used: a file's content is read. */
export type ReadRung = (rung: Exclude<MergedHook['fallback'], 'auto'>[number]) => Rung;

/** Four fifths of what WCS waits, or 12 s where it waits for ever: adding the gateway is never worse than not having it. */
export const defaultLimit = (requestTimeout: number): number =>
  requestTimeout === 0 ? 12_000 : Math.floor((requestTimeout * 4) / 5);

/** Makes an app's `settings` function. Memory is bounded: there are as many results as sets of matching globs. */
export const hookSettings = (layers: AppLayers, requestTimeout: number, readRung: ReadRung) => {
  const results = new Map<string, (hook: string) => HookSettings>();
  return (hook: string): HookSettings => {
    const matching = hookLayers(layers, hook);
    const id = matching.map(layer => layers.hooks.indexOf(layer)).join();
    const result = results.get(id) ?? settle(matching, requestTimeout, readRung);
    results.set(id, result);
    return result(hook);
  };
};

/** What some layers come to, in two forms where a list in `idempotent` holds some of the hooks. */
const settle = (layers: readonly Layer[], requestTimeout: number, readRung: ReadRung) => {
  const merged = MergedHook.parse(flattenLayers(layers));
  const limit = merged.limit ?? defaultLimit(requestTimeout);
  const once: HookSettings = {
    limit,
    attemptLimit: attemptLimit(merged, layers, limit),
    idempotent: false,
    hedge: merged.hedge,
    retry: merged.retry,
    fallback: merged.fallback === 'auto' ? 'auto' : merged.fallback.map(readRung),
    key: merged.key,
    keepFor: merged.keepFor,
    acknowledge: merged.acknowledge,
    priority: merged.priority,
  };
  const repeatable: HookSettings = { ...once, idempotent: true };
  deepFreeze([once, repeatable]);
  return (hook: string) => (isIdempotent(merged.idempotent, hook) ? repeatable : once);
};

const isIdempotent = (option: MergedHook['idempotent'], hook: string): boolean =>
  typeof option === 'boolean' ? option : option.some(glob => matchesGlob(glob, hook));

/** A shorter limit for some hooks also shortens an attemptLimit that was written for more hooks than these. */
const attemptLimit = (merged: MergedHook, layers: readonly Layer[], limit: number): number => {
  if (merged.attemptLimit === undefined) return limit;
  return isInherited(layers) ? Math.min(merged.attemptLimit, limit) : merged.attemptLimit;
};

const isInherited = (layers: readonly Layer[]): boolean => {
  const ofLimit = lastToSay(layers, ['limit']);
  const ofAttempt = lastToSay(layers, ['attemptLimit']);
  if (!ofLimit || !ofAttempt) return false;
  return layers.indexOf(ofAttempt) < layers.indexOf(ofLimit);
};
