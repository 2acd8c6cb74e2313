import type { DatabaseSync } from 'node:sqlite';
import { type Filter, JournalError, type Leased, type Settlement, type StoredEvent } from '../journal.ts';
import { Marks } from './marks.ts';
import type { Request } from './protocol.ts';
import { type Span, Tables, type TablesOptions } from './tables.ts';
import { transact } from './transact.ts';
import { Views } from './views.ts';

/** What a change gives, and what is to be done in memory once it is on disk. */
export interface Done {
  readonly value?: unknown;
  /** Nothing was changed, for this reason. */
  readonly error?: JournalError;
  readonly after?: () => void;
}

/** A journal on the thread of its file: tables, and in memory who holds and leases what. */
export class Ledger {
  readonly #db: DatabaseSync;
  readonly #tables: Tables;
  readonly #views: Views;
  readonly #holds = new Marks();
  readonly #leases = new Marks();
  readonly #unreadable: (why: string) => void;
  readonly #isMarked = (id: string): boolean => this.#leases.has(id) || this.#holds.has(id);
  readonly #isLeased = (id: string): boolean => this.#leases.has(id);

  /** `unreadable` hears why an event cannot be read, which is then a dead letter. */
  constructor(db: DatabaseSync, options: TablesOptions, unreadable: (why: string) => void = () => {}) {
    this.#db = db;
    this.#unreadable = unreadable;
    this.#tables = new Tables(db, options);
    this.#views = new Views(db, options.sealer);
  }

  get used(): number {
    return this.#views.used;
  }

  /** True if answering `request` begins with a change of the tables. */
  changes({ name, args }: Request): boolean {
    if (name === 'lease') return this.#tables.hasExpired(args[0], this.#isLeased);
    if (name === 'ended') return this.#tables.isUntidy(this.#isLeased);
    return ['append', 'take', 'settle', 'hurry', 'retry', 'drop'].includes(name);
  }

  /** Makes the change that `request` asks for or needs, within a transaction. */
  change(request: Request): Done {
    const { name, args } = request;
    if (name === 'append') return this.#append(...args);
    if (name === 'take') return this.#take(...args);
    if (name === 'settle') return this.#settle(...args);
    if (name === 'hurry') return { value: this.#tables.hurry(...args) };
    if (name === 'retry') return this.#retry(...args);
    if (name === 'drop') return this.#drop(...args);
    if (name === 'ended') return { value: this.#tables.tidy(this.#isLeased) };
    if (name === 'lease') this.#tables.expire(args[0], this.#isLeased);
    return {};
  }

  /** Answers what has nothing to change, or has changed it. */
  answer(request: Request): unknown {
    const { name, args } = request;
    if (name === 'lease') return this.#lease(...args);
    if (name === 'release') return this.#holds.delete(...args);
    if (name === 'ended') return [];
    if (name === 'lanes') return this.#views.lanes();
    if (name === 'backlog') return this.#views.backlog();
    if (name === 'list') return this.#views.list(...args);
    if (name === 'show') return this.#views.show(...args);
    return undefined;
  }

  #append(event: StoredEvent, holdMs: number): Done {
    try {
      const isNew = this.#tables.append(event);
      return isNew && holdMs > 0 ? { after: () => this.#holds.set(event.id, holdMs) } : {};
    } catch (error) {
      if (error instanceof JournalError) return { error };
      throw error;
    }
  }

  #take(id: string): Done {
    return { value: this.#tables.remove(id), after: () => this.#forget(id) };
  }

  #settle(id: string, settlement: Settlement): Done {
    return { value: this.#tables.settle(id, settlement), after: () => this.#forget(id) };
  }

  #retry(filter: Filter, keepForMs: number, span: Span): Done {
    return { value: this.#tables.retry(filter, keepForMs, span) };
  }

  #drop(filter: Filter, span: Span): Done {
    return { value: this.#tables.drop(filter, span) };
  }

  #forget(id: string): void {
    this.#holds.delete(id);
    this.#leases.delete(id);
  }

  #lease(app: string, most: number, leaseMs: number): Leased[] {
    this.#holds.sweep();
    this.#leases.sweep();
    const due = this.#tables.due(app, most, this.#isMarked);
    const leased = due.map(({ id, seq }) => this.#pick(id, seq)).filter(event => event !== undefined);
    for (const { id } of leased) this.#leases.set(id, leaseMs);
    return leased;
  }

  /** An event that cannot be read must not block its lane; nothing else is lost of it. */
  #pick(id: string, seq: number): Leased | undefined {
    try {
      return this.#tables.pick(seq);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      transact(this.#db, () => this.#tables.bury(id, error.message));
      this.#unreadable(error.message);
      return undefined;
    }
  }
}
