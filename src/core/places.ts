/** What has all paths below its own. */
interface Placed {
  /** Without a slash at its end; empty: every path. */
  readonly path: string;
}

/** True for the path of `place` itself, and for all below it. */
export const isBelow = (path: string, place: Placed): boolean =>
  path === place.path || path.startsWith(`${place.path}/`);

/** Makes what finds whom a path belongs to: of all that it is below the one with the longest path, and of two equals the first. */
export const createOwnerFinder = <Place extends Placed>(places: readonly Place[]) => {
  const longestFirst = places.toSorted((a, b) => b.path.length - a.path.length);
  return (path: string): Place | undefined => longestFirst.find(place => isBelow(path, place));
};
