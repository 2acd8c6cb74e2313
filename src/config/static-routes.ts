import type { LoadedRouteOptions, RouteOptions, RoutesOptions } from '../static/options.ts';
import { compareGlobs, matchesGlob } from './glob.ts';
import { fileFault, wholePath } from './named-file.ts';
import type { Path } from './problems.ts';
import { readJson } from './rung-files.ts';
import type { Finding } from './validate.ts';

/** Finds the route of a path, if there is one. */
export type FindRoute = (path: string) => LoadedRouteOptions | undefined;

/** Gives the content of a file that a rung names. */
export type ReadFile = (file: string) => Buffer;

const load = (
  glob: string,
  { fallback, keepFor, limit, personal }: RouteOptions,
  read: ReadFile,
): LoadedRouteOptions => ({
  glob,
  fallback: fallback.map(rung =>
    typeof rung === 'object' && 'file' in rung ? { file: rung.file, content: read(rung.file) } : rung,
  ),
  keepFor,
  limit,
  personal,
});

/** The most specific glob that fits a path has the word for it, and no other; of equals the later one. */
export const routeFinder = (routes: RoutesOptions, read: ReadFile): FindRoute => {
  const loaded = Object.entries(routes)
    .map(([glob, options]) => load(glob, options, read))
    .sort((a, b) => compareGlobs(a.glob, b.glob))
    .reverse();
  return path => loaded.find(({ glob }) => matchesGlob(glob, path));
};

/** Contents of the JSON files that routes name, by the path as written, and what is wrong with them. */
export interface RouteFiles {
  readonly read: ReadFile;
  readonly findings: readonly Finding[];
}

/** Routes as they are written, in one place of the file. */
export interface WrittenRoutes {
  /** Of the mapping of globs. */
  readonly path: Path;
  readonly routes: unknown;
}

/** All places of the file where routes are written, of the apps that can be looked at. */
export const writtenRoutes = (data: unknown, apps: readonly number[]): readonly WrittenRoutes[] => {
  const above: readonly Path[] = [[], ['defaults'], ...apps.map(at => ['apps', at])];
  return above.flatMap(steps => {
    const path = [...steps, 'passthrough', 'routes'];
    const routes = path.reduce<unknown>((value, step) => fieldOf(value, step), data);
    return routes === undefined ? [] : [{ path, routes }];
  });
};

interface NamedFile {
  readonly file: string;
  readonly path: Path;
}

const fieldOf = (value: unknown, key: string | number): unknown =>
  (value as Readonly<Record<string, unknown>> | undefined | null)?.[key];

const filesIn = ({ path, routes }: WrittenRoutes): readonly NamedFile[] =>
  Object.entries(routes ?? {}).flatMap(([glob, route]) => {
    const rungs = fieldOf(route, 'fallback');
    return (Array.isArray(rungs) ? rungs : []).flatMap((rung, at) => {
      const file = fieldOf(rung, 'file');
      return typeof file === 'string' ? [{ file, path: [...path, glob, 'fallback', at, 'file'] }] : [];
    });
  });

/** Reads every `{ file: … }` of routes, where a list is as good as an object; a relative path counts from the folder of `configFile`. */
export const readRouteFiles = (places: readonly WrittenRoutes[], configFile: string): RouteFiles => {
  const contents = new Map<string, Buffer>();
  const findings: Finding[] = [];
  for (const { file, path } of places.flatMap(filesIn)) {
    try {
      if (!contents.has(file)) contents.set(file, readJson(wholePath(file, configFile), 'object or list'));
    } catch (error) {
      findings.push({ path, message: fileFault(file, configFile, error, 'a file with a JSON object or list') });
    }
  }
  return { read: file => contents.get(file) ?? Buffer.alloc(0), findings };
};
