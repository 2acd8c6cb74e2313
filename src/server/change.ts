import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What may come before the other side has agreed to another protocol; a client that sends more is not waiting for it. */
const MOST_EARLY_BYTES = 64 * 1024;

/** Another HTTP inside would lead past what is looked at here, and TLS belongs to the connection, not to the request. */
const NOT_OFFERED = /^(?:h2c|http\/|tls\/)/;

/**
 * The protocols that a client offers to change to and that may be passed on, in lower case. None with a body, of which it
 * could not be told where it ends (RFC 9110 §7.8).
 */
export const offersOf = ({ method, headers, httpVersion }: IncomingMessage): readonly string[] => {
  const hasBody = (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined;
  if (method !== 'GET' || hasBody || httpVersion !== '1.1') return [];
  const offers = (headers.upgrade ?? '').split(',').map(offer => offer.trim().toLowerCase());
  return offers.filter(offer => offer !== '' && !NOT_OFFERED.test(offer));
};

/** It stays as long as the connection, so it must not hold on to anything. */
const ignore = (): void => {};

/** A connection whose client offers another protocol, until the back-end has said what it thinks of that. */
export interface Changing {
  readonly response: ServerResponse;
  /** Takes what has come; from now on the connection is left alone. */
  take(): Buffer;
}

/** Watches a connection that node:http has let go of: it is read, because else nobody would see its client leave. */
export const watchChanging = (request: IncomingMessage, head: Buffer): Changing => {
  const socket = request.socket as Socket;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  const early = [head];
  let bytes = head.length;
  const keep = (chunk: Buffer): void => {
    early.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_EARLY_BYTES) socket.destroy();
  };
  const leave = (): void => void socket.destroy();
  const goOn = (): void => void response.emit('drain');
  socket.on('data', keep).on('end', leave).on('drain', goOn).on('error', ignore);
  response.once('finish', () => socket.destroySoon());
  return {
    response,
    take: () => {
      socket.pause();
      socket.off('data', keep).off('end', leave).off('drain', goOn);
      return Buffer.concat(early);
    },
  };
};
