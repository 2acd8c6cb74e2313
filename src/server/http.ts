import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { TlsListener } from '../tls/listener.ts';
import { Arrivals } from './arrivals.ts';
import { discardBody, readBody } from './body.ts';
import { Connections } from './connections.ts';
import { FastPath } from './fast-path.ts';
import { type HooksOptions, Reception, type Visitor } from './reception.ts';
import { boundWrite, KEEP_ALIVE_MS, respond, respondRaw } from './respond.ts';
import type { Client } from './trust.ts';

/** node:http adds this to the time that it announces, so that the client is the one to end an idle connection. */
const KEEP_ALIVE_BUFFER_MS = 1000;
const HEADERS_MS = 10_000;
/** One that is turned away has so long to read why. */
const TURN_AWAY_MS = 1000;
/** Requests of one connection that may be out at a time: no WCS sends the next one before it has its answer. */
const MOST_PIPELINED = 8;

const TOO_MANY = `more than ${MOST_PIPELINED} requests of one connection at a time`;

/** What of a refused body may come before the answer, so that the connection can serve the next request. */
const AT_ONCE = { bytes: 2 * 1024 * 1024, ms: 200 };
/** What of it may come after the answer, so that the client reads that and not a reset. */
const LINGER = { bytes: 16 * 1024 * 1024, ms: 2000 };

/** One request of node:http and the only owner of its response. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly visitor: Visitor;
  /** The client sends its body only when it is told to. */
  readonly awaitsContinue: boolean;
}

/** What a connection goes through before its first request. */
export interface Entrance {
  readonly isUnix: boolean;
  readonly proxyProtocol: boolean;
  readonly tls: TlsListener | undefined;
}

/** The listener for hooks: connections on one side, Calls and Answers on the other. */
export class HookServer {
  readonly server: Server;
  readonly #connections = new Connections();
  readonly #reception: Reception;
  readonly #arrivals: Arrivals;
  readonly #isSecure: boolean;
  /** Connections that node:http does not know of yet. */
  readonly #fast = new Set<FastPath>();
  /** What node:http does with a connection. */
  readonly #serveHttp: (socket: Socket) => void;

