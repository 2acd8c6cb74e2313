import type { Socket } from 'node:net';
import { after } from '../core/clock.ts';

/**
 * So long an address has to connect before the next one is tried beside it. The shortest time that RFC 8305 §5 thinks
 * well of: back-ends are near, and connectLimit holds for all addresses together.
 */
const NEXT_AFTER_MS = 100;

export interface RaceOptions {
  /** In order; none where only the operating system knows. */
  readonly addresses: readonly string[];
  /** Begins to connect. */
  readonly open: (address: string | undefined) => Socket;
  /** The event that tells that a socket can be used. */
  readonly ready: 'connect' | 'secureConnect';
  readonly won: (socket: Socket, address: string | undefined) => void;
  /** Told once, when none is left; the error is that of the last one. */
  readonly lost: (error: NodeJS.ErrnoException) => void;
  /** An address that did not connect, or not as soon as one that began later. */
  readonly failed: (address: string) => void;
}

/** Connects to the first address that lets itself be connected to: each failure or 100 ms of silence adds the next (RFC 8305). */
export class Race {
  readonly #options: RaceOptions;
  /** Those that are connecting. */
  readonly #sockets = new Map<Socket, string | undefined>();
  /** The one that began first: whoever needs a socket before there is a winner has this one. */
  readonly first: Socket;
  #next = 0;
  #stopTimer: (() => void) | undefined = undefined;
  #isOver = false;

  constructor(options: RaceOptions) {
    this.#options = options;
    this.first = this.#start();
  }

  /** Ends all that is connecting; nothing is told any more. */
  stop(): void {
    this.#end();
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#sockets.clear();
  }

  #start(): Socket {
    const { addresses, open, ready } = this.#options;
    const address = addresses[this.#next++];
    const socket = open(address);
    this.#sockets.set(socket, address);
    socket.once(ready, () => this.#finish(socket));
    socket.on('error', error => this.#drop(socket, error));
    if (this.#next < addresses.length) this.#stopTimer = after(NEXT_AFTER_MS, () => this.#start());
    return socket;
  }

  #finish(socket: Socket): void {
    if (this.#isOver) return;
    const address = this.#sockets.get(socket);
    this.#sockets.delete(socket);
    for (const earlier of this.#options.addresses.slice(0, this.#options.addresses.indexOf(address ?? '')))
      this.#options.failed(earlier);
    this.stop();
    this.#options.won(socket, address);
  }

  #drop(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    const address = this.#sockets.get(socket);
    if (!this.#sockets.delete(socket)) return;
    if (address !== undefined) this.#options.failed(address);
    if (this.#next < this.#options.addresses.length) {
      this.#stopTimer?.();
      this.#start();
    } else if (this.#sockets.size === 0) {
      this.#end();
      this.#options.lost(error);
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#stopTimer?.();
  }
}
