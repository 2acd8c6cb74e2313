import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '../poll.ts';

/** One end of a connection, byte by byte: what came, how it ended, and what the test sends. */
export class Wire {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** Bytes that have come. */
  bytes = 0;
  /** `open`, or how the other side ended it. */
  ended: 'open' | 'closed' | 'reset' = 'open';
  /** When it did. */
  endedAt = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', bytes => {
      this.#chunks.push(bytes);
      this.bytes += bytes.length;
    });
    socket.on('end', () => this.#end('closed'));
    socket.on('close', () => this.#end('closed'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code === 'EPIPE' ? 'closed' : 'reset'));
  }

  #end(how: 'closed' | 'reset'): void {
    if (this.ended !== 'open') return;
    this.ended = how;
    this.endedAt = performance.now();
  }

  /** All that has come, as text. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** What has come behind the first empty line. */
  get body(): string {
    const { text } = this;
    const at = text.indexOf('\r\n\r\n');
    return at < 0 ? '' : text.slice(at + 4);
  }

  send(...lines: readonly string[]): void {
    this.socket.write(lines.join('\r\n'), 'latin1');
  }

  /** Sends a head: its lines, and the empty one behind them. */
  head(...lines: readonly string[]): void {
    this.send(...lines, '', '');
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Waits until `pattern` has come. */
  async comes(pattern: RegExp, deadlineMs = 5000): Promise<string> {
    await until(() => pattern.test(this.text), { what: `${pattern} in ${this.text.slice(0, 500)}`, deadlineMs });
    return this.text;
  }

  /** Waits until the other side has ended it, and tells how. */
  async end(deadlineMs = 5000): Promise<string> {
    await until(() => this.ended !== 'open', {
      what: `the end of a connection (${this.text.slice(0, 200)})`,
      deadlineMs,
    });
    return this.ended;
  }
}

/** Opens a connection to `port` on this machine. */
export const dial = (port: number, allowHalfOpen = false): Wire =>
  new Wire(connect({ port, host: '127.0.0.1', allowHalfOpen }));

/** A back-end that does nothing by itself: the test plays it, connection by connection. */
export class PlayedBackEnd {
  readonly #server: Server;
  readonly wires: Wire[] = [];
  #taken = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => this.wires.push(new Wire(socket)));
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next connection, once its request has come as far as the end of its head. */
  async next(): Promise<Wire> {
    const at = this.#taken++;
    await until(() => this.wires.length > at, { what: `connection ${at} of the back-end` });
    const wire = this.wires[at] as Wire;
    await wire.comes(/\r\n\r\n/);
    return wire;
  }

  /** Connections that are open. */
  get open(): number {
    return this.wires.filter(({ socket }) => !socket.destroyed).length;
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.wires) socket.destroy();
  }
}

export const playBackEnd = (): Promise<PlayedBackEnd> =>
  new Promise(resolve => {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1', () => resolve(new PlayedBackEnd(server)));
  });
