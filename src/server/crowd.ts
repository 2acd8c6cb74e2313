import { clientOf } from '../core/client-address.ts';

/** How many connections each client address has; those that have none are not kept. */
export class Crowd {
  readonly #most: number;
  readonly #connections = new Map<string, number>();

  /** `most` connections of one address, or any number where it is 0. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many addresses have connections. Nothing is counted without a cap. */
  get size(): number {
    return this.#connections.size;
  }

  /** Gives `address` one connection more; false if it has as many as it may. */
  enter(address: string): boolean {
    if (this.#most === 0) return true;
    const client = clientOf(address);
    const connections = this.#connections.get(client) ?? 0;
    if (connections >= this.#most) return false;
    this.#connections.set(client, connections + 1);
    return true;
  }

  /** To be called once for each connection that came in, when it has ended. */
  leave(address: string): void {
    if (this.#most === 0) return;
    const client = clientOf(address);
    const left = (this.#connections.get(client) ?? 1) - 1;
    if (left > 0) this.#connections.set(client, left);
    else this.#connections.delete(client);
  }
}
