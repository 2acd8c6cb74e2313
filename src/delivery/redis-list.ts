import type { EventState, Filter, Listed } from './journal.ts';
import { listedOf, type Reply, rowsOf, textsOf } from './redis-rows.ts';

/** Asks the script. */
export type Ask = (verb: string, ...words: readonly (string | number)[]) => Promise<Reply>;

type Found = ReturnType<typeof listedOf>;

const STATES: readonly EventState[] = ['pending', 'dead'];

/** What matches of one state of one app, in pages, so that Redis has time for others in between. */
const pagesOf = async (ask: Ask, index: string, filter: Filter, most: number): Promise<Found[]> => {
  const found: Found[] = [];
  for (let last = '-inf'; found.length < most; ) {
    const page = await ask('page', index, last, filter.hook ?? '', ...(filter.ids ?? []));
    const [next, rows] = page as readonly Reply[];
    if (`${next}` === '') break;
    last = `${next}`;
    found.push(...rowsOf(rows).map(listedOf));
  }
  return found;
};

/** What matches, oldest first. */
export const listIn = async (ask: Ask, filter: Filter): Promise<readonly Listed[]> => {
  const { app, state, ids, most = Number.POSITIVE_INFINITY } = filter;
  if (ids?.length === 0) return [];
  const apps = app === undefined ? textsOf(await ask('apps')) : [app];
  const states = state === undefined ? STATES : [state];
  const indexes = apps.flatMap(each => states.map(name => `${name}:${each}`));
  const found = await Promise.all(indexes.map(index => pagesOf(ask, index, filter, most)));
  const sorted = found.flat().sort((a, b) => a.seq - b.seq);
  return sorted.slice(0, most).map(({ listed }) => listed);
};

const CHUNK = 100;

/** Has the script do something to all of `ids`, a bounded number at a time; gives the sum of what it says. */
export const forAll = async (
  ids: readonly string[],
  act: (ids: readonly string[]) => Promise<Reply>,
): Promise<number> => {
  let count = 0;
  for (let from = 0; from < ids.length; from += CHUNK) count += Number(await act(ids.slice(from, from + CHUNK)));
  return count;
};
