const WILDCARD = /[*?]/;

/** True for a glob that is a hook name as it stands. */
export const isLiteral = (glob: string): boolean => !WILDCARD.test(glob);

/** True if `name` as a whole fits `glob`: `*` is any characters or none, `?` exactly one. Case counts. */
export const matchesGlob = (glob: string, name: string): boolean => {
  // Backtracks to the last star only, so a hostile name costs at most glob x name steps.
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length; ) {
    if (glob[at] === '*') {
      star = at++;
      resume = i;
    } else if (glob[at] === '?' || (at < glob.length && glob[at] === name[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
};

/**
 * Orders globs from the general to the particular: a name as it stands is most specific, then whoever has more
 * letters that are fixed, then whoever has fewer stars. 0 if neither is; then the later in the file wins.
 */
export const compareGlobs = (a: string, b: string): number =>
  Number(isLiteral(a)) - Number(isLiteral(b)) || fixed(a) - fixed(b) || stars(b) - stars(a);

const fixed = (glob: string): number => glob.replaceAll(/[*?]/g, '').length;
const stars = (glob: string): number => glob.split('*').length - 1;

/** True if some name that begins with `prefix` fits `glob`. */
export const mayBegin = (glob: string, prefix: string): boolean => {
  /** Places in the glob where one may be after the letters so far. */
  let places = withStars(glob, new Set([0]));
  for (const letter of prefix) {
    const next = [...places].flatMap(at =>
      glob[at] === '*' ? [at] : ['?', letter].includes(glob[at] ?? '') ? [at + 1] : [],
    );
    places = withStars(glob, new Set(next));
  }
  return places.size > 0;
};

/** The places, and those behind stars that stand for nothing. */
const withStars = (glob: string, places: Set<number>): Set<number> => {
  for (const at of places) if (glob[at] === '*') places.add(at + 1);
  return places;
};
