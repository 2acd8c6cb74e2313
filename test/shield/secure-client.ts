import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type RawExchange, rawCall } from '../raw-call.ts';

type Parts = Parameters<typeof rawCall>[1];

/** `rawCall` over TLS. */
export const secureCall = (port: number, parts: Parts, options: ConnectionOptions, answers = 1): Promise<RawExchange> =>
  rawCall(port, parts, { answers, pauseMs: 15, open: (to, host) => connect({ port: to, host, ...options }) });

/** What a handshake came to: the socket, or the code of the error that ended it. */
export const shakeHands = (port: number, options: ConnectionOptions): Promise<TLSSocket | string> =>
  new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', ...options });
    // Of TLS 1.3 the client's own certificate is looked at after the handshake, as it sees it; tickets come after that.
    socket.once('session', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
