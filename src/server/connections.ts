import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Client } from './trust.ts';

/**
 * Where the parser of node:http keeps what it calls at the first byte of a message. Not a documented name: where it is
 * missing, the time counts from the end of the headers, which differs only for clients that send them bit by bit.
 */
const ON_MESSAGE_BEGIN = 0;

interface Reading {
  readonly request: IncomingMessage;
  readonly cancel: Cancel;
}

interface Connection {
  /** The other end. */
  readonly peer: Client;
  /** Requests of this connection that wait for their answer. */
  open: number;
  firstByteAt: number | undefined;
  /** The request whose body is on its way. */
  reading: Reading | undefined;
  /** A refusal that must wait until the answers before it have left. */
  last: (() => void) | undefined;
  /** The one that came last. */
  latest: IncomingMessage | undefined;
}

/** Nobody waits for what is told to it. */
const GONE: Client = { address: 'unknown', scheme: 'http' };

type WithParser = Socket & { parser?: Record<number, unknown> | null };

/** What is known of each open connection, outside of what node:http tells. Frees itself when they close. */
export class Connections {
  readonly #connections = new Map<Socket, Connection>();

  get size(): number {
    return this.#connections.size;
  }

  /** Follows a new connection to its end. */
  add(socket: Socket, peer: Client): void {
    this.#connections.set(socket, {
      peer,
      open: 0,
      firstByteAt: undefined,
      reading: undefined,
      last: undefined,
      latest: undefined,
    });
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** To be called once node:http has the connection: from now on the first byte of each request is timed. */
  time(socket: Socket): void {
    const connection = this.#connections.get(socket);
    const { parser } = socket as WithParser;
    if (!parser || !connection) return;
    parser[ON_MESSAGE_BEGIN] = () => {
      connection.firstByteAt = now();
    };
  }

  /** When the first byte of the last request on `socket` came. */
  firstByteAt(socket: Socket): number {
    return this.#connections.get(socket)?.firstByteAt ?? now();
  }

  /** `request` begins on its connection. Until `hasBody`, `cancel` may end it. */
  begin(request: IncomingMessage, cancel: Cancel): void {
    const connection = this.#connections.get(request.socket);
    if (!connection) return;
    connection.open++;
    connection.latest = request;
    connection.reading = { request, cancel };
  }

  /** The other end of `socket`. */
  peerOf(socket: Socket): Client {
    return this.#connections.get(socket)?.peer ?? GONE;
  }

  /** The body of the last request on `socket` is here. */
  hasBody(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection) connection.reading = undefined;
  }

  /** An answer on `socket` has left, or never will. */
  end(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection || --connection.open > 0) return;
    // A connection may go on for long without another request.
    connection.reading = undefined;
    connection.latest = undefined;
    connection.last?.();
  }

  /** Ends the request whose body is on its way on `socket`, if there is one; its owner answers it. */
  failBody(socket: Socket, error: GatewayError): boolean {
    const reading = this.#connections.get(socket)?.reading;
    // A whole body may be known to node:http a moment before its reader.
    if (!reading || reading.request.complete) return false;
    reading.cancel.cancel(error);
    return true;
  }

  /** Requests of this connection that wait for their answer. */
  openOn(socket: Socket): number {
    return this.#connections.get(socket)?.open ?? 0;
  }

  /** True if no request has come after this one, so that its answer may be the last. */
  isLatest(request: IncomingMessage): boolean {
    return this.#connections.get(request.socket)?.latest === request;
  }

  /** Runs `end`, which writes a last answer, once those that are still due have left. */
  endWith(socket: Socket, end: () => void): void {
    const connection = this.#connections.get(socket);
    if (!socket.writable) socket.destroy();
    else if (connection && connection.open > 0) connection.last = end;
    else end();
  }
}
