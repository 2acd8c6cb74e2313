import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Note, Order } from './messages.ts';

// In an installed package it is JavaScript.
const ENTRY = fileURLToPath(new URL(`child${extname(import.meta.url)}`, import.meta.url));

/** A child process that takes orders. */
export interface Child {
  readonly pid: number | undefined;
  order(order: Order): void;
}

/** The demo's child processes. They end when this process does, whatever ends it. */
export class Children {
  readonly #all = new Set<ChildProcess>();
  readonly #onLost: (error: Error) => void;
  #closing = false;

  /** `onLost` is told of a child that ends before it should. */
  constructor(onLost: (error: Error) => void) {
    this.#onLost = onLost;
  }

  /** Starts a child with its first order; `onNote` hears all that it tells. */
  start(first: Order, onNote: (note: Note) => void): Child {
    const child = fork(ENTRY, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#all.add(child);
    child.on('message', note => onNote(note as Note));
    child.on('error', error => this.#lose(error));
    child.on('exit', (code, signal) => {
      this.#all.delete(child);
      this.#lose(new Error(`the process of the ${first.type} ended early (${signal ?? `exit code ${code}`})`));
    });
    const order = (next: Order) => {
      if (child.connected) child.send(next);
    };
    order(first);
    return { pid: child.pid, order };
  }

  /** Ends all of them, and returns when they have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    const ended = [...this.#all].map(async child => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    });
    await Promise.all(ended);
  }

  #lose(error: Error): void {
    if (!this.#closing) this.#onLost(error);
  }
}
