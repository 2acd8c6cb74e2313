import { write, writeSync } from 'node:fs';

/** Takes log lines and never makes a call wait for where they go. */
export interface LineWriter {
  /** Takes one line that ends with a line feed. It is dropped, and counted, if both buffers are full. */
  write(line: string): void;
  /** Writes out at once what is waiting; for the last words of a process. */
  flushSync(): void;
  /** Writes out what is waiting, for at most two seconds, and drops what comes later. Never rejects. */
  close(): Promise<void>;
  /** How many lines went out so far. */
  readonly written: number;
  /** How many lines were lost so far: for want of room, or because the descriptor took no more. */
  readonly dropped: number;
}

export interface LineWriterOptions {
  /** The file descriptor to write to; 1 is standard output. It is not closed. */
  readonly fd: number;
  /** What one of the two buffers holds. */
  readonly bufferBytes?: number;
  /** A buffer this full is written without waiting for `flushMs`. */
  readonly flushBytes?: number;
  readonly flushMs?: number;
}

interface Page {
  readonly buffer: Buffer;
  lines: number;
  /** What of the buffer is used, and what of that is written out. */
  end: number;
  start: number;
}

const RETRY_MS = 20;
const CLOSE_MS = 2000;
const SYNC_PAUSE_MS = 5;
const SYNC_PAUSES = 100;
const UTF8_MAX_BYTES = 3;

const createPage = (bytes: number): Page => ({ buffer: Buffer.allocUnsafeSlow(bytes), lines: 0, end: 0, start: 0 });

const clear = (page: Page): void => {
  page.lines = 0;
  page.start = 0;
  page.end = 0;
};

const isBusy = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN';

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const lossLine = (lines: number): string =>
  `{"level":40,"time":${Date.now()},"msg":"log lines were dropped","lines":${lines}}\n`;

/** Writes the rest of a page; waits half a second in all for a descriptor that takes nothing more. */
const writeOut = (fd: number, page: Page): void => {
  for (let pauses = 0; page.start < page.end; ) {
    try {
      page.start += writeSync(fd, page.buffer, page.start, page.end - page.start);
    } catch (error) {
      if (!isBusy(error) || pauses++ === SYNC_PAUSES) throw error;
      pause(SYNC_PAUSE_MS);
    }
  }
};

class PagedWriter implements LineWriter {
  readonly #fd: number;
  readonly #flushBytes: number;
  readonly #flushMs: number;
  #filling: Page;
  #flying: Page;
  #isFlying = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #landed: () => void = () => {};
  #dropped = 0;
  #written = 0;
  #untold = 0;

  constructor({ fd, bufferBytes = 1_048_576, flushBytes = 65_536, flushMs = 500 }: LineWriterOptions) {
    this.#fd = fd;
    this.#flushBytes = flushBytes;
    this.#flushMs = flushMs;
    this.#filling = createPage(bufferBytes);
    this.#flying = createPage(bufferBytes);
    process.on('exit', this.flushSync);
  }

  get written(): number {
    return this.#written;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    if (this.#isClosed || !this.#put(line)) this.#lose(1);
  }

  readonly flushSync = (): void => {
    // A page that the kernel has is left to it: writing it again would double its lines.
    if (this.#retry) {
      clearTimeout(this.#retry);
      this.#retry = undefined;
      this.#writeOrLose(this.#flying);
      this.#land();
    }
    this.#writeOrLose(this.#filling);
    clear(this.#filling);
  };

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#settle();
    clearTimeout(this.#timer);
    process.off('exit', this.flushSync);
  }

  #put(line: string): boolean {
    if (!this.#fits(line) && !this.#flush()) return false;
    if (this.#untold > 0 && this.#filling.end === 0) this.#tell();
    if (!this.#fits(line)) return false;
    this.#append(line);
    if (this.#filling.end >= this.#flushBytes) this.#flush();
    else this.#schedule();
    return true;
  }

  #append(line: string): void {
    this.#filling.end += this.#filling.buffer.write(line, this.#filling.end);
    this.#filling.lines++;
  }

  #fits(line: string): boolean {
    const room = this.#filling.buffer.length - this.#filling.end;
    return line.length * UTF8_MAX_BYTES <= room || Buffer.byteLength(line) <= room;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), this.#flushMs).unref();
  }

  /** Sends off the page that was filled. False if the other one has not landed. */
  #flush(): boolean {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isFlying) return false;
    if (this.#filling.end === 0) return true;
    [this.#filling, this.#flying] = [this.#flying, this.#filling];
    this.#isFlying = true;
    this.#fly();
    return true;
  }

  readonly #fly = (): void => {
    this.#retry = undefined;
    const { buffer, start, end } = this.#flying;
    write(this.#fd, buffer, start, end - start, null, (error, bytes) => this.#arrive(error, bytes));
  };

  #arrive(error: NodeJS.ErrnoException | null, bytes: number): void {
    if (error && isBusy(error)) {
      this.#retry = setTimeout(this.#fly, RETRY_MS).unref();
      return;
    }
    if (error) this.#lose(this.#flying.lines);
    else this.#pass(this.#flying, bytes);
    if (error || this.#flying.start >= this.#flying.end) this.#land();
    else this.#fly();
  }

  #pass(page: Page, bytes: number): void {
    page.start += bytes;
    if (page.start >= page.end) this.#written += page.lines;
  }

  #land(): void {
    clear(this.#flying);
    this.#isFlying = false;
    if (this.#filling.end >= this.#flushBytes) this.#flush();
    else if (this.#filling.end > 0) this.#schedule();
    this.#landed();
  }

  /** Resolves when all is written out, or when the reader has kept us waiting for too long. */
  #settle(): Promise<void> {
    return new Promise(resolve => {
      const timeout = setTimeout(() => {
        this.#lose(this.#flying.lines + this.#filling.lines);
        resolve();
      }, CLOSE_MS);
      this.#landed = () => {
        if (!this.#flush() || this.#isFlying) return;
        clearTimeout(timeout);
        resolve();
      };
      this.#landed();
    });
  }

  #writeOrLose(page: Page): void {
    try {
      writeOut(this.#fd, page);
      this.#written += page.lines;
    } catch {
      // The log itself is what failed, so the loss can only be counted.
      this.#lose(page.lines);
    }
  }

  #lose(lines: number): void {
    this.#dropped += lines;
    this.#untold += lines;
  }

  /** Begins an empty page with what was lost, so that there is one such line for each gap. */
  #tell(): void {
    this.#append(lossLine(this.#untold));
    this.#untold = 0;
  }
}

/**
 * Writes lines to a descriptor out of two buffers: one fills while the other is written. Writes are 64 KiB and more
 * under load; a buffer is a good deal larger, because a stalled back-end makes thousands of calls end in one turn of
 * the event loop. Nothing grows and nobody waits: a reader that is slow or gone costs lines, never a call. What was lost is told in a line of
 * its own as soon as there is room again. Lines that are left when the process exits are written then.
 */
export const createLineWriter = (options: LineWriterOptions): LineWriter => new PagedWriter(options);
