import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBlackhole } from './blackhole.ts';
import { type AnswerFault, answer } from './fault-answers.ts';
import { header, type RawRequest, RequestReader } from './request-reader.ts';

/** How a back-end that cannot always be reached behaves. */
type ListenerFault =
  /** Nobody listens; open connections are reset. */
  | { readonly kind: 'refused' }
  /** A connect is neither taken nor refused; open connections fall silent. */
  | { readonly kind: 'blackholed' }
  /** Healthy and refused in turn. */
  | { readonly kind: 'flaps'; readonly upMs?: number; readonly downMs?: number };

/** How the back-end behaves. */
export type Fault = AnswerFault | ListenerFault;

export const HEALTHY: Fault = { kind: 'healthy' };

/** The twelve ways for a back-end to fail that the gateway is held against. */
export const FAULTS = {
  refused: { kind: 'refused' },
  blackholed: { kind: 'blackholed' },
  silent: { kind: 'silent' },
  stalls: { kind: 'stalls' },
  drips: { kind: 'drips' },
  resets: { kind: 'resets' },
  cut: { kind: 'cut' },
  garbage: { kind: 'raw', bytes: '\0\x01SSH-2.0-garbage\r\n\x7f\x00\r\n\r\n', ending: 'end' },
  notJson: { kind: 'healthy', body: '<html><body>It works!</body></html>', headers: ['X-Powered-By', 'PHP'] },
  status500: { kind: 'healthy', status: 500, body: '{"error":"boom"}' },
  status503: { kind: 'healthy', status: 503, body: '{"error":"busy"}', headers: ['Retry-After', '5'] },
  flaps: { kind: 'flaps' },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

/** A request that the back-end has received whole. */
export interface Received extends RawRequest {
  /** `performance.now()` when its last byte arrived. */
  readonly at: number;
  /** Number of the connection that it came on, from 1. */
  readonly connection: number;
  /** The gateway's `Breakwater-Attempt`. */
  readonly attempt: string | undefined;
  /** When the other side ended the connection before this request had its answer. */
  abandonedAt?: number;
}

/** A fault for all, or one for each request by its looks. */
export type Behaviour = Fault | ((request: Received) => AnswerFault);

const HOST = '127.0.0.1';
const KEPT_REQUESTS = 2000;
// Below the range that the kernel gives to outgoing connections, so nobody takes the port while nobody listens on it.
const [FIRST_PORT, LAST_PORT] = [20_000, 32_000];
const FLAP_MS = 1000;

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: HOST }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** A back-end on a real socket that can be told to fail. It never throws, and `close` leaves nothing open. */
export class FaultServer {
  readonly port: number;
  /** The last requests received, oldest first; `count` counts all. */
  readonly requests: Received[] = [];
  count = 0;
  /** How many connections were accepted so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #behaviour: Behaviour = HEALTHY;
  /** Undoes what the listener's fault set up. */
  #recover: () => Promise<void> = async () => {};
  /** Changes of the listener happen one after the other. */
  #change: Promise<void> = Promise.resolve();

  constructor(server: Server, port: number) {
    this.port = port;
    this.#server = server;
    server.on('connection', socket => this.#serve(socket));
  }

  get url(): string {
    return `http://${HOST}:${this.port}`;
  }

  /** Connections open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Behaves so from now on; settles when it does. Answers that are under way end as they began. */
  setFault(behaviour: Behaviour): Promise<void> {
    return this.#inTurn(async () => {
      await this.#recover();
      this.#recover = async () => {};
      if (typeof behaviour === 'function') this.#behaviour = behaviour;
      else await this.#begin(behaviour);
    });
  }

  /** Forgets the requests received so far. */
  reset(): void {
    this.requests.length = 0;
    this.count = 0;
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#recover();
      this.#recover = async () => {};
      const stopped = this.#stopListening();
      // Not reset: a process that exits right after a reset of a half-closed socket spins for ever (Node 24).
      for (const socket of this.#sockets) socket.destroy();
      await stopped;
    });
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#change.then(change);
    this.#change = done.catch(() => {});
    return done;
  }

  async #begin(fault: Fault): Promise<void> {
    if (fault.kind === 'refused') await this.#refuse();
    else if (fault.kind === 'blackholed') await this.#swallow();
    else if (fault.kind === 'flaps') this.#flap(fault.upMs ?? FLAP_MS, fault.downMs ?? FLAP_MS);
    else this.#behaviour = fault;
  }

  async #refuse(): Promise<void> {
    await this.#goDown();
    this.#recover = () => this.#goUp();
  }

  async #swallow(): Promise<void> {
    this.#behaviour = FAULTS.silent;
    await this.#stopListening();
    const reopen = await openBlackhole(this.port);
    this.#recover = async () => {
      await reopen();
      await this.#goUp();
    };
  }

  #flap(upMs: number, downMs: number): void {
    this.#behaviour = HEALTHY;
    const stop = new AbortController();
    const flapping = this.#alternate(upMs, downMs, stop.signal);
    this.#recover = async () => {
      stop.abort();
      await flapping;
      await this.#goUp();
    };
  }

  async #alternate(upMs: number, downMs: number, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await sleep(upMs, undefined, { signal });
        await this.#goDown();
        await sleep(downMs, undefined, { signal });
        await this.#goUp();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #goUp(): Promise<void> {
    if (!this.#server.listening) await listen(this.#server, this.port);
  }

  async #goDown(): Promise<void> {
    const stopped = this.#stopListening();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await stopped;
  }

  /** Stops listening without waiting for open connections to end. */
  #stopListening(): Promise<void> {
    return Promise.resolve(void this.#server.close());
  }

  #serve(socket: Socket): void {
    const connection = ++this.connections;
    const reader = new RequestReader();
    const waiting: Received[] = [];
    let turn: Promise<void> | void;
    let served = 0;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const request of waiting) request.abandonedAt = performance.now();
    });
    socket.on('data', bytes => {
      for (const raw of this.#read(reader, bytes, socket)) {
        const request = this.#record(raw, connection);
        waiting.push(request);
        turn = Promise.resolve(turn)
          .then(() => this.#treat(request, socket, ++served))
          .then(() => void waiting.shift());
      }
    });
  }

  #read(reader: RequestReader, bytes: Buffer, socket: Socket): RawRequest[] {
    try {
      return reader.push(bytes);
    } catch {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return [];
    }
  }

  #record(raw: RawRequest, connection: number): Received {
    const attempt = header(raw.headers, 'breakwater-attempt');
    const request: Received = { ...raw, at: performance.now(), connection, attempt };
    this.requests.push(request);
    if (this.requests.length > KEPT_REQUESTS) this.requests.shift();
    this.count++;
    return request;
  }

  async #treat(request: Received, socket: Socket, served: number): Promise<void> {
    if (socket.destroyed) return;
    const behaviour = this.#behaviour;
    const fault = typeof behaviour === 'function' ? behaviour(request) : behaviour;
    if (fault.kind === 'refused' || fault.kind === 'blackholed' || fault.kind === 'flaps') return;
    const isStale = fault.kind === 'healthy' && served > (fault.requestsPerConnection ?? Number.POSITIVE_INFINITY);
    if (isStale) socket.destroy();
    else await answer(fault, request, socket, this.count);
  }
}

/** Starts a healthy back-end that answers each request with its own body. */
export const createFaultServer = async (): Promise<FaultServer> => {
  const span = LAST_PORT - FIRST_PORT;
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * span);
    const server = createServer();
    try {
      await listen(server, port);
      return new FaultServer(server, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
};
