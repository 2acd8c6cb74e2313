import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, type Call, sentAttempts } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { createIds } from '../core/id.ts';
import { errorAnswer } from '../core/refusal.ts';
import { Roster } from '../core/roster.ts';
import type { Gateway, Match } from '../gateway/gateway.ts';
import { discardBody, readBody } from './body.ts';
import { Connections } from './connections.ts';
import { forwardHead } from './forward.ts';
import { type Asked, frontDoor } from './front-door.ts';
import { respond } from './respond.ts';

/** Longer than the idle time of any pooled Java client, and announced, so that neither side closes in the other's face. */
const KEEP_ALIVE_MS = 90_000;
const HEADERS_MS = 10_000;

/** What of a refused body may come before the answer, so that the connection can serve the next request. */
const AT_ONCE = { bytes: 2 * 1024 * 1024, ms: 200 };
/** What of it may come after the answer, so that the client reads that and not a reset. */
const LINGER = { bytes: 16 * 1024 * 1024, ms: 2000 };

const refusalOf = (error: GatewayError): Answer => {
  const answer = errorAnswer(error);
  const allow = error.code === 'method_not_allowed' ? ['Allow', 'POST'] : [];
  return { ...answer, headers: [...answer.headers, ...allow] };
};

export interface HooksOptions {
  /** Asked at each request, so that a reload is a change of what it returns. */
  readonly gateway: () => Gateway;
  readonly limits: { readonly body: number; readonly headers: number; readonly connections: number };
  readonly emit: Emit;
}

/** One request and the only owner of its response. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  readonly arrivedAt: number;
  /** Becomes the call's own once the body is here. */
  readonly cancel: Cancel;
  /** The client sends its body only when it is told to. */
  readonly awaitsContinue: boolean;
}

/** The listener for hooks: node:http on one side, Calls and Answers on the other. */
export class HookServer {
  readonly server: Server;
  readonly #options: HooksOptions;
  readonly #connections = new Connections();
  readonly #newId = createIds();
  #draining = false;
  /** The tokens of the requests that wait for their answer. */
  readonly #visits = new Roster<Cancel>();

  constructor(options: HooksOptions) {
    this.#options = options;
    this.server = createServer({
      maxHeaderSize: options.limits.headers,
      keepAliveTimeout: KEEP_ALIVE_MS,
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
    this.#listen();
  }

  /** Requests that wait for their answer. */
  get visits(): number {
    return this.#visits.size;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes no new connections; answers from now on say `Connection: close`; idle connections end. */
  drain(): void {
    this.#draining = true;
    this.server.close();
    this.server.closeIdleConnections();
  }

  /** Gives up on what is still out: each call gets the next rung at once. */
  cutShort(): void {
    for (const cancel of this.#visits.all()) cancel.cancel(new GatewayError('closing'));
  }

  #listen(): void {
    const { server } = this;
    const most = this.#options.limits.connections;
    const full = () => this.#told(new GatewayError('connections', `more than ${most} connections`), '');
    this.#connections.watch(server, most, full);
    server.on('request', (request, response) => this.#visit(request, response, false));
    server.on('checkContinue', (request, response) => this.#visit(request, response, true));
    server.on('checkExpectation', (request, response) => {
      void this.#refuse(this.#begin(request, response, true), new GatewayError('expectation_failed'));
    });
    server.on('connect', (_request, socket) => {
      this.#connections.refuse(socket as Socket, this.#told(new GatewayError('method_not_allowed'), ''));
    });
    server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket));
  }

  #begin(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Visit {
    const { socket } = request;
    const cancel = new Cancel();
    const arrivedAt = this.#connections.begin(socket, cancel);
    const leave = this.#visits.add(cancel);
    response.once('close', () => {
      leave();
      this.#connections.end(socket);
      if (!response.writableFinished) cancel.cancel(new GatewayError('gone'));
    });
    return { request, response, id: this.#newId(), arrivedAt, cancel, awaitsContinue };
  }

  #visit(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const visit = this.#begin(request, response, awaitsContinue);
    this.#serve(visit).catch(error => this.#refuse(visit, asGatewayError(error)));
  }

  async #serve(visit: Visit): Promise<void> {
    const { request, response, arrivedAt, cancel } = visit;
    const maxBytes = this.#options.limits.body;
    const asked = frontDoor(request, maxBytes, path => this.#find(path));
    const { route } = asked.match;
    if (visit.awaitsContinue) response.writeContinue();
    const body = await readBody(request, maxBytes, arrivedAt + route.limitMs - now(), cancel);
    this.#connections.hasBody(request.socket);
    const call = this.#call(visit, asked, body);
    const answer = await route.handler(call);
    if (response.destroyed) return;
    respond(response, answer, { callId: call.id, attempts: sentAttempts(call), close: this.#draining });
  }

  #find(path: string): Match {
    const gateway = this.#options.gateway();
    const match = gateway.find(path);
    if (match) return match;
    const known = gateway.paths.map(each => `${each}/<hook>`).join(', ');
    throw new GatewayError('not_found', `no app at ${path.slice(0, 200)}; hooks are taken at ${known}`);
  }

  #call({ request, id, arrivedAt, cancel }: Visit, { match, query, head }: Asked<Match>, body: Buffer): Call {
    const { route, hook } = match;
    return {
      id,
      route,
      hook,
      query,
      body,
      head: forwardHead(head, id, request.socket.remoteAddress ?? 'unknown'),
      authorization: head.authorization,
      arrivedAt,
      deadline: arrivedAt + route.limitMs,
      attemptLimitMs: route.attemptLimitMs,
      cancel,
      emit: this.#options.emit,
      attempts: [],
    };
  }

  async #refuse({ request, response, id, cancel, awaitsContinue }: Visit, error: GatewayError): Promise<void> {
    if (error.code === 'gone' || response.destroyed) return;
    if (error.code === 'internal') this.#options.emit({ type: 'defect', error });
    // No body comes from a client that waits for a 100, nor after one that could not be read.
    const bodyComes = !awaitsContinue && cancel.reason === undefined;
    const whole = bodyComes && (await discardBody(request, AT_ONCE));
    if (response.destroyed || response.headersSent) return;
    this.#told(error, request.socket.remoteAddress ?? '');
    const answer = refusalOf(error);
    respond(response, answer, { callId: id, attempts: 0, close: !whole || this.#draining, linger: !whole });
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
    if (this.#connections.failBody(socket, meaning)) return;
    this.#connections.refuse(socket, this.#told(meaning, socket.remoteAddress ?? ''));
  }

  #meaning(error: NodeJS.ErrnoException): GatewayError {
    if (error.code === 'HPE_HEADER_OVERFLOW') return new GatewayError('headers_too_large');
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      return new GatewayError('request_timeout', `the headers did not arrive within ${HEADERS_MS / 1000} s`);
    }
    return new GatewayError('bad_request', `the request is not valid HTTP: ${error.code ?? error.message}`);
  }

  #told(error: GatewayError, peer: string): GatewayError {
    this.#options.emit({ type: 'rejected', code: error.code, message: error.message, peer });
    return error;
  }
}
