import { EMPTY } from './chunks.ts';
import { refuse } from './response-head.ts';

/** A size line is a few digits and maybe an extension; trailers are hardly ever sent. */
const MOST_LINE_BYTES = 4096;
const MOST_TRAILER_LINES = 100;
const SIZE = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const TRAILER = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/;

type Expects = 'size' | 'data' | 'line-end' | 'trailers' | 'nothing';

/** Takes a chunked body apart (RFC 9112 §7.1), strictly. Extensions and trailers are passed over. */
export class ChunkDecoder {
  #expects: Expects = 'size';
  #held: Buffer = EMPTY;
  /** Bytes of the current chunk that are still to come. */
  #left = 0;
  #trailers = 0;
  /** How many bytes came behind the end. */
  excess = 0;

  get isDone(): boolean {
    return this.#expects === 'nothing';
  }

  /** The data in `bytes`, as parts of it. Throws a GatewayError `body`. */
  push(bytes: Buffer): Buffer[] {
    const data: Buffer[] = [];
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = EMPTY;
    while (rest.length > 0 && !this.isDone) {
      const next = this.#expects === 'data' ? this.#readData(rest, data) : this.#readLine(rest);
      if (!next) return data;
      rest = next;
    }
    this.excess = rest.length;
    return data;
  }

  #readData(bytes: Buffer, data: Buffer[]): Buffer {
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    if (this.#left === 0) this.#expects = 'line-end';
    data.push(part);
    return bytes.subarray(part.length);
  }

  /** What follows the next line, or nothing if that is not whole yet. */
  #readLine(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n');
    if (end < 0 ? bytes.length > MOST_LINE_BYTES : end > MOST_LINE_BYTES) refuse('a chunk line without an end');
    if (end < 0) {
      this.#held = Buffer.from(bytes);
      return undefined;
    }
    this.#takeLine(bytes.toString('latin1', 0, end));
    return bytes.subarray(end + 2);
  }

  #takeLine(line: string): void {
    if (this.#expects === 'size') this.#takeSize(line);
    else if (this.#expects === 'line-end') this.#takeLineEnd(line);
    else if (line === '') this.#expects = 'nothing';
    else if (!TRAILER.test(line) || ++this.#trailers > MOST_TRAILER_LINES) refuse('malformed trailers');
  }

  #takeSize(line: string): void {
    const digits = SIZE.exec(line)?.[1] ?? refuse('a malformed chunk size');
    this.#left = Number.parseInt(digits, 16);
    this.#expects = this.#left === 0 ? 'trailers' : 'data';
  }

  #takeLineEnd(line: string): void {
    if (line !== '') refuse('a chunk longer than its size');
    this.#expects = 'size';
  }
}
