import type { DatabaseSync } from 'node:sqlite';
import type { EventEnd } from '../../core/events.ts';
import {
  type Ended,
  type Filter,
  JournalError,
  KEEP_DEAD_MS,
  type Leased,
  MOST_WAIT_MS,
  type Settlement,
  type StoredEvent,
} from '../journal.ts';
import type { Sealer } from './content.ts';
import { conditionOf } from './filter.ts';
import { prepareAll } from './statements.ts';

/** What an event takes beside its content: its row, its lane and its places in indexes; measured, rounded up. */
export const OVERHEAD_BYTES = 512;
/** So many events are changed in one go at most, since a go holds up everybody else. */
export const MOST_AT_ONCE = 500;

/** What part of the events a go is over: those behind `after`, up to `through`; nothing is up to the last one now. */
export interface Span {
  readonly after: number;
  readonly through?: number;
  readonly most: number;
}

/** How many matched, and where the next go begins; nothing if that was all. */
export interface Swept {
  readonly count: number;
  readonly next?: Required<Pick<Span, 'after' | 'through'>>;
}

/** How many are due now, and how many others wait. */
export interface Hurried {
  readonly count: number;
  readonly left: number;
}

interface Row {
  readonly seq: number;
  readonly app: string;
  readonly id: string;
  readonly lane: string;
  readonly deadAt: number | null;
}

export interface TablesOptions {
  readonly sealer: Sealer;
  readonly maxBytes: number;
}

/** The tables of a journal. Each method runs on the thread that calls it; those that change something want a transaction. */
export class Tables {
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof prepareAll>;
  readonly #sealer: Sealer;
  readonly #maxBytes: number;

  constructor(db: DatabaseSync, { sealer, maxBytes }: TablesOptions) {
    this.#db = db;
    this.#sql = prepareAll(db);
    this.#sealer = sealer;
    this.#maxBytes = maxBytes;
  }

  /** Bytes that all events take. */
  get #used(): number {
    return (this.#sql.used.get() as { bytes: number }).bytes;
  }

  /** False if its id was there already. Throws a JournalError `full` if there is no room. */
  append(event: StoredEvent): boolean {
    const { id, app, hook, lane, receivedAt, expiresAt } = event;
    const sealed = this.#sealer.seal(id, event);
    const bytes = sealed.bytes.length + OVERHEAD_BYTES;
    if (this.#used + bytes > this.#maxBytes) return this.#refuse(id, bytes);
    const times = [Math.round(receivedAt), Math.round(expiresAt)];
    const { changes, lastInsertRowid } = this.#sql.insert.run(
      ...[id, app, hook, lane, ...times, bytes, sealed.keyId, sealed.bytes],
    );
    if (changes > 0) this.#sql.beginLane.run(lane, app, lastInsertRowid, Date.now());
    return changes > 0;
  }

  #refuse(id: string, bytes: number): false {
    if (this.#find(id)) return false;
    throw new JournalError(
      'full',
      `the journal has ${this.#used} of ${this.#maxBytes} bytes and no room for another ${bytes}; raise maxBytes, or drop events that are not needed`,
    );
  }

  /** True if it was there. */
  remove(id: string): boolean {
    const found = this.#find(id);
    if (found) this.#remove(found);
    return found !== undefined;
  }

  /** True if nothing is left in its lane. */
  settle(id: string, settlement: Settlement): boolean {
    const found = this.#find(id);
    if (!found) return false;
    this.#settle(found, settlement);
    return this.#sql.hasLane.get(found.lane) === undefined;
  }

