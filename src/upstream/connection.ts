import { connect, type Socket } from 'node:net';
import type { Security } from './security.ts';

/** Where one upstream is. */
export type Target =
  | { readonly hostname: string; readonly port: number /** Absent: in the clear. */; readonly security?: Security }
  | { readonly socketPath: string };

/** Whoever has a connection now, and hears what happens on it. */
export interface ConnectionUser {
  /** A connection is being made for it. */
  opening(connection: Connection): void;
  connected(connection: Connection): void;
  received(bytes: Buffer): void;
  /** The other side will send no more. */
  ended(): void;
  broke(error: NodeJS.ErrnoException): void;
  /** All connections end, because the gateway does. */
  closing(): void;
}

const CLOSED = Object.assign(new Error('the connection closed'), { code: 'ECONNRESET' });

/**
 * Where plain sockets put what they read, all of them: it is copied out before the next read. Without it node:net
 * allocates 64 KiB for each read and hands it through the stream machinery.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

const securityOf = (target: Target): Security | undefined => ('security' in target ? target.security : undefined);

const openPlain = (target: Target, received: (bytes: Buffer) => void): Socket => {
  const callback = (count: number): boolean => {
    received(Buffer.from(READ_BUFFER.subarray(0, count)));
    return true;
  };
  const onread = { buffer: READ_BUFFER, callback };
  if ('socketPath' in target) return connect({ path: target.socketPath, onread });
  return connect({ host: target.hostname, port: target.port, onread });
};

const openSocket = (target: Target, received: (bytes: Buffer) => void): Socket => {
  const security = securityOf(target);
  return security ? security.connect().on('data', received) : openPlain(target, received);
};

/** One connection to an upstream: at most one user at a time, and closed by anything that comes while it has none. */
export class Connection {
  readonly socket: Socket;
  readonly #onClose: (connection: Connection) => void;
  user: ConnectionUser | undefined;
  /** Calls that it has served. */
  served = 0;
  /** When it must not be used any more. */
  expiresAt = 0;

  constructor(target: Target, user: ConnectionUser, onClose: (connection: Connection) => void) {
    this.#onClose = onClose;
    this.user = user;
    this.socket = openSocket(target, bytes => (this.user ? this.user.received(bytes) : this.destroy()));
    this.socket.setNoDelay(true);
    this.#listen(securityOf(target) ? 'secureConnect' : 'connect');
    user.opening(this);
  }

  /** Ends it at once. Its user, if there is one, hears nothing more. */
  destroy(): void {
    this.user = undefined;
    this.#onClose(this);
    this.socket.destroy();
  }

  #listen(ready: 'connect' | 'secureConnect'): void {
    const { socket } = this;
    socket.once(ready, () => this.user?.connected(this));
    socket.on('end', () => (this.user ? this.user.ended() : this.destroy()));
    socket.on('error', error => this.#lose(error));
    socket.on('close', () => this.#lose(CLOSED));
  }

  #lose(error: NodeJS.ErrnoException): void {
    const { user } = this;
    this.destroy();
    user?.broke(error);
  }
}
