import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnswerHead, Passage } from '../core/passage.ts';
import { discardBody } from './body.ts';
import { type Changing, offersOf } from './change.ts';
import { answerNote } from './respond.ts';

/** So much of a body that nobody wants may come after the answer, so that the client reads that and not a reset. */
const LINGER = { bytes: 16 * 1024 * 1024, ms: 2000 };

const NOTHING = Buffer.alloc(0);

export interface PassageParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly target: string;
  readonly awaitsContinue: boolean;
  readonly callId: string;
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
  readonly awaitsContinue: boolean;
  bytesIn = 0;
  bytesOut = 0;
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
    this.awaitsContinue = parts.awaitsContinue;
    // What is written to a client that has just left fails, and that it left is told by `close`.
    parts.response.on('error', () => {});
  }

  get hasBegun(): boolean {
    return this.response.headersSent || this.#hasChanged;
  }

  begin({ status, message, headers }: AnswerHead, reason: 'status' | undefined): void {
    const { response } = this;
    const fields = [...headers, ...this.#ownFields(reason)];
    this.#hasLength = headers.some((name, i) => i % 2 === 0 && /^content-length$/i.test(name));
    if (this.#parts.closes()) fields.push('Connection', 'close');
    if (message === '') response.writeHead(status, fields);
    else response.writeHead(status, message, fields);
    // With the first piece of the body, if that is here as well; alone, if it takes its time.
    setImmediate(() => response.flushHeaders());
  }

  /** What ends with the connection must end with a reset: a client would take anything else for a whole answer. */
  cut(): void {
    const { socket, httpVersion } = this.request;
    const endsByClose = httpVersion === '1.0' && !this.#hasLength;
    if (endsByClose && socket.constructor === Socket) socket.resetAndDestroy();
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

  #ownFields(reason: 'status' | undefined): readonly string[] {
    const note = answerNote({ source: 'upstream', ...(reason && { reason }) }, 1);
    return ['Breakwater-Answer', note, 'Breakwater-Call-Id', this.#parts.callId];
  }
}
