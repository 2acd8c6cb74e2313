import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';
import type { Name, Names } from './names.ts';
import { Race } from './race.ts';

/** Where one upstream is. */
export interface Target {
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** The addresses of `hostname`, which itself is only told then; absent where it is an address. */
  readonly name?: Name | undefined;
}

/** Where the URL of an upstream leads, by the addresses that `names` knows. */
export const targetOf = (url: URL, names?: Names): Target => {
  const isSecure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const name = isIP(hostname) === 0 ? names?.of(hostname) : undefined;
  return { isSecure, hostname, port: Number(url.port) || (isSecure ? 443 : 80), name };
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

/** Has node:net wait until addresses of a name are known. */
const lookUp =
  (name: Name): LookupFunction =>
  (_, __, told) =>
    name.whenKnown(error =>
      told(error ?? null, error ? [] : name.inOrder().map(address => ({ address, family: isIP(address) }))),
    );

/** Where to connect to: an address, or a name that nothing is known of yet. */
const whereTo = ({ hostname, port, name }: Target, address: string | undefined) => {
  if (name === undefined || address !== undefined) return { host: address ?? hostname, port };
  return { host: hostname, port, lookup: lookUp(name), autoSelectFamily: true };
};

/** Opens a connection to be read as a stream; it is ready at `connect`, where it is secure at `secureConnect`. */
export const openStream = (target: Target, address?: string): Socket => {
  const { isSecure, hostname } = target;
  if (!isSecure) return connect(whereTo(target, address));
  // An address is no name to ask for (RFC 6066 §3).
  const named = isIP(hostname) === 0 ? { servername: hostname } : {};
  return secureConnect({ ...whereTo(target, address), ...named, ALPNProtocols: ['http/1.1'] });
};

type Received = (bytes: Buffer) => void;

const openSocket = (target: Target, received: Received, address: string | undefined): Socket => {
  if (target.isSecure) return openStream(target, address).on('data', received);
  const callback = (count: number): boolean => {
    received(Buffer.from(READ_BUFFER.subarray(0, count)));
    return true;
  };
  return connect({ ...whereTo(target, address), onread: { buffer: READ_BUFFER, callback } });
};

/** One connection to an upstream: at most one user at a time, and closed by anything that comes while it has none. */
export class Connection {
  readonly #onClose: (connection: Connection) => void;
  readonly #race: Race;
  #socket: Socket;
  user: ConnectionUser | undefined;
  /** Which one of a name's addresses it goes to, once it is connected. */
  address: string | undefined = undefined;
  /** Calls that it has served. */
  served = 0;
  /** When it must not be used any more. */
  expiresAt = 0;

  constructor(target: Target, user: ConnectionUser, onClose: (connection: Connection) => void) {
    this.#onClose = onClose;
    this.user = user;
    const received: Received = bytes => (this.user ? this.user.received(bytes) : this.destroy());
    this.#race = new Race({
      addresses: target.name?.inOrder() ?? [],
      open: address => openSocket(target, received, address).setNoDelay(true),
      ready: target.isSecure ? 'secureConnect' : 'connect',
      won: (socket, address) => this.#use(socket, address),
      lost: error => this.#lose(error),
      failed: address => target.name?.fails(address),
    });
    this.#socket = this.#race.first;
    user.opening(this);
  }

  /** The one to write to, once it is connected. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Ends it at once. Its user, if there is one, hears nothing more. */
  destroy(): void {
    this.user = undefined;
    this.#onClose(this);
    this.#race.stop();
    this.#socket.destroy();
  }

  #use(socket: Socket, address: string | undefined): void {
    this.#socket = socket;
    this.address = address ?? socket.remoteAddress;
    socket.on('end', () => (this.user ? this.user.ended() : this.destroy()));
    socket.on('error', error => this.#lose(error));
    socket.on('close', () => this.#lose(CLOSED));
    this.user?.connected(this);
  }

  #lose(error: NodeJS.ErrnoException): void {
    const { user } = this;
    this.destroy();
    user?.broke(error);
  }
}
