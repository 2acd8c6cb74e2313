import { closeSync, fsyncSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { now } from '../../core/clock.ts';
import { secureFile } from './folder.ts';

/** Room for a log until it is written into the database (4 MiB), and for the database to take it up. */
const MOST_BYTES = 8 * 1024 ** 2;
/** A small journal makes do with this share of what it may hold. */
const SHARE = 1 / 8;
const CHUNK = Buffer.alloc(64 * 1024);
/** How often it is tried to have a reserve again. */
const REFILL_MS = 1000;

/**
 * A part of the disk that is kept for a time when the rest is full. To take an event out, SQLite has to write first: without a
 * reserve a full disk could not be emptied, and what was delivered would be delivered again and again.
 */
export class Reserve {
  readonly #file: string;
  readonly #bytes: number;
  #isSpent = false;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor({ dir, maxBytes }: { readonly dir: string; readonly maxBytes: number }) {
    this.#bytes = Math.min(MOST_BYTES, Math.ceil((maxBytes * SHARE) / CHUNK.length) * CHUNK.length);
    this.#file = join(dir, 'journal.reserve');
  }

  /** Nothing new may be stored until this is false. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Gives the room back to the disk. False if that was done before. */
  spend(): boolean {
    if (this.#isSpent) return false;
    this.#isSpent = true;
    this.#triedAt = now();
    this.#empty();
    return true;
  }

  /** True when it is time to try whether there is room for a reserve again. */
  get isDue(): boolean {
    return this.#isSpent && now() - this.#triedAt >= REFILL_MS;
  }

  /** Sees that there is a reserve. False if there is no room for it. */
  fill(): boolean {
    this.#triedAt = now();
    try {
      this.#write();
      this.#isSpent = false;
    } catch {
      this.#isSpent = true;
      this.#empty();
    }
    return !this.#isSpent;
  }

  #write(): void {
    secureFile(this.#file);
    const { size, blocks } = statSync(this.#file);
    if (size === this.#bytes && blocks * 512 >= size) return;
    const file = openSync(this.#file, 'r+');
    try {
      for (let at = 0; at < this.#bytes; at += writeSync(file, CHUNK, 0, CHUNK.length, at));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #empty(): void {
    try {
      truncateSync(this.#file, 0);
    } catch {
      // It could not even be made: there is nothing to give back.
    }
  }
}
