import type { SQLInputValue } from 'node:sqlite';
import type { Filter } from '../journal.ts';

/** A condition on rows `e` of `events`, and the values for its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

const ANY = 'TRUE';
/** No id has a character behind this one. */
const LAST = '\u{10ffff}';

/** A range, unlike a pattern, takes every character for itself and can use the index. */
const beginsWith = (ids: readonly string[]): Condition => ({
  sql: ids.length === 0 ? 'FALSE' : `(${ids.map(() => '(e.id >= ? AND e.id < ?)').join(' OR ')})`,
  values: ids.flatMap(id => [id, id + LAST]),
});

const partsOf = ({ app, hook, state, ids }: Filter): Condition[] => [
  ...(app === undefined ? [] : [{ sql: 'e.app = ?', values: [app] }]),
  ...(hook === undefined ? [] : [{ sql: 'e.hook = ?', values: [hook] }]),
  ...(state === undefined ? [] : [{ sql: `e.dead_at IS ${state === 'dead' ? 'NOT NULL' : 'NULL'}`, values: [] }]),
  ...(ids === undefined ? [] : [beginsWith(ids)]),
];

/** What `filter` asks for, but for how many. */
export const conditionOf = (filter: Filter): Condition => {
  const parts = partsOf(filter);
  return {
    sql: parts.map(({ sql }) => sql).join(' AND ') || ANY,
    values: parts.flatMap(({ values }) => values),
  };
};
