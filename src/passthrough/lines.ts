import { Agent, type ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { after } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { classifyError } from '../upstream/classify.ts';
import { connectStream, isCurrent, type Target } from '../upstream/connection.ts';

/** As the pool for hooks: most servers close an idle connection after 5 s or more. */
const IDLE_MS = 4000;

export interface LinesOptions {
  readonly target: Target;
  readonly connectLimitMs: number;
  /** Most idle connections. */
  readonly most: number;
}

const NOT_CONNECTED = { connected: false, reused: false, answered: false, ms: 0 };

type Done = (error: Error | null, socket: Duplex) => void;

/**
 * Connections to one upstream for what passes through. They are opened as those for hooks are, TLS included, so that
 * http-proxy-3 sees plain HTTP alone; a request has its connection once that is ready, or fails with `connect`.
 */
export class Lines extends Agent {
  readonly #lines: LinesOptions;
  #isClosed = false;

  constructor(options: LinesOptions) {
    super({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: options.most, scheduling: 'lifo' });
    this.#lines = options;
  }

  override createConnection(_args: ClientRequestArgs, done?: Done): undefined {
    const { target, connectLimitMs } = this.#lines;
    let isSettled = false;
    const settle = (error: Error | null, socket: Duplex = race.first): void => {
      if (isSettled) return;
      isSettled = true;
      stop();
      done?.(error, socket);
    };
    const giveUp = (): void => {
      if (!isSettled) race.stop();
      settle(new GatewayError('connect'));
    };
    const race = connectStream(target, {
      won: socket => settle(null, socket),
      lost: error => settle(classifyError(error, NOT_CONNECTED)),
    });
    // After a look at the sockets: a process that was busy for too long must not blame connections that are there.
    const stop = after(connectLimitMs, () => setImmediate(giveUp));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const mayStay = !this.#isClosed && isCurrent(this.#lines.target, (socket as Socket).remoteAddress);
    // It tells whether it does, whatever its type says.
    return mayStay && (super.keepSocketAlive(socket) as unknown as boolean);
  }

  /** Ends idle connections; the others end with what is under way on them. */
  close(): void {
    this.#isClosed = true;
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) (socket as Socket).destroy();
  }
}
