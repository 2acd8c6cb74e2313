import type { Socket } from 'node:net';
import { type Code, GatewayError } from '../core/errors.ts';
import type { TlsListener } from '../tls/listener.ts';
import { UNIX_PEER } from './networks.ts';
import { takeProxyHeader } from './proxied.ts';
import type { Client } from './trust.ts';

export interface ArrivalsParts {
  /** The listener is a Unix socket. */
  readonly isUnix: boolean;
  /** Each connection begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Speaks TLS behind that; absent: nobody does. */
  readonly tls: TlsListener | undefined;
  /** Whether `address` may send a PROXY header. */
  readonly maySpeakFor: (address: string) => boolean;
  /** False if nobody may connect from there; then the socket has been seen to. */
  readonly mayConnect: (socket: Socket, peer: Client) => boolean;
  /** Counts and logs a connection that came to nothing. */
  readonly refuse: (error: GatewayError, peer: Client) => void;
  /** Has the connection from here on: `socket` speaks HTTP in the clear, whatever is spoken on the wire. */
  readonly admit: (socket: Socket, peer: Client) => void;
}

/** What stands before the first request of a connection, if the configuration wants it: PROXY header, then TLS. */
export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #underway = new Set<Socket>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Connections that are on their way in. */
  get size(): number {
    return this.#underway.size;
  }

  take(socket: Socket): void {
    const { isUnix, proxyProtocol, tls } = this.#parts;
    const address = isUnix ? UNIX_PEER : (socket.remoteAddress ?? 'unknown');
    const peer: Client = { address, scheme: tls ? 'https' : 'http' };
    if (proxyProtocol) this.#readProxyHeader(socket, peer);
    else this.#enter(socket, peer);
  }

  /** Ends all that have not come in yet. */
  destroy(): void {
    for (const socket of this.#underway) socket.destroy();
  }

  #follow(socket: Socket): void {
    if (this.#underway.has(socket)) return;
    this.#underway.add(socket);
    socket.once('close', () => this.#underway.delete(socket));
  }

  #readProxyHeader(socket: Socket, proxy: Client): void {
    if (!this.#parts.maySpeakFor(proxy.address)) {
      this.#end(socket, proxy, 'proxy_header', 'the address is not among trustedProxies');
      return;
    }
    this.#follow(socket);
    takeProxyHeader(socket, {
      read: source => this.#enter(socket, source === undefined ? proxy : { ...proxy, address: source }),
      failed: why => this.#end(socket, proxy, 'proxy_header', why),
    });
  }

  #enter(socket: Socket, peer: Client): void {
    const { tls, mayConnect, admit } = this.#parts;
    if (!mayConnect(socket, peer)) return;
    if (tls) this.#secure(tls, socket, peer);
    else {
      this.#underway.delete(socket);
      admit(socket, peer);
      // What came behind a PROXY header waits for it.
      socket.resume();
    }
  }

  #secure(tls: TlsListener, socket: Socket, peer: Client): void {
    this.#follow(socket);
    tls.secure(socket, {
      secured: secured => {
        this.#underway.delete(socket);
        this.#parts.admit(secured, peer);
      },
      failed: why => {
        if (why !== '') this.#end(socket, peer, 'tls_handshake', why);
      },
    });
  }

  #end(socket: Socket, peer: Client, code: Code, why: string): void {
    socket.destroy();
    this.#parts.refuse(new GatewayError(code, why), peer);
  }
}
