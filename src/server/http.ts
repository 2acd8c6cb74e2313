import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { TlsListener } from '../tls/listener.ts';
import { Arrivals } from './arrivals.ts';
import { readBody } from './body.ts';
import { offersOf, watchChanging } from './change.ts';
import { Connections } from './connections.ts';
import { Crowd } from './crowd.ts';
import { FastPath } from './fast-path.ts';
import { type HooksOptions, Reception } from './reception.ts';
import { KEEP_ALIVE_MS, respond, respondRaw } from './respond.ts';
import type { Client } from './trust.ts';
import { conclude, goOn, isLast, letThrough, PONG, type Visit } from './visit.ts';

/** node:http adds this to the time that it announces, so that the client is the one to end an idle connection. */
const KEEP_ALIVE_BUFFER_MS = 1000;
/** Slow heads are looked for so often: those of a second at once would hold up all others. */
const CHECK_MS = 25;
/** Who gets a last answer has so long to read it. */
const LAST_ANSWER_MS = 1000;
/** Requests of one connection that may be out at a time: no WCS sends the next one before it has its answer. */
const MOST_PIPELINED = 8;

const ignore = (): void => {};

const TOO_MANY = `more than ${MOST_PIPELINED} requests of one connection at a time`;

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
  readonly #crowd: Crowd;
  readonly #reception: Reception;
  readonly #arrivals: Arrivals;
  readonly #isSecure: boolean;
  /** Connections that node:http does not know of yet. */
  readonly #fast = new Set<FastPath>();
  /** What node:http does with a connection. */
  readonly #serveHttp: (socket: Socket) => void;

  constructor(options: HooksOptions, entrance: Entrance) {
    this.#reception = new Reception(options);
    this.#crowd = new Crowd(options.limits.perAddress);
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
      headersTimeout: options.limits.headersWithin,
      // The body has the limit of its hook, which is this server's own clock.
      requestTimeout: 0,
      connectionsCheckingInterval: CHECK_MS,
      // The front door answers both itself, in JSON.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
      shouldUpgradeCallback: request => this.#mayChange(request),
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
    server.on('request', (request, response) => this.#visit(this.#begin(request, response)));
    server.on('checkContinue', (request, response) =>
      this.#visit(this.#begin(request, response, { awaitsContinue: true })),
    );
    server.on('checkExpectation', (request, response) => {
      void this.#refuse(
        this.#begin(request, response, { awaitsContinue: true }),
        new GatewayError('expectation_failed'),
      );
    });
    server.on('upgrade', (request, _socket, head) => this.#visitToChange(request, head));
    server.on('connect', ({ socket }) => this.#reject(socket, this.#reception.noTunnel));
    server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket));
  }

  /** Who may not call, or finds no room, gets to know why and is closed. */
  #connect(socket: Socket): void {
    const most = this.#reception.limits.connections;
    if (this.connections < most) this.#arrivals.take(socket);
    else {
      const peer: Client = { address: socket.remoteAddress ?? 'unknown', scheme: 'http' };
      this.#turnAway(socket, new GatewayError('connections', `more than ${most} connections`), peer);
    }
  }

  #mayConnect(socket: Socket, peer: Client): boolean {
    const refusal = this.#reception.refusalOf(peer) ?? this.#takePlace(socket, peer);
    if (refusal) this.#turnAway(socket, refusal, peer);
    return refusal === undefined;
  }

  /** Why its address may have no connection more, if that is so. Those of a trusted proxy are of many clients. */
  #takePlace(socket: Socket, { address }: Client): GatewayError | undefined {
    if (this.#reception.isProxy(address)) return undefined;
    const { perAddress } = this.#reception.limits;
    if (!this.#crowd.enter(address))
      return new GatewayError('connections', `more than ${perAddress} connections of one address`);
    socket.once('close', () => this.#crowd.leave(address));
    return undefined;
  }

  #admit(socket: Socket, peer: Client): void {
    this.#connections.add(socket, peer);
    this.#beginFast(socket, peer);
  }

  #turnAway(socket: Socket, error: GatewayError, peer: Client): void {
    // An answer in the clear would be read as a broken handshake, and a handshake is not worth it.
    if (this.#isSecure) {
      socket.destroy();
      this.#reception.told(error, peer.address);
      return;
    }
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
        // What is remembered of the way that it came would stay as long as the connection.
        socket.off('close', leave);
        this.#beginHttp(socket);
      },
    });
    this.#fast.add(fast);
    socket.once('close', leave);
  }

  #begin(request: IncomingMessage, response: ServerResponse, more: Partial<Visit> = {}): Visit {
    const { socket } = request;
    const client = this.#reception.clientOf(this.#connections.peerOf(socket), request.rawHeaders);
    const visitor = this.#reception.enter(this.#connections.firstByteAt(socket), client);
    this.#connections.begin(request, visitor.cancel);
    const leave = () => {
      visitor.leave();
      this.#connections.end(socket);
    };
    response.once('close', () => {
      leave();
      if (!response.writableFinished) visitor.cancel.cancel(new GatewayError('gone'));
    });
    const isLatest = () => this.#connections.isLatest(request);
    return { request, response, visitor, awaitsContinue: false, changing: undefined, ...more, leave, isLatest };
  }

  #visit(visit: Visit): void {
    this.#serve(visit).catch(error => this.#refuse(visit, asGatewayError(error)));
  }

  /** Only what passes through may change the protocol of its connection; to a hook the offer means nothing. */
  #mayChange(request: IncomingMessage): boolean {
    return offersOf(request).length > 0 && this.#reception.letsThrough(request);
  }

  #visitToChange(request: IncomingMessage, head: Buffer): void {
    const { socket } = request;
    if (this.#connections.openOn(socket) > 0) {
      this.#reject(socket, new GatewayError('bad_request', 'an offer to change the protocol behind another request'));
      return;
    }
    const changing = watchChanging(request, head);
    this.#visit(this.#begin(request, changing.response, { changing }));
  }

  async #serve(visit: Visit): Promise<void> {
    const { request, response, visitor } = visit;
    const { limits } = this.#reception;
    if (this.#connections.openOn(request.socket) > MOST_PIPELINED) throw new GatewayError('overload', TOO_MANY);
    if (this.#reception.isPing(request)) return conclude(this.#reception, visit, PONG, 0);
    const through = this.#reception.askThrough(request);
    if (through) return letThrough(this.#reception, visit, through);
    const asked = this.#reception.ask(request, visitor.client);
    const { route } = asked.match;
    goOn(visit);
    const leftMs = visitor.arrivedAt + route.limitMs - now();
    const { bodies } = this.#reception;
    const bounds = { maxBytes: limits.body, limitMs: leftMs, bytesPerSecond: limits.bodyRate, room: bodies };
    const body = await readBody(request, bounds, visitor.cancel);
    this.#connections.hasBody(request.socket);
    this.#reception.check(asked, body);
    const call = this.#reception.calls.ofHook(visitor, asked, body);
    const answer = await route.handler(call);
    if (response.destroyed) return;
    const close = isLast(this.#reception, visit);
    respond(response, answer, { callId: call.id, attempts: sentAttempts(call), close });
    this.#reception.boundWrite(request.socket, visitor.client);
  }

  async #refuse(visit: Visit, error: GatewayError): Promise<void> {
    const { response, visitor } = visit;
    if (error.code === 'gone' || response.destroyed || response.headersSent) return;
    await conclude(this.#reception, visit, this.#reception.refusal(error, visitor.client), 0);
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
      const { headersWithin } = this.#reception.limits;
      return new GatewayError('request_timeout', `the headers did not arrive within ${headersWithin / 1000} s`);
    }
    return new GatewayError('bad_request', `the request is not valid HTTP: ${error.code ?? error.message}`);
  }

  /** Answers what is no request that could be served, and ends the connection. */
  #reject(socket: Socket, error: GatewayError): void {
    const peer = this.#connections.peerOf(socket);
    // Of one that asks for another protocol node:http hears no more.
    socket.on('error', ignore);
    this.#connections.endWith(socket, () => this.#endWith(socket, error, peer));
  }

  /** Nobody reads what else it has to say: a request that is served although it was refused would be sent twice. */
  #endWith(socket: Socket, error: GatewayError, peer: Client): void {
    // The other side may never close, and nobody else waits for that.
    const stop = after(LAST_ANSWER_MS, () => socket.destroy());
    socket.once('close', stop).on('error', ignore).resume();
    const { id, leave } = this.#reception.enter(now(), peer);
    const answer = this.#reception.refusal(error, peer);
    respondRaw(socket, answer, { callId: id, attempts: 0, close: true, date: this.#reception.date, sent: leave });
    socket.end();
  }
}
