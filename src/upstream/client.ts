import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { type Answer, type Attempt, type Call, type Outcome, sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Handler } from '../core/layer.ts';
import { classify, classifyError } from './classify.ts';
import { endToEnd } from './headers.ts';

/**
 * An idle connection is not used again after this long. Most servers close theirs after 5 s or more (Node's and
 * Apache's default), and a request that meets the closing is lost.
 */
const IDLE_MS = 4000;
/** Smaller bodies leave in one write with the header block; copying larger ones would cost more than a second write. */
const ONE_WRITE_BYTES = 8192;

export interface ClientOptions {
  /** `http://host:port/base`, without a slash at the end. */
  readonly upstream: string;
  readonly connectLimitMs: number;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Larger answers are failures. */
  readonly maxAnswerBytes: number;
}

export interface Client {
  readonly handler: Handler;
  /** Ends idle connections; those in use end with their call. */
  close(): void;
}

/** Where one upstream is, in the form that node:http wants. */
interface Target {
  readonly send: typeof request;
  readonly agent: Agent;
  readonly hostname: string;
  readonly port: string | number;
  readonly host: string;
  readonly base: string;
  readonly options: ClientOptions;
}

/** One attempt over HTTP/1.1. Settles once, at the latest when the call is cancelled. */
class Exchange {
  readonly #target: Target;
  readonly #call: Call;
  readonly #attempt: Attempt;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #request: ClientRequest;
  readonly #release: () => void;
  readonly #sentAt = now();
  readonly #chunks: Buffer[] = [];
  #stopConnectTimer: (() => void) | undefined = undefined;
  #connected = false;
  #response: IncomingMessage | undefined = undefined;
  #bytes = 0;
  #settled = false;

  constructor(
    target: Target,
    call: Call,
    attempt: Attempt,
    resolve: (answer: Answer) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#target = target;
    this.#call = call;
    this.#attempt = attempt;
    this.#resolve = resolve;
    this.#reject = reject;
    attempt.sent = true;
    this.#request = this.#send();
    this.#release = call.cancel.onCancel(reason => this.#fail(reason));
  }

  #send(): ClientRequest {
    const { send, agent, hostname, port, base } = this.#target;
    const { body, hook, query } = this.#call;
    const path = `${base}/${hook}${query}`;
    const outgoing = send({ agent, hostname, port, path, method: 'POST', headers: this.#headers() as string[] });
    outgoing.on('socket', socket => {
      if (socket.connecting) this.#awaitConnect(outgoing);
      else this.#connected = true;
    });
    outgoing.on('response', response => this.#receive(response));
    outgoing.on('error', error => this.#broken(error));
    // An upgrade that nobody asked for closes without an error.
    outgoing.on('close', () => this.#broken(new GatewayError('reset')));
    if (body.length < ONE_WRITE_BYTES) outgoing.end(body.toString('latin1'), 'latin1');
    else outgoing.end(body);
    return outgoing;
  }

  #headers(): readonly string[] {
    const { headers, body, deadline } = this.#call;
    return [
      'Host',
      this.#target.host,
      ...headers,
      'Content-Length',
      String(body.length),
      'Breakwater-Attempt',
      String(sentAttempts(this.#call)),
      'Breakwater-Deadline-Ms',
      String(Math.max(0, Math.round(deadline - this.#sentAt))),
    ];
  }

  #awaitConnect(outgoing: ClientRequest): void {
    const { connectLimitMs } = this.#target.options;
    this.#stopConnectTimer = after(connectLimitMs, () => this.#fail(new GatewayError('connect')));
    const ready = this.#target.send === secureRequest ? 'secureConnect' : 'connect';
    outgoing.socket?.once(ready, () => {
      this.#connected = true;
      this.#stopConnectTimer?.();
    });
  }

  #receive(response: IncomingMessage): void {
    this.#response = response;
    response.on('data', (chunk: Buffer) => this.#collect(chunk));
    response.on('end', () => this.#finish(response));
    response.on('error', error => this.#broken(error));
  }

  #collect(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const { maxAnswerBytes } = this.#target.options;
    if (this.#bytes > maxAnswerBytes) {
      this.#fail(new GatewayError('body', `the upstream answered more than ${maxAnswerBytes} bytes`));
    }
  }

  #finish(response: IncomingMessage): void {
    if (this.#settled) return;
    const [only] = this.#chunks;
    const answer: Answer = {
      status: response.statusCode ?? 502,
      headers: endToEnd(response.rawHeaders),
      body: only && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks),
      source: 'upstream',
    };
    try {
      const outcome = classify(answer);
      this.#settle(outcome);
      this.#resolve(answer);
    } catch (error) {
      this.#fail(asGatewayError(error));
    }
  }

  #broken(error: NodeJS.ErrnoException): void {
    if (this.#settled) return;
    const wire = {
      connected: this.#connected,
      reused: this.#request.reusedSocket,
      answered: this.#response !== undefined,
    };
    this.#fail(classifyError(error, wire));
  }

  #fail(error: GatewayError): void {
    if (this.#settled) return;
    this.#settle(error.row.outcome ?? 'cancelled');
    if (!this.#response?.complete) this.#request.destroy();
    this.#reject(error);
  }

  #settle(outcome: Outcome): void {
    this.#settled = true;
    this.#stopConnectTimer?.();
    this.#release();
    this.#attempt.outcome = outcome;
    this.#attempt.ms = now() - this.#sentAt;
    this.#call.emit({ type: 'attempt', call: this.#call, attempt: this.#attempt });
  }
}

/**
 * Puts calls to one upstream over HTTP/1.1 with kept-alive connections, most recently used first.
 * Answers with what the back-end said (`ok` or `verdict`), or throws a GatewayError. Repeats nothing.
 */
export const createClient = (options: ClientOptions): Client => {
  const url = new URL(options.upstream);
  const secure = url.protocol === 'https:';
  const agent = new (secure ? SecureAgent : Agent)({
    keepAlive: true,
    scheduling: 'lifo',
    maxSockets: options.maxConnections,
    maxFreeSockets: options.maxConnections,
    timeout: IDLE_MS,
  });
  const target: Target = {
    send: secure ? secureRequest : request,
    agent,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    host: url.host,
    base: url.pathname.replace(/\/$/, ''),
    options,
  };
  const start = (call: Call, attempt: Attempt): Promise<Answer> =>
    new Promise((resolve, reject) => new Exchange(target, call, attempt, resolve, reject));
  return {
    handler: call => {
      if (call.cancel.reason) return Promise.reject(call.cancel.reason);
      return start(call, call.attempt ?? { upstream: options.upstream, sent: false });
    },
    close: () => agent.destroy(),
  };
};
