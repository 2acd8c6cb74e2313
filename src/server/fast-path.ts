import type { Socket } from 'node:net';
import { type Answer, sentAttempts } from '../core/call.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Match } from '../gateway/gateway.ts';
import type { Visitor } from './calls.ts';
import type { Asked } from './front-door.ts';
import type { Reception } from './reception.ts';
import { respondRaw } from './respond.ts';
import type { Client } from './trust.ts';

/** So much may come from a client that does not wait for its answer; with more, that answer is the last. */
const MOST_EARLY_BYTES = 64 * 1024;

export interface FastPathParts {
  readonly socket: Socket;
  /** The other end of the connection. */
  readonly peer: Client;
  readonly reception: Reception;
  /**
   * How long the connection may be idle. One that waits for its first request is idle too: pools open some in advance,
   * and a 408 would be read as the answer to whatever is sent next.
   */
  readonly idleMs: number;
  /** Takes the connection over, with all that it brings from now on. */
  readonly handOver: () => void;
}

/**
 * A connection as long as every request comes whole in one read and passes the front door, as WCS's do. At the first
 * that does not, node:http gets the connection and that request's bytes, for good: nothing is refused here (ADR 0014).
 */
export class FastPath {
  readonly #parts: FastPathParts;
  #visitor: Visitor | undefined;
  #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(parts: FastPathParts) {
    this.#parts = parts;
    const { socket, idleMs } = parts;
    socket.on('data', this.#read).on('end', this.#end).on('close', this.#close);
    socket.on('error', this.#ignore).on('timeout', this.#timeout).setTimeout(idleMs);
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
    const { reception, peer } = this.#parts;
    const request = reception.readWhole(chunk, peer);
    if (request) this.#serve(request.asked, request.body, arrivedAt);
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
    if (!this.#visitor) this.destroy();
  };

  /** Not paused instead: a connection that is not read does not tell that its client has gone. */
  get #isFlooded(): boolean {
    return this.#earlyBytes > MOST_EARLY_BYTES;
  }

  #keepEarly(chunk: Buffer): void {
    if (this.#isFlooded) return;
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > MOST_EARLY_BYTES) this.#early = [];
  }

  #serve(asked: Asked<Match>, body: Buffer, arrivedAt: number): void {
    const { reception, peer } = this.#parts;
    const visitor = reception.enter(arrivedAt, reception.clientOfWhole(peer, asked));
    this.#visitor = visitor;
    const call = reception.calls.ofHook(visitor, asked, body);
    const refuse = (error: unknown) => this.#refuse(visitor, asGatewayError(error));
    try {
      const answered = asked.match.route.handler(call);
      answered.then(answer => this.#respond(visitor, answer, sentAttempts(call)), refuse);
    } catch (error) {
      refuse(error);
    }
  }

  #refuse(visitor: Visitor, error: GatewayError): void {
    if (error.code !== 'gone') this.#respond(visitor, this.#parts.reception.refusal(error, visitor.client), 0);
  }

  #respond({ id, cancel, leave }: Visitor, answer: Answer, attempts: number): void {
    const { socket, reception } = this.#parts;
    if (!socket.writable) return;
    const close = reception.draining || this.#isFlooded;
    const sent = (error?: Error | null) => {
      if (error) cancel.cancel(new GatewayError('gone'));
      leave();
      this.#visitor = undefined;
      if (this.#early.length > 0) this.#handOver(Buffer.concat(this.#early));
    };
    respondRaw(socket, answer, { callId: id, attempts, close, date: reception.date, sent });
    reception.boundWrite(socket, this.#parts.peer);
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
