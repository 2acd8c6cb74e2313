import { GatewayError } from '../core/errors.ts';
import { ChunkDecoder } from './chunk-decoder.ts';
import { EMPTY, joined } from './chunks.ts';
import { type ResponseHead, refuse } from './response-head.ts';

const MOST_HEAD_BYTES = 64 * 1024;
const START = 'HTTP/1.';
const END_OF_HEAD = '\r\n\r\n';
const [CR, LF] = [0x0d, 0x0a];

/**
 * Reads one answer to a POST from the bytes of a connection: the head with `readHead`, then the body to where the head
 * says that it ends. Informational answers are passed over. Throws a GatewayError `body`.
 */
export class ResponseParser {
  readonly #maxBytes: number;
  readonly #readHead: (text: string) => ResponseHead;
  #head: ResponseHead | undefined = undefined;
  #held: Buffer = EMPTY;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #decoder: ChunkDecoder | undefined = undefined;
  #isDone = false;
  #hasExcess = false;

  /** `maxBytes` bounds the body. */
  constructor(maxBytes: number, readHead: (text: string) => ResponseHead) {
    this.#maxBytes = maxBytes;
    this.#readHead = readHead;
  }

  /** Nothing until it was read. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** True once a byte of an answer came. */
  get hasBegun(): boolean {
    return this.#head !== undefined || this.#held.length > 0;
  }

  get body(): Buffer {
    return joined(this.#chunks);
  }

  /** True if the connection may serve another call, once the answer is whole. */
  get mayReuse(): boolean {
    return this.#head?.mayReuse === true && !this.#hasExcess;
  }

  /** Takes what the connection brought; true when the answer is whole. */
  push(bytes: Buffer): boolean {
    let rest = bytes;
    while (!this.#head) {
      const after = this.#pushHead(rest);
      if (!after) return false;
      rest = after;
    }
    this.#pushBody(this.#head, rest);
    return this.#isDone;
  }

  /** Takes the end of the connection; true if that makes the answer whole. */
  end(): boolean {
    return this.#head?.framing === 'until-close';
  }

  /** What follows the head, or nothing if it is not whole yet. */
  #pushHead(bytes: Buffer): Buffer | undefined {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = held.indexOf(END_OF_HEAD);
    if (end < 0) return this.#hold(held);
    this.#held = EMPTY;
    const head = this.#readHead(held.toString('latin1', 0, end));
    if (head.status >= 200) this.#begin(head);
    return held.subarray(end + END_OF_HEAD.length);
  }

  #hold(bytes: Buffer): undefined {
    const start = bytes.toString('latin1', 0, START.length);
    if (!START.startsWith(start)) refuse('no status line');
    const lineEnd = bytes.indexOf(LF);
    if (lineEnd > 0 && bytes[lineEnd - 1] !== CR) refuse('a line that does not end in CRLF');
    if (bytes.length > MOST_HEAD_BYTES) refuse(`a head over ${MOST_HEAD_BYTES} bytes`);
    this.#held = bytes;
  }

  #begin(head: ResponseHead): void {
    this.#head = head;
    if (head.framing === 'chunks') this.#decoder = new ChunkDecoder();
    else if (head.framing !== 'until-close') this.#checkSize(head.framing);
  }

  #pushBody({ framing }: ResponseHead, bytes: Buffer): void {
    if (this.#isDone) this.#excess(bytes.length);
    else if (this.#decoder) this.#pushChunks(this.#decoder, bytes);
    else if (framing === 'until-close') this.#keep(bytes);
    else this.#pushLength(framing as number, bytes);
  }

  #pushLength(length: number, bytes: Buffer): void {
    const left = length - this.#bytes;
    this.#keep(bytes.length > left ? bytes.subarray(0, left) : bytes);
    this.#isDone = this.#bytes === length;
    this.#excess(bytes.length - left);
  }

  #pushChunks(decoder: ChunkDecoder, bytes: Buffer): void {
    for (const data of decoder.push(bytes)) this.#keep(data);
    this.#isDone = decoder.isDone;
    this.#excess(decoder.excess);
  }

  /** Bytes behind an answer belong to nobody: the answer stands, its connection ends. */
  #excess(count: number): void {
    if (count > 0) this.#hasExcess = true;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#bytes += bytes.length;
    this.#checkSize(this.#bytes);
    this.#chunks.push(bytes);
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#maxBytes)
      throw new GatewayError('body', `the upstream answered more than ${this.#maxBytes} bytes`);
  }
}
