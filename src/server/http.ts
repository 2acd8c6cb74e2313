import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, type Call, sentAttempts } from '../core/call.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { createIds } from '../core/id.ts';
import type { Handler } from '../core/layer.ts';
import { errorAnswer } from '../core/refusal.ts';
import type { Gateway, Match } from '../gateway/gateway.ts';
import { discardBody, readBody } from './body.ts';
import { Connections } from './connections.ts';
import { forwardHeaders } from './forward.ts';
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
}

/** The listener for hooks: node:http on one side, Calls and Answers on the other. */
export class HookServer {
  readonly server: Server;
  readonly #options: HooksOptions;
  readonly #connections = new Connections();
  readonly #newId = createIds();
  #draining = false;
  #visits = 0;
  /** The tokens of the calls that are out. */
  readonly #calls = new Set<Cancel>();

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
    return this.#visits;
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
    for (const cancel of this.#calls) cancel.cancel(new GatewayError('closing'));
  }

  #listen(): void {
    const { server } = this;
    const most = this.#options.limits.connections;
    const full = () => this.#told(new GatewayError('connections', `more than ${most} connections`), '');
    this.#connections.watch(server, most, full);
    server.on('request', (request, response) => void this.#visit(request, response));
    server.on('checkContinue', (request, response) => void this.#visit(request, response));
    server.on('checkExpectation', (request, response) => {
      void this.#refuse(this.#begin(request, response), new GatewayError('expectation_failed'));
    });
    server.on('connect', (_request, socket) => {
      this.#connections.refuse(socket as Socket, this.#told(new GatewayError('method_not_allowed'), ''));
    });
    server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket));
  }

  #begin(request: IncomingMessage, response: ServerResponse): Visit {
    const { socket } = request;
    const cancel = new Cancel();
    const arrivedAt = this.#connections.begin(socket, cancel);
    this.#visits++;
    response.once('close', () => {
      this.#visits--;
      this.#connections.end(socket);
    });
    return { request, response, id: this.#newId(), arrivedAt, cancel };
  }

  async #visit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const visit = this.#begin(request, response);
    try {
      const asked = frontDoor(request, this.#options.limits.body, path => this.#options.gateway().find(path));
      await this.#serve(visit, asked);
    } catch (error) {
      await this.#refuse(visit, asGatewayError(error));
    }
  }

  async #serve(visit: Visit, asked: Asked<Match>): Promise<void> {
    const { request, response, arrivedAt } = visit;
    const { route } = asked.match;
    if (request.headers.expect !== undefined) response.writeContinue();
    const left = arrivedAt + route.limitMs - now();
    const body = await readBody(request, this.#options.limits.body, left, visit.cancel);
    this.#connections.hasBody(request.socket);
    const call = this.#call(visit, asked, body);
    const answer = await this.#answer(route.handler, call, response);
    if (response.destroyed) return;
    respond(response, answer, { callId: call.id, attempts: sentAttempts(call), close: this.#draining });
  }

  /** Cancels the call if its client leaves before the answer is there. */
  async #answer(handler: Handler, call: Call, response: ServerResponse): Promise<Answer> {
    const gone = () => call.cancel.cancel(new GatewayError('gone'));
    response.once('close', gone);
    this.#calls.add(call.cancel);
    try {
      return await handler(call);
    } finally {
      response.off('close', gone);
      this.#calls.delete(call.cancel);
    }
  }

  #call({ request, id, arrivedAt, cancel }: Visit, { match, query }: Asked<Match>, body: Buffer): Call {
    const { route, hook } = match;
    return {
      id,
      route,
      hook,
      query,
      body,
      headers: forwardHeaders(request, id),
      arrivedAt,
      deadline: arrivedAt + route.limitMs,
      attemptLimitMs: route.attemptLimitMs,
      cancel,
      emit: this.#options.emit,
      attempts: [],
    };
  }

  async #refuse({ request, response, id, cancel }: Visit, error: GatewayError): Promise<void> {
    if (error.code === 'gone' || response.destroyed) return;
    if (error.code === 'internal') this.#options.emit({ type: 'defect', error });
    // No body comes from a client that waits for a 100, nor after one that could not be read.
    const bodyComes = request.headers.expect === undefined && cancel.reason === undefined;
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
