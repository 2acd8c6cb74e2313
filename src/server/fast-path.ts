import type { Socket } from 'node:net';
import { type Answer, sentAttempts } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Match } from '../gateway/gateway.ts';
import type { Asked } from './front-door.ts';
import type { Reception, Visitor } from './reception.ts';
import { respondRaw } from './respond.ts';
import { readWhole, type WholeRequest } from './whole-request.ts';

/** So much may come from a client that does not wait for its answer; the rest waits in the kernel. */
const MOST_EARLY_BYTES = 64 * 1024;

/** How long a connection may be idle before its first request, and between two. */
export interface Patience {
  readonly firstMs: number;
  readonly nextMs: number;
}

export interface FastPathParts {
  readonly socket: Socket;
  readonly reception: Reception;
  readonly patience: Patience;
  /** Takes the connection over, with all that it brings from now on. */
  readonly handOver: () => void;
  /** The first request did not begin in time. */
  readonly late: () => void;
}

/** Nothing that asks for more than one plain exchange, and a body of just the announced length. */
const isPlain = ({ head }: Asked<unknown>, body: Buffer): boolean =>
  !head.asksForMore &&
  head.transferEncodings === 0 &&
  head.contentLengths === 1 &&
  head.contentLength === String(body.length) &&
  /^(?:,keep-alive)?$/i.test(head.connection);

/**
 * A connection as long as every request comes whole in one read and passes the front door, as WCS's do. At the first
 * that does not, node:http gets the connection and that request's bytes, for good: nothing is refused here (ADR 0014).
 */
export class FastPath {
  readonly #parts: FastPathParts;
  readonly #peer: string;
  #visitor: Visitor | undefined;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #hasServed = false;

  constructor(parts: FastPathParts) {
    this.#parts = parts;
    const { socket, patience } = parts;
    this.#peer = socket.remoteAddress ?? 'unknown';
    socket.on('data', this.#read).on('end', this.#end).on('close', this.#close);
    socket.on('error', this.#ignore).on('timeout', this.#timeout).setTimeout(patience.firstMs);
  }

  get isIdle(): boolean {
    return this.#visitor === undefined;
  }

  destroy(): void {
    this.#parts.socket.destroy();
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#visitor) this.#keepEarly(chunk);
    // Else it has had its last answer.
    else if (this.#parts.socket.writable) this.#take(chunk);
  };

  #take(chunk: Buffer): void {
    const arrivedAt = now();
    const request = readWhole(chunk, this.#parts.reception.limits.headers);
    const asked = request && this.#ask(request);
    if (request && asked) void this.#serve(asked, request.body, arrivedAt);
    else this.#handOver(chunk);
  }

  /** As node:http does for a server whose connections do not stay half-open. */
  readonly #end = (): void => void this.#parts.socket.end();

  readonly #close = (): void => {
    this.#visitor?.cancel.cancel(new GatewayError('gone'));
    this.#visitor?.leave();
    this.#visitor = undefined;
  };

  /** `close` follows. */
  readonly #ignore = (): void => {};

  readonly #timeout = (): void => {
    if (this.#visitor) return;
    if (this.#hasServed) this.destroy();
    else this.#parts.late();
  };

  #ask(request: WholeRequest): Asked<Match> | undefined {
    try {
      const asked = this.#parts.reception.ask(request);
      return isPlain(asked, request.body) ? asked : undefined;
    } catch {
      return undefined;
    }
  }

  #keepEarly(chunk: Buffer): void {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > MOST_EARLY_BYTES) this.#parts.socket.pause();
  }

  async #serve(asked: Asked<Match>, body: Buffer, arrivedAt: number): Promise<void> {
    const { reception, socket, patience } = this.#parts;
    if (!this.#hasServed) socket.setTimeout(patience.nextMs);
    this.#hasServed = true;
    const visitor = reception.enter(arrivedAt, this.#peer);
    this.#visitor = visitor;
    const call = reception.call(visitor, asked, body);
    try {
      this.#respond(visitor, await asked.match.route.handler(call), sentAttempts(call));
    } catch (error) {
      this.#refuse(visitor, asGatewayError(error));
    }
  }

  #refuse(visitor: Visitor, error: GatewayError): void {
    if (error.code !== 'gone') this.#respond(visitor, this.#parts.reception.refusal(error, this.#peer), 0);
  }

  #respond({ id, leave }: Visitor, answer: Answer, attempts: number): void {
    const { socket, reception } = this.#parts;
    if (!socket.writable) return;
    const close = reception.draining;
    const sent = () => {
      leave();
      this.#visitor = undefined;
      if (this.#early.length > 0) this.#handOver(Buffer.concat(this.#early));
    };
    respondRaw(socket, answer, { callId: id, attempts, close, date: reception.date, sent });
    // As node:http does: the other side may never close.
    if (close) socket.destroySoon();
  }

  #handOver(bytes: Buffer): void {
    const { socket, handOver } = this.#parts;
    if (!socket.writable) return;
    socket.off('data', this.#read).off('end', this.#end).off('close', this.#close);
    socket.off('error', this.#ignore).off('timeout', this.#timeout).setTimeout(0);
    socket.unshift(bytes);
    handOver();
    socket.resume();
  }
}
