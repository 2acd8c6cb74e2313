import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { after } from '../../core/clock.ts';
import type { HostPort } from '../../core/host-port.ts';
import type { Behaviour } from './script.ts';
import { INTRUDER_TOKEN } from './traffic.ts';

// Below the range that systems take for outgoing connections: while the back-end is down, none may sit on its port.
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const PORT_TRIES = 50;

const ANY_PORT: HostPort = { host: '127.0.0.1', port: 0 };

const TAIL_SHARE = 0.05;
const IDLE_MS = 90_000;

const STREAM_RULE = {
  clientExclude: '',
  restExclude: '',
  restOnError: 'FAIL',
  restPolicy: 'NOTIFY',
  restOverwrite: '',
};
/** What this app tells WCS about each session: streams are refused when the back-end does not allow them. */
const REST_CLIENT_CONFIG = { publishStream: STREAM_RULE, playStream: STREAM_RULE };

/** Two numbers from 0 to 1 that depend on the call and the back-end alone, so that luck is the same for both sides. */
export const draw = (backEnd: string, body: string): readonly [number, number] => {
  const bytes = hash('sha256', `${backEnd}\n${body}`, 'buffer');
  return [bytes.readUInt32LE(0) / 2 ** 32, bytes.readUInt32LE(4) / 2 ** 32];
};

/** How long an answer takes, in milliseconds. */
export const delayMs = (behaviour: Behaviour, [first, second]: readonly [number, number]): number =>
  behaviour === 'tail' && first < TAIL_SHARE ? 600 + 1400 * second : 3 + 7 * second;

const readFields = (body: string) => {
  try {
    return Object(JSON.parse(body));
  } catch {
    return undefined;
  }
};

/** The verdict of an app that admits who brings a good token: status and body. */
export const judge = (hook: string, body: string): { readonly status: number; readonly body: string } => {
  const fields = readFields(body);
  if (!fields) return { status: 400, body: '{"error":"no JSON"}' };
  if (String(fields.custom?.token).startsWith(INTRUDER_TOKEN))
    return { status: 403, body: '{"error":"no such token"}' };
  if (hook !== 'connect') return { status: 200, body };
  return { status: 200, body: JSON.stringify({ ...fields, restClientConfig: REST_CLIENT_CONFIG }) };
};

/** A simulated back-end, which behaves as it is told to. */
export class BackEnd {
  readonly #name: string;
  readonly #server: Server;
  readonly #host: string;
  #port: number;
  #behaviour: Behaviour = 'well';

  /** With port 0 it takes a free one. */
  constructor(name: string, { host, port }: HostPort = ANY_PORT) {
    this.#name = name;
    this.#host = host;
    this.#port = port;
    this.#server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => this.#take(request, response));
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#port !== 0) return this.#listen();
    for (let tries = 1; ; tries++) {
      this.#port = FIRST_PORT + Math.floor(Math.random() * PORTS);
      try {
        return await this.#listen();
      } catch (error) {
        if (tries === PORT_TRIES) throw error;
      }
    }
  }

  /** Takes on another behaviour; what a call met before, it keeps. */
  async behave(behaviour: Behaviour): Promise<void> {
    this.#behaviour = behaviour;
    if (behaviour === 'down') this.#close();
    else if (!this.#server.listening) await this.#listen();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#close();
    await closed;
  }

  #close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, 'listening');
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk));
    request.on('end', () => {
      if (this.#behaviour === 'stall') return;
      const body = Buffer.concat(chunks).toString();
      after(delayMs(this.#behaviour, draw(this.#name, body)), () => this.#answer(request, response, body));
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const verdict = judge(request.url?.split('/').at(-1) ?? '', body);
    const length = Buffer.byteLength(verdict.body);
    response.writeHead(verdict.status, { 'Content-Type': 'application/json;charset=UTF-8', 'Content-Length': length });
    response.end(verdict.body);
  }
}
