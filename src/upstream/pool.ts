import { after, now } from '../core/clock.ts';
import { Connection, type ConnectionUser, isCurrent, type Target } from './connection.ts';

/**
 * An idle connection is not used again after this long. Most servers close theirs after 5 s or more (Node's and
 * Apache's default), and a request that meets the closing is lost.
 */
const IDLE_MS = 4000;
/** So long before the time that the other side has announced. */
const MARGIN_MS = 1000;

/** Connections to one upstream: at most `most` at a time, the one used last is used first. */
export class Pool {
  readonly #target: Target;
  readonly #most: number;
  readonly #open = new Set<Connection>();
  /** In order of release, so that the last one expires last. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<ConnectionUser>();
  #stopSweep: (() => void) | undefined = undefined;
  #isClosed = false;

  constructor(target: Target, most: number) {
    this.#target = target;
    this.#most = most;
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#open.size;
  }

  /** Gives `user` a connection: at once if one is idle, else when one has been made or given back. Once closed, none. */
  take(user: ConnectionUser): void {
    if (this.#isClosed) {
      user.closing();
      return;
    }
    const connection = this.#pop();
    if (connection) this.#hand(connection, user);
    else if (this.#open.size < this.#most) this.#make(user);
    else this.#waiting.add(user);
  }

  /** `user` no longer waits. */
  leave(user: ConnectionUser): void {
    this.#waiting.delete(user);
  }

  /** Takes back a connection that may serve again, if its address still counts; the other side keeps it for `idleMs`. */
  release(connection: Connection, idleMs: number): void {
    connection.user = undefined;
    if (!isCurrent(this.#target, connection.address)) {
      connection.destroy();
      return;
    }
    const [next] = this.#waiting;
    if (next && this.#waiting.delete(next)) {
      this.#hand(connection, next);
      return;
    }
    connection.expiresAt = now() + Math.min(IDLE_MS, idleMs - MARGIN_MS);
    this.#idle.push(connection);
    this.#stopSweep ??= after(IDLE_MS, () => this.#sweep());
  }

  /** Ends all connections and tells those who have or want one. */
  close(): void {
    this.#isClosed = true;
    this.#stopSweep?.();
    const users = [...this.#waiting];
    for (const connection of this.#open) {
      if (connection.user) users.push(connection.user);
      connection.destroy();
    }
    for (const user of users) user.closing();
  }

  #hand(connection: Connection, user: ConnectionUser): void {
    connection.user = user;
    user.connected(connection);
  }

  #pop(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (!connection || this.#mayServe(connection)) return connection;
      connection.destroy();
    }
  }

  #mayServe({ address, expiresAt }: Connection): boolean {
    return expiresAt > now() && isCurrent(this.#target, address);
  }

  #make(user: ConnectionUser): void {
    this.#open.add(new Connection(this.#target, user, connection => this.#forget(connection)));
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const [next] = this.#waiting;
    if (next && !this.#isClosed && this.#waiting.delete(next)) this.#make(next);
  }

  #sweep(): void {
    const expired = this.#idle.filter(connection => connection.expiresAt <= now());
    for (const connection of expired) connection.destroy();
    this.#stopSweep = this.#idle.length > 0 ? after(IDLE_MS, () => this.#sweep()) : undefined;
  }
}
