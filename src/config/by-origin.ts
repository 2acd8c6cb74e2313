import { type DraftApp, originOf } from './draft.ts';
import { hookLayers } from './layers.ts';
import { formatPath, type Path } from './problems.ts';
import type { HookSettings, Rung } from './types.ts';

/** Hooks grouped by the place in the file that has the last word on `key` for them; built-in values are left out. */
export const byOrigin = (app: DraftApp, hooks: readonly string[], key: readonly string[]) => {
  const groups = new Map<string, { readonly path: Path; readonly hooks: string[] }>();
  for (const hook of hooks) {
    const path = originOf(hookLayers(app.layers, hook), key);
    if (!path) continue;
    const id = formatPath(path);
    const group = groups.get(id) ?? { path, hooks: [] };
    group.hooks.push(hook);
    groups.set(id, group);
  }
  return [...groups.values()];
};

/** The rungs that are written; none where `auto` chooses. */
export const ladder = ({ fallback }: HookSettings): readonly Rung[] => (fallback === 'auto' ? [] : fallback);
