import type { DatabaseSync, StatementSync as Statement } from 'node:sqlite';
import { JournalError } from '../journal.ts';
import { cannotUse, isDamage, isOutOfRoom } from './folder.ts';
import type { Ledger } from './ledger.ts';
import type { Failure, Reply, Request } from './protocol.ts';
import type { Reserve } from './reserve.ts';
import { transact } from './transact.ts';

/** Pages of 4 KiB that may lie unused, if they are most of the file: 4 MiB. */
const MAX_FREE_PAGES = 1024;
/** So many pages go at once: about a millisecond. */
const SHRINK_PAGES = 128;

/** What came of a batch: an answer to each request, and what the disk said if it failed. */
export interface Outcome {
  readonly replies: readonly Reply[];
  readonly error?: unknown;
  /** Something was written, and whatever comes can be. */
  readonly isWell: boolean;
}

export interface BatchOptions {
  readonly dir: string;
  readonly db: DatabaseSync;
  readonly ledger: Ledger;
  readonly reserve: Reserve;
}

/** What is stored no more while there is no reserve. */
export const noRoom = (dir: string): JournalError =>
  new JournalError(
    'failed',
    `the disk of the journal in ${dir} is full; make room: what comes is stored again by itself`,
  );

/** Answers requests that came together, with one transaction and so one wait for the disk for all of their changes. */
export class Batch {
  readonly #dir: string;
  readonly #db: DatabaseSync;
  readonly #ledger: Ledger;
  readonly #reserve: Reserve;
  readonly #free: Statement;
  readonly #all: Statement;
  #error: unknown;
  #hasWritten = false;

  constructor({ dir, db, ledger, reserve }: BatchOptions) {
    this.#dir = dir;
    this.#db = db;
    this.#ledger = ledger;
    this.#reserve = reserve;
    this.#free = db.prepare('PRAGMA freelist_count');
    this.#all = db.prepare('PRAGMA page_count');
  }

  /** Changes are on disk when this returns. Throws what SQLite throws if the file is damaged. */
  run(requests: readonly Request[]): Outcome {
    this.#error = undefined;
    this.#hasWritten = false;
    const changing = requests.filter(request => this.#try(() => this.#ledger.changes(request)));
    const changed = new Map(this.#commit(changing).map(reply => [reply.n, reply]));
    const replies = requests.map(request => this.#answer(request, changed.get(request.n)));
    return { replies, error: this.#error, isWell: this.#hasWritten && !this.#reserve.isSpent };
  }

  #commit(requests: readonly Request[]): Reply[] {
    if (this.#reserve.isDue) this.#refill();
    if (!this.#reserve.isSpent) return this.#commitAll(requests);
    const isNew = ({ name }: Request) => name === 'append';
    const refused = requests.filter(isNew);
    if (refused.length > 0) this.#error ??= noRoom(this.#dir);
    return [...this.#failed(refused, noRoom(this.#dir)), ...this.#commitAll(requests.filter(each => !isNew(each)))];
  }

  /** One request that the disk refuses takes the transaction with it, so the others then go alone. */
  #commitAll(requests: readonly Request[]): Reply[] {
    if (requests.length === 0) return [];
    try {
      return this.#transact(requests);
    } catch (error) {
      this.#note(error);
      if (isOutOfRoom(this.#dir, error) && this.#spendReserve()) return this.#commit(requests);
      if (requests.length === 1) return this.#failed(requests, error);
      return requests.flatMap(request => this.#commitAll([request]));
    }
  }

  #spendReserve(): boolean {
    if (!this.#reserve.spend()) return false;
    this.#cutLog();
    return true;
  }

  #refill(): void {
    this.#cutLog();
    this.#reserve.fill();
  }

  /** A log that is written into the database gives its room back. */
  #cutLog(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      this.#note(error);
    }
  }

  #transact(requests: readonly Request[]): Reply[] {
    const all = transact(this.#db, () => requests.map(request => this.#ledger.change(request)));
    this.#hasWritten = true;
    for (const { after } of all) after?.();
    this.#shrink();
    return requests.map(({ n }, at) => {
      const { value, error } = all[at] ?? {};
      return error ? { n, failure: this.#failureOf(error) } : { n, value };
    });
  }

  /** What a flood has left behind goes back to the disk, a little at a time. What is on disk stays so if that fails. */
  #shrink(): void {
    try {
      const free = Number(this.#free.get()?.freelist_count);
      const all = Number(this.#all.get()?.page_count);
      if (free > MAX_FREE_PAGES && free > all / 2) this.#db.exec(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`);
    } catch (error) {
      this.#error ??= error;
    }
  }

  #answer(request: Request, changed: Reply | undefined): Reply {
    const { n, name } = request;
    // A lease that could not tidy up first may still give out what it finds.
    if (changed && name !== 'lease') return changed;
    try {
      return { n, value: this.#ledger.answer(request) };
    } catch (error) {
      this.#note(error);
      return { n, failure: this.#failureOf(error) };
    }
  }

  #try(ask: () => boolean): boolean {
    try {
      return ask();
    } catch (error) {
      this.#note(error);
      return false;
    }
  }

  #failed(requests: readonly Request[], error: unknown): Reply[] {
    return requests.map(({ n }) => ({ n, failure: this.#failureOf(error) }));
  }

  #failureOf(error: unknown): Failure {
    const { code, message } = cannotUse(this.#dir, error);
    return { code, message };
  }

  #note(error: unknown): void {
    if (isDamage(error)) throw error;
    if (!(error instanceof JournalError)) this.#error ??= error;
  }
}
