import { type IpcNetConnectOpts, isIP, type TcpNetConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { UpstreamTls } from '../options/tls.ts';

const contextOptions = (tls: UpstreamTls | undefined): SecureContextOptions => ({
  minVersion: 'TLSv1.2',
  ...(tls?.ca && { ca: tls.ca }),
  ...(tls?.client && { cert: tls.client.cert, key: tls.client.key }),
});

/** How TLS is spoken with one upstream: one context for all connections, and the last session, which the next resumes. */
export class Security {
  readonly #options: ConnectionOptions;
  #session: Buffer | undefined = undefined;

  /** `hostname` is what the certificate must be made out to, unless `tls` says otherwise. */
  constructor(hostname: string, tls?: UpstreamTls) {
    const name = tls?.serverName ?? hostname;
    this.#options = {
      // An address is no name to ask for (RFC 6066 §3).
      ...(isIP(name) === 0 && { servername: name }),
      rejectUnauthorized: !tls?.insecure,
      ALPNProtocols: ['http/1.1'],
      secureContext: createSecureContext(contextOptions(tls)),
    };
  }

  /** Begins a connection, whose socket says `secureConnect` once the other side has proven who it is. */
  connect(where: TcpNetConnectOpts | IpcNetConnectOpts): TLSSocket {
    const session = this.#session;
    const socket = connect({ ...this.#options, ...where, ...(session && { session }) });
    // A session that a failed connection has used would fail again.
    socket.on('session', fresh => {
      this.#session = fresh;
    });
    return socket.once('error', () => {
      if (this.#session === session) this.#session = undefined;
    });
  }
}
