import { connect, isIP, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';

/** Where one upstream is. */
export interface Target {
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: number;
}

/** Where the URL of an upstream leads. */
export const targetOf = (url: URL): Target => {
  const isSecure = url.protocol === 'https:';
  return {
    isSecure,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isSecure ? 443 : 80),
  };
};

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

/** Opens a connection to be read as a stream; it is ready at `connect`, where it is secure at `secureConnect`. */
export const openStream = ({ isSecure, hostname, port }: Target): Socket => {
  if (!isSecure) return connect({ host: hostname, port });
  // An address is no name to ask for (RFC 6066 §3).
  const named = isIP(hostname) === 0 ? { servername: hostname } : {};
  return secureConnect({ host: hostname, port, ...named, ALPNProtocols: ['http/1.1'] });
};

const openSocket = (target: Target, received: (bytes: Buffer) => void): Socket => {
  const { isSecure, hostname, port } = target;
  if (isSecure) return openStream(target).on('data', received);
  const callback = (count: number): boolean => {
    received(Buffer.from(READ_BUFFER.subarray(0, count)));
    return true;
  };
  return connect({ host: hostname, port, onread: { buffer: READ_BUFFER, callback } });
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
    this.#listen(target.isSecure ? 'secureConnect' : 'connect');
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
