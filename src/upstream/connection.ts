import {
  connect,
  type IpcNetConnectOpts,
  isIP,
  type LookupFunction,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import type { Name } from './names.ts';
import { Race, type RaceOptions } from './race.ts';
import type { Security } from './security.ts';

/** Where one upstream is. */
export type Target = TcpTarget | { readonly socketPath: string };

interface TcpTarget {
  readonly hostname: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly security?: Security | undefined;
  /** The addresses of `hostname`, which itself is only told then; absent where it is an address. */
  readonly name?: Name | undefined;
}

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

/** Where to connect to: a socket, an address, or a name that nothing is known of yet. */
const whereTo = (target: Target, address: string | undefined): TcpNetConnectOpts | IpcNetConnectOpts => {
  if ('socketPath' in target) return { path: target.socketPath };
  const { hostname, port, name } = target;
  if (name === undefined || address !== undefined) return { host: address ?? hostname, port };
  return { host: hostname, port, lookup: lookUp(name), autoSelectFamily: true };
};

const securityOf = (target: Target): Security | undefined => ('socketPath' in target ? undefined : target.security);
export const nameOf = (target: Target): Name | undefined => ('socketPath' in target ? undefined : target.name);

/** False once the name of an upstream has an address of before no more. */
export const isCurrent = (target: Target, address: string | undefined): boolean => {
  const name = nameOf(target);
  return name === undefined || address === undefined || name.has(address);
};

/** Begins a connection to be read as a stream. */
const openStream = (target: Target, address: string | undefined): Socket => {
  const where = whereTo(target, address);
  return securityOf(target)?.connect(where) ?? connect(where);
};

type Received = (bytes: Buffer) => void;
type Ends = Pick<RaceOptions, 'won' | 'lost'>;

const beginRace = (target: Target, open: RaceOptions['open'], ends: Ends): Race =>
  new Race({
    addresses: nameOf(target)?.inOrder() ?? [],
    open: address => open(address).setNoDelay(true),
    ready: securityOf(target) ? 'secureConnect' : 'connect',
    failed: address => nameOf(target)?.fails(address),
    ...ends,
  });

/** Connects to `target`, TLS included; the winner is to be read as a stream. */
export const connectStream = (target: Target, ends: Ends): Race =>
  beginRace(target, address => openStream(target, address), ends);

const openSocket = (target: Target, received: Received, address: string | undefined): Socket => {
  if (securityOf(target)) return openStream(target, address).on('data', received);
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
    this.#race = beginRace(target, address => openSocket(target, received, address), {
      won: (socket, address) => this.#use(socket, address),
      lost: error => this.#lose(error),
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