  #settle(found: Row, settlement: Settlement): void {
    if (settlement.type === 'delivered') this.#remove(found);
    else if (found.deadAt !== null) return;
    else if (settlement.type === 'dead') this.#bury(found, settlement.reason, 1);
    else {
      const { ms, reason = '', isUnsent = false } = settlement;
      this.#sql.again.run(Date.now() + Math.ceil(ms), isUnsent ? 0 : 1, reason, found.lane, found.seq);
    }
  }

  /** Makes dead what can never be delivered, without an attempt. */
  bury(id: string, reason: string): void {
    const found = this.#find(id);
    if (found?.deadAt === null) this.#bury(found, reason, 0);
  }

  /** True if something of `app` that is not excepted has expired. */
  hasExpired(app: string, except: (id: string) => boolean): boolean {
    return this.#expired(app, except, 1).length > 0;
  }

  /** Makes dead what has expired, some of it if it is much. */
  expire(app: string, except: (id: string) => boolean): void {
    for (const row of this.#expired(app, except, MOST_AT_ONCE)) {
      this.#bury(row, 'expired', 0);
      this.#end(row, 'expired');
    }
  }

  /** True if there is something for `tidy` to do or to tell. */
  isUntidy(except: (id: string) => boolean): boolean {
    const isFar = (app: string) => this.#sql.isFar.get(app, Date.now() + MOST_WAIT_MS) !== undefined;
    return (
      this.#sql.ended.get() !== undefined ||
      this.#longDead(1).length > 0 ||
      this.#apps.some(app => this.hasExpired(app, except) || isFar(app))
    );
  }

  /** Does for all apps what time alone brings, a part of it if it is much. Gives what has ended since the last time. */
  tidy(except: (id: string) => boolean): Ended[] {
    for (const app of this.#apps) {
      this.expire(app, except);
      this.#hasten(app, Date.now() + MOST_WAIT_MS);
    }
    for (const row of this.#longDead(MOST_AT_ONCE)) {
      this.#sql.remove.run(row.seq);
      this.#end(row, 'outdated');
    }
    const ended = this.#sql.ended.all().map(row => ({ ...row })) as unknown as Ended[];
    this.#sql.forgetEnded.run();
    return ended;
  }

  /** Makes due what waits, the first due first, some of it if it is much. */
  hurry(app: string): Hurried {
    const count = this.#hasten(app, Date.now());
    return { count, left: Number(this.#sql.waiting.get(app, Date.now())?.count) };
  }

  get #apps(): string[] {
    return this.#sql.apps.all().map(({ app }) => String(app));
  }

  #longDead(most: number): Pick<Row, 'seq' | 'app'>[] {
    return this.#sql.longDead.all(Date.now() - KEEP_DEAD_MS, most) as unknown as Pick<Row, 'seq' | 'app'>[];
  }

  #hasten(app: string, after: number): number {
    return Number(this.#sql.hasten.run({ app, at: Date.now(), after, most: MOST_AT_ONCE }).changes);
  }

  #end({ app }: Pick<Row, 'app'>, how: EventEnd): void {
    this.#sql.end.run(app, how);
  }

  /** The first events of the lanes of `app` that are due, longest due first, but for those that are excepted. */
  due(app: string, most: number, except: (id: string) => boolean): { readonly id: string; readonly seq: number }[] {
    const found: { id: string; seq: number }[] = [];
    const at = Date.now();
    if (most <= 0) return found;
    for (const row of this.#sql.due.iterate(app, at)) {
      const { id, seq, expiresAt } = row as unknown as { id: string; seq: number; expiresAt: number };
      if (except(id) || expiresAt <= at) continue;
      found.push({ id, seq });
      if (found.length >= most) break;
    }
    return found;
  }

  /** What is to be delivered. Throws a JournalError if its content cannot be read. */
  pick(seq: number): Leased {
    const row = this.#sql.pick.get(seq) as unknown as PickedRow;
    const { id, app, hook, lane, received_at: receivedAt, expires_at: expiresAt, tried: attempts } = row;
    const content = this.#sealer.open(id, { keyId: row.key_id, bytes: row.content });
    return { id, app, hook, lane, receivedAt, expiresAt, attempts, ...content };
  }

  retry(filter: Filter, keepForMs: number, span: Span): Swept {
    const at = Date.now();
    return this.#sweep(filter, span, row => {
      if (row.deadAt === null) return this.#sql.hurryOne.run({ at, lane: row.lane, seq: row.seq });
      this.#sql.revive.run(Math.round(at + keepForMs), row.seq);
      return this.#refresh(row.lane);
    });
  }

  drop(filter: Filter, span: Span): Swept {
    return this.#sweep(filter, span, row => {
      this.#remove(row);
      this.#end(row, 'dropped');
    });
  }

  #find(id: string): Row | undefined {
    const found = this.#sql.find.get(id);
    return found && ({ ...found, id } as unknown as Row);
  }

  #remove({ seq, lane }: Row): void {
    this.#sql.remove.run(seq);
    this.#refresh(lane);
  }

  #bury({ seq, lane }: Pick<Row, 'seq' | 'lane'>, reason: string, tried: 0 | 1): void {
    this.#sql.bury.run({ seq, reason, tried, at: Date.now() });
    this.#refresh(lane);
  }

  /** What is first in a lane now is due since now; what was first before keeps what the lane knows of it. */
  #refresh(lane: string): void {
    const first = this.#sql.firstOf.get(lane) as { seq: number; app: string } | undefined;
    if (first) this.#sql.setFirst.run(lane, first.app, first.seq, Date.now());
    else this.#sql.endLane.run(lane);
  }

  #expired(app: string, except: (id: string) => boolean, most: number): Row[] {
    const found: Row[] = [];
    for (const row of this.#sql.expired.iterate(app, Date.now()) as Iterable<unknown>) {
      if (!except((row as Row).id)) found.push(row as Row);
      if (found.length >= most) break;
    }
    return found;
  }

  #sweep(filter: Filter, { after, through, most }: Span, change: (row: Row) => unknown): Swept {
    const last = through ?? Number(this.#sql.last.get()?.seq);
    const { sql, values } = conditionOf(filter);
    const select = `SELECT seq, id, app, lane, dead_at AS deadAt FROM events e WHERE e.seq > ? AND e.seq <= ? AND ${sql}`;
    const rows = this.#db
      .prepare(`${select} ORDER BY e.seq LIMIT ?`)
      .all(after, last, ...values, most) as unknown as Row[];
    for (const row of rows) change(row);
    const end = rows.at(-1);
    if (!end || rows.length < most) return { count: rows.length };
    return { count: rows.length, next: { after: end.seq, through: last } };
  }
}

interface PickedRow {
  readonly id: string;
  readonly app: string;
  readonly hook: string;
  readonly lane: string;
  readonly received_at: number;
  readonly expires_at: number;
  readonly key_id: string | null;
  readonly content: Uint8Array;
  readonly tried: number;
}
