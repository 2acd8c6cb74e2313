import type { DatabaseSync } from 'node:sqlite';
import { type Backlog, type Filter, JournalError, type Listed, type Shown } from '../journal.ts';
import type { Content, Sealed, Sealer } from './content.ts';
import { conditionOf } from './filter.ts';
import { LISTED, prepareAll } from './statements.ts';

/** What can be seen of a journal's tables. Changes nothing. */
export class Views {
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof prepareAll>;
  readonly #sealer: Sealer;

  constructor(db: DatabaseSync, sealer: Sealer) {
    this.#db = db;
    this.#sql = prepareAll(db);
    this.#sealer = sealer;
  }

  /** Bytes that all events take. */
  get used(): number {
    return (this.#sql.used.get() as { bytes: number }).bytes;
  }

  lanes(): string[] {
    return this.#sql.lanes.all().map(({ lane }) => String(lane));
  }

  backlog(): Backlog[] {
    const rows = this.#sql.backlog.all() as unknown as (Omit<Backlog, 'oldestAt'> & { oldestAt: number | null })[];
    return rows.map(({ oldestAt, ...counts }) => ({ ...counts, ...(oldestAt === null ? {} : { oldestAt }) }));
  }

  list(filter: Filter): Listed[] {
    return this.#listed(filter).map(({ seq: _, ...listed }) => listed);
  }

  show(id: string): Shown | undefined {
    const found = this.#listed({ ids: [id], most: 2 });
    const one = found.find(each => each.id === id) ?? (found.length === 1 ? found[0] : undefined);
    if (!one) return undefined;
    const { seq, ...listed } = one;
    return { ...listed, ...this.#open(listed.id, seq) };
  }

  #listed(filter: Filter): (Listed & { seq: number })[] {
    const { sql, values } = conditionOf(filter);
    const listed = this.#db.prepare(`${LISTED} WHERE ${sql} ORDER BY e.seq LIMIT ?`).all(...values, filter.most ?? -1);
    return listed.map(({ behind, ...row }) => ({
      ...row,
      ...(behind !== null && { behind }),
    })) as unknown as (Listed & { seq: number })[];
  }

  #open(id: string, seq: number): Content {
    try {
      return this.#sealer.open(id, this.#sql.sealed.get(seq) as unknown as Sealed);
    } catch (error) {
      throw new JournalError('failed', `${id} cannot be shown: ${(error as Error).message}`, error);
    }
  }
}