  constructor(options: HooksOptions, entrance: Entrance) {
    this.#reception = new Reception(options);
    this.#isSecure = entrance.tls !== undefined;
    this.#arrivals = new Arrivals({
      ...entrance,
      maySpeakFor: address => this.#reception.maySpeakFor(address),
      mayConnect: (socket, peer) => this.#mayConnect(socket, peer),
      refuse: (error, { address }) => void this.#reception.told(error, address),
      admit: (socket, peer) => this.#admit(socket, peer),
    });
    this.server = createServer({
      maxHeaderSize: options.limits.headers,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutBuffer: KEEP_ALIVE_BUFFER_MS,
      headersTimeout: HEADERS_MS,
      // The body has the limit of its hook, which is this server's own clock.
      requestTimeout: 0,
      connectionsCheckingInterval: 1000,
      // The front door answers both itself, in JSON.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
    });
    // 0 is "no limit": with one, node:http drops the fields beyond it in silence.
    this.server.maxHeadersCount = 0;
    const [serveHttp] = this.server.listeners('connection') as ((socket: Socket) => void)[];
    if (!serveHttp) throw new GatewayError('internal', 'node:http does not listen to connections');
    this.server.off('connection', serveHttp);
    this.#serveHttp = serveHttp;
    this.#listen();
  }

  /** Requests that wait for their answer. */
  get visits(): number {
    return this.#reception.size;
  }

  get connections(): number {
    return this.#connections.size + this.#arrivals.size;
  }

  /** Takes no new connections; answers from now on say `Connection: close`; idle connections end. */
  drain(): void {
    this.#reception.draining = true;
    this.server.close();
    this.server.closeIdleConnections();
    for (const fast of this.#fast) if (fast.isIdle) fast.destroy();
    this.#arrivals.destroy();
  }

  /** Gives up on what is still out: each call gets the next rung at once. */
  cutShort(): void {
    this.#reception.cutShort();
  }

  /** Ends every connection at once. */
  destroy(): void {
    this.server.closeAllConnections();
    for (const fast of this.#fast) fast.destroy();
    this.#arrivals.destroy();
  }

  #listen(): void {
    const { server } = this;
    server.on('connection', socket => this.#connect(socket));
    server.on('request', (request, response) => this.#visit(request, response, false));
    server.on('checkContinue', (request, response) => this.#visit(request, response, true));
    server.on('checkExpectation', (request, response) => {
      void this.#refuse(this.#begin(request, response, true), new GatewayError('expectation_failed'));
    });
    server.on('connect', (_request, socket) => this.#reject(socket as Socket, new GatewayError('method_not_allowed')));
    server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket));
  }

  /** Beyond the most connections, a new one gets a 503 and is closed. */
  #connect(socket: Socket): void {
    const most = this.#reception.limits.connections;
    if (this.connections < most) this.#arrivals.take(socket);
    else {
      const peer: Client = { address: socket.remoteAddress ?? 'unknown', scheme: 'http' };
      this.#turnAway(socket, new GatewayError('connections', `more than ${most} connections`), peer);
    }
  }

  #mayConnect(socket: Socket, peer: Client): boolean {
    const refusal = this.#reception.refusalOf(peer);
    if (refusal) this.#turnAway(socket, refusal, peer);
    return refusal === undefined;
  }

  #admit(socket: Socket, peer: Client): void {
    this.#connections.add(socket, peer);
    this.#beginFast(socket, peer);
  }

  /** Nobody reads what it has to say: a request that is served although it was refused would be sent twice. */
  #turnAway(socket: Socket, error: GatewayError, peer: Client): void {
    // An answer in the clear would be read as a broken handshake, and a handshake is not worth it.
    if (this.#isSecure) {
      socket.destroy();
      this.#reception.told(error, peer.address);
      return;
    }
    const stop = after(TURN_AWAY_MS, () => socket.destroy());
    socket.once('close', stop).on('error', () => {});
    socket.resume();
    this.#endWith(socket, error, peer);
  }

  #beginHttp(socket: Socket): void {
    this.#serveHttp.call(this.server, socket);
    this.#connections.time(socket);
  }

  #beginFast(socket: Socket, peer: Client): void {
    const leave = () => void this.#fast.delete(fast);
    const fast = new FastPath({
      socket,
      peer,
      reception: this.#reception,
      idleMs: KEEP_ALIVE_MS + KEEP_ALIVE_BUFFER_MS,
      handOver: () => {
        leave();
        this.#beginHttp(socket);
      },
    });
    this.#fast.add(fast);
    socket.once('close', leave);
  }

  #begin(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Visit {
    const { socket } = request;
    const client = this.#reception.clientOf(this.#connections.peerOf(socket), request.rawHeaders);
    const visitor = this.#reception.enter(this.#connections.firstByteAt(socket), client);
    this.#connections.begin(request, visitor.cancel);
    response.once('close', () => {
      visitor.leave();
      this.#connections.end(socket);
      if (!response.writableFinished) visitor.cancel.cancel(new GatewayError('gone'));
    });
    return { request, response, visitor, awaitsContinue };
  }

  #visit(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const visit = this.#begin(request, response, awaitsContinue);
    this.#serve(visit).catch(error => this.#refuse(visit, asGatewayError(error)));
  }

  async #serve({ request, response, visitor, awaitsContinue }: Visit): Promise<void> {
    const { limits } = this.#reception;
    if (this.#connections.openOn(request.socket) > MOST_PIPELINED) throw new GatewayError('overload', TOO_MANY);
    const asked = this.#reception.ask(request, visitor.client);
    const { route } = asked.match;
    if (awaitsContinue) response.writeContinue();
    const leftMs = visitor.arrivedAt + route.limitMs - now();
    const { bodies } = this.#reception;
    const body = await readBody(request, { maxBytes: limits.body, limitMs: leftMs, room: bodies }, visitor.cancel);
    this.#connections.hasBody(request.socket);
    this.#reception.check(asked, body);
    const call = this.#reception.call(visitor, asked, body);
    const answer = await route.handler(call);
    if (response.destroyed) return;
    // Of pipelined requests the last one's answer ends the connection, not the first one's.
    const close = this.#reception.draining && this.#connections.isLatest(request);
    respond(response, answer, { callId: call.id, attempts: sentAttempts(call), close });
    boundWrite(request.socket);
  }

  async #refuse({ request, response, visitor, awaitsContinue }: Visit, error: GatewayError): Promise<void> {
    if (error.code === 'gone' || response.destroyed) return;
    // No body comes from a client that waits for a 100, nor after one that could not be read.
    const bodyComes = !awaitsContinue && visitor.cancel.reason === undefined;
    const whole = bodyComes && (await discardBody(request, AT_ONCE));
    if (response.destroyed || response.headersSent) return;
    const answer = this.#reception.refusal(error, visitor.client);
    const close = !whole || this.#reception.draining;
    respond(response, answer, { callId: visitor.id, attempts: 0, close, linger: !whole });
    if (whole) return;
    // The client has the answer; ending the connection under a body that is still on its way would reset it.
    if (bodyComes) await discardBody(request, LINGER);
    response.end();
  }

  /** What llhttp could not read, or what did not come in time. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') {
      socket.destroy();
      return;
    }
    const meaning = this.#meaning(error);
    if (!this.#connections.failBody(socket, meaning)) this.#reject(socket, meaning);
  }

  #meaning(error: NodeJS.ErrnoException): GatewayError {
    if (error.code === 'HPE_HEADER_OVERFLOW') return new GatewayError('headers_too_large');
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      return new GatewayError('request_timeout', `the headers did not arrive within ${HEADERS_MS / 1000} s`);
    }
    return new GatewayError('bad_request', `the request is not valid HTTP: ${error.code ?? error.message}`);
  }

  /** Answers what is no request that could be served, and ends the connection. */
  #reject(socket: Socket, error: GatewayError): void {
    const peer = this.#connections.peerOf(socket);
    this.#connections.endWith(socket, () => this.#endWith(socket, error, peer));
  }

  #endWith(socket: Socket, error: GatewayError, peer: Client): void {
    const { id, leave } = this.#reception.enter(now(), peer);
    const answer = this.#reception.refusal(error, peer);
    respondRaw(socket, answer, { callId: id, attempts: 0, close: true, date: this.#reception.date, sent: leave });
    socket.end();
  }
}
