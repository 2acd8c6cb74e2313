import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnswerHead, Passage } from '../core/passage.ts';
import { fieldOf, linesOf } from '../static/fields.ts';
import { discardBody, LINGER } from './body.ts';
import { type Changing, offersOf } from './change.ts';
import { drop, hasBody } from './pace.ts';
import { answerNote, placeHead } from './respond.ts';

const NOTHING = Buffer.alloc(0);

export interface PassageParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly target: string;
  readonly callId: string;
  /** Has the client send its body, if it waits for a word. */
  readonly goOn: () => void;
  /** Asked when an answer leaves: true if the connection is to end with it. */
  readonly closes: () => boolean;
  /** Set where the client offers another protocol. */
  readonly changing: Changing | undefined;
}

/** One request of node:http on its way through, and the only one who writes its response. */
export class HttpPassage implements Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly target: string;
  readonly upgrade: readonly string[];
  readonly hasBody: boolean;
  readonly goOn: () => void;
  bytesIn = 0;
  bytesOut = 0;
  attempts = 0;
  over: Promise<void> | undefined = undefined;
  readonly #parts: PassageParts;
  #hasChanged = false;
  #hasLength = false;

  constructor(parts: PassageParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.response = parts.response;
    this.path = parts.path;
    this.target = parts.target;
    this.upgrade = parts.changing ? offersOf(parts.request) : [];
    this.hasBody = hasBody(parts.request);
    this.goOn = parts.goOn;
    // What is written to a client that has just left fails, and that it left is told by `close`.
    parts.response.on('error', () => {});
  }

  get hasBegun(): boolean {
    return this.response.headersSent || this.#hasChanged;
  }

  /**
   * HTTP/1.0 knows none (RFC 9110 §15.2), and whoever does not read them can do without. Before Node 24.18 there is no way to
   * write any.
   */
  inform(status: number, headers: readonly string[]): void {
    const { request, response } = this;
    const isFull = response.writableLength >= response.writableHighWaterMark;
    if (request.httpVersion === '1.0' || this.hasBegun || isFull) return;
    response.writeInformation?.(status, headers);
  }

  begin({ status, message, headers }: AnswerHead, reason: 'status' | undefined): void {
    const { response } = this;
    this.#hasLength = fieldOf(headers, 'content-length') !== undefined;
    const passing = this.#hasTrailers(status) ? headers : linesOf(headers, name => name !== 'trailer');
    const fields = [...passing, ...this.#ownFields(reason)];
    if (this.#parts.closes()) fields.push('Connection', 'close');
    if (message === '') response.writeHead(status, fields);
    else response.writeHead(status, message, fields);
    placeHead(response);
    // With the first piece of the body, if that is here as well; alone, if it takes its time. In bytes, not UTF-8 (flushHeaders).
    setImmediate(() => response.writableEnded || response.write('', 'latin1'));
  }

  /** What ends with the connection must end with a reset: a client would take anything else for a whole answer. */
  cut(): void {
    const { socket, httpVersion } = this.request;
    if (httpVersion === '1.0' && !this.#hasLength) drop(socket);
    else socket.destroy();
  }

  discard(): void {
    const { request } = this;
    void discardBody(request, LINGER).then(isWhole => {
      if (!isWhole) request.socket.destroy();
    });
  }

  change(headers: readonly string[]): { readonly socket: Duplex; readonly early: Buffer } {
    const { socket } = this.request;
    const fields = [...headers, ...this.#ownFields(undefined)];
    let head = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`;
    this.#hasChanged = true;
    const early = this.#parts.changing?.take() ?? NOTHING;
    this.response.detachSocket(socket);
    socket.write(`${head}\r\n`, 'latin1');
    return { socket, early };
  }

  /** True if trailers can come: node:http sends nothing at all where others are announced. */
  #hasTrailers(status: number): boolean {
    const { httpVersion, method } = this.request;
    const isInChunks = httpVersion === '1.1' && !this.#hasLength;
    return isInChunks && method !== 'HEAD' && status !== 204 && status !== 304;
  }

  #ownFields(reason: 'status' | undefined): readonly string[] {
    const note = answerNote({ source: 'upstream', ...(reason && { reason }) }, this.attempts);
    return ['Breakwater-Answer', note, 'Breakwater-Call-Id', this.#parts.callId];
  }
}
