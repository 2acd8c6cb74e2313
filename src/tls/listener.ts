import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Emit } from '../core/events.ts';
import { handshakeFault } from './faults.ts';
import { type Pair, type PairFiles, readCertificates, readPair } from './pem.ts';
import { invalidity } from './validity.ts';
import { watchFiles } from './watch.ts';

const HANDSHAKE_MS = 10_000;

/** Forward secrecy and authenticated encryption only; Java 8 and what is newer speak one of the first ones. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How a listener speaks TLS. Files by their whole path. */
export interface ListenerTls extends PairFiles {
  /** Set: only clients with a certificate that comes from one of these may connect. */
  readonly clientCa: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** Hears how a handshake went: with the socket that speaks TLS now, or with what was wrong. */
export interface HandshakeEnd {
  secured(socket: TLSSocket): void;
  failed(why: string): void;
}

/**
 * What a socket that speaks TLS speaks it over; one that does not is its own. Not a documented name; a test holds it. An
 * address would not do: one that was closed for its certificate has none any more.
 */
export const carrierOf = (socket: Socket): Socket =>
  (socket as Socket & { readonly _parent: Socket | null })._parent ?? socket;

/**
 * Speaks TLS on connections that it is given, by the newest sound certificate: its files are read again when they
 * change. A pair that is broken, does not fit or does not hold now is told of, and the one before stays.
 */
export class TlsListener {
  readonly #settings: ListenerTls;
  readonly #emit: Emit;
  readonly #server: Server;
  readonly #underway = new WeakMap<Socket, HandshakeEnd>();
  readonly #stopWatch: () => void;
  #pair: Pair;
  #clientCa: Buffer | undefined;

  /** Throws a PairError, or an Error that names a file, if the files cannot be used. */
  constructor(settings: ListenerTls, emit: Emit, handshakeMs = HANDSHAKE_MS) {
    this.#settings = settings;
    this.#emit = emit;
    this.#pair = readPair(settings);
    this.#clientCa = this.#readClientCa();
    this.#server = createServer({
      ...this.#context(this.#pair, this.#clientCa),
      handshakeTimeout: handshakeMs,
      ALPNProtocols: ['http/1.1'],
      requestCert: settings.clientCa !== undefined,
      rejectUnauthorized: settings.clientCa !== undefined,
    });
    this.#server.on('secureConnection', socket => this.#end(socket)?.secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#end(socket)?.failed(handshakeFault(error, socket)));
    const { cert, key, clientCa } = settings;
    this.#stopWatch = watchFiles([cert, key, ...(clientCa === undefined ? [] : [clientCa])], () => this.reread());
  }

  /** When the certificate in use expires, in milliseconds since 1970. */
  get ends(): number {
    return this.#pair.ends;
  }

  /** Speaks TLS on `socket`, of which nothing may have been read but what is back in it. `end` hears once at most. */
  secure(socket: Socket, end: HandshakeEnd): void {
    this.#underway.set(socket, end);
    // The documented way to bring a connection that somebody else has accepted.
    this.#server.emit('connection', socket);
  }

  /** Reads the files again. Connections that are open are not touched. */
  reread(): void {
    try {
      const [pair, clientCa] = [readPair(this.#settings), this.#readClientCa()];
      const fault = this.#faultOf(pair);
      if (fault) this.#refuse(`${this.#settings.cert} ${fault}`);
      else if (!this.#hasAlready(pair, clientCa)) this.#use(pair, clientCa);
    } catch (error) {
      this.#refuse((error as Error).message);
    }
  }

  close(): void {
    this.#stopWatch();
  }

  #end(socket: TLSSocket): HandshakeEnd | undefined {
    const carrier = carrierOf(socket);
    const end = this.#underway.get(carrier);
    this.#underway.delete(carrier);
    return end;
  }

  /** One that does not hold is better than none, or than another that does not. */
  #faultOf(pair: Pair): string | undefined {
    return invalidity(this.#pair) ? undefined : invalidity(pair);
  }

  #hasAlready({ cert, key }: Pair, clientCa: Buffer | undefined): boolean {
    const isSamePair = cert.equals(this.#pair.cert) && key.equals(this.#pair.key);
    return isSamePair && (clientCa === undefined || this.#clientCa?.equals(clientCa) === true);
  }

  #use(pair: Pair, clientCa: Buffer | undefined): void {
    // New keys for tickets come with it: nobody resumes what a certificate of before has vouched for.
    this.#server.setSecureContext(this.#context(pair, clientCa));
    this.#pair = pair;
    this.#clientCa = clientCa;
    this.#emit({ type: 'certificate', is: 'applied', detail: this.#settings.cert, ends: pair.ends });
  }

  #refuse(detail: string): void {
    this.#emit({ type: 'certificate', is: 'refused', detail, ends: this.#pair.ends });
  }

  #context({ cert, key }: Pair, clientCa: Buffer | undefined): SecureContextOptions {
    const { minVersion } = this.#settings;
    const ca = clientCa === undefined ? {} : { ca: clientCa };
    return { cert, key, ...ca, minVersion, ciphers: CIPHERS, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
  }

  #readClientCa(): Buffer | undefined {
    const { clientCa } = this.#settings;
    return clientCa === undefined ? undefined : readAuthorities(clientCa);
  }
}

/** The content of a file of certificates. Throws an Error that names it and the remedy. */
export const readAuthorities = (file: string): Buffer => {
  try {
    return readCertificates(file).pem;
  } catch (error) {
    throw new Error(`${file} ${(error as Error).message}; write the path of a PEM file`, { cause: error });
  }
};
