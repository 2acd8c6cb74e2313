import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import { errorAnswer } from '../core/refusal.ts';

/**
 * Where the parser of node:http keeps what it calls at the first byte of a message. Not a documented name: where it is
 * missing, the time counts from the end of the headers, which differs only for clients that send them bit by bit.
 */
const ON_MESSAGE_BEGIN = 0;

interface Connection {
  /** Requests of this connection that wait for their answer. */
  open: number;
  firstByteAt: number | undefined;
  /** The token of the request whose body is on its way. */
  reading: Cancel | undefined;
  /** A refusal that must wait until the answers before it have left. */
  last: Buffer | undefined;
}

type WithParser = Socket & { parser?: Record<number, unknown> | null };

/** A whole HTTP answer for a connection whose request node:http could not read. */
const rawAnswer = (error: GatewayError): Buffer => {
  const { status, headers, body } = errorAnswer(error);
  const head = [
    `HTTP/1.1 ${status} ${error.code}`,
    `${headers[0]}: ${headers[1]}`,
    `Breakwater-Answer: unavailable; reason=${error.code}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
};

/** What is known of each open connection, outside of what node:http tells. Frees itself when they close. */
export class Connections {
  readonly #connections = new Map<Socket, Connection>();

  get size(): number {
    return this.#connections.size;
  }

  /** Follows a new connection to its end. */
  add(socket: Socket): void {
    const connection: Connection = { open: 0, firstByteAt: undefined, reading: undefined, last: undefined };
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#connections.delete(socket));
    const { parser } = socket as WithParser;
    if (!parser) return;
    parser[ON_MESSAGE_BEGIN] = () => {
      connection.firstByteAt = now();
    };
  }

  /** A request begins on `socket`; gives the time of its first byte. Until `hasBody`, `cancel` may end it. */
  begin(socket: Socket, cancel: Cancel): number {
    const connection = this.#connections.get(socket);
    if (!connection) return now();
    connection.open++;
    connection.reading = cancel;
    return connection.firstByteAt ?? now();
  }

  /** The body of the last request on `socket` is here. */
  hasBody(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection) connection.reading = undefined;
  }

  /** An answer on `socket` has left, or never will. */
  end(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection && --connection.open === 0 && connection.last) socket.end(connection.last);
  }

  /** Ends the request whose body is on its way on `socket`, if there is one; its owner answers it. */
  failBody(socket: Socket, error: GatewayError): boolean {
    const reading = this.#connections.get(socket)?.reading;
    reading?.cancel(error);
    return reading !== undefined;
  }

  /** Refuses what could not be read as a request and ends the connection, after the answers that are still due. */
  refuse(socket: Socket, error: GatewayError): void {
    const connection = this.#connections.get(socket);
    if (!socket.writable) socket.destroy();
    else if (connection && connection.open > 0) connection.last = rawAnswer(error);
    else socket.end(rawAnswer(error));
  }

  /** Watches over a server's connections; beyond `most`, new ones get a 503 and are closed. */
  watch(server: Server, most: number, full: () => GatewayError): void {
    server.on('connection', socket => {
      this.add(socket);
      if (this.size > most) this.refuse(socket, full());
    });
  }
}
