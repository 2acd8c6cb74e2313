import { PassthroughOptions } from '../passthrough/options.ts';
import type { Path } from './problems.ts';
import { AppOptions, FileOptions, HookOptions } from './schema.ts';

const has = (schema: { readonly shape: object }, key: string): boolean => Object.hasOwn(schema.shape, key);

/** What tells one app from another; `defaults` has none of it. */
const IDENTITY: readonly string[] = ['name', 'path', 'upstreams', 'restUsername', 'restPassword'];

/** Where a key that stands wrongly below `path` would be right; undefined if nowhere. */
export const rightPlace = (path: Path, key: string): string | undefined => {
  const [root, , section] = path[0] === 'defaults' ? ['apps', 0, path[1]] : path;
  if (root === undefined) return has(AppOptions, key) ? 'it belongs to an app, or in defaults for all apps' : undefined;
  if (root !== 'apps') return undefined;
  if (section === 'hooks') return has(AppOptions, key) ? 'it belongs to the app, for all its hooks' : undefined;
  if (section !== undefined) return undefined;
  if (has(HookOptions, key)) return `it belongs to a hook: hooks.NAME.${key}`;
  if (has(PassthroughOptions, key)) return `it belongs below passthrough: passthrough.${key}`;
  if (has(FileOptions, key)) return 'it belongs to the top of the file';
  return IDENTITY.includes(key) ? 'it belongs to each app' : undefined;
};
