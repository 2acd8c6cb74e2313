import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { after } from '../../core/clock.ts';
import { JournalError, type JournalProblem } from '../journal.ts';
import type { Calls, Failure, FromThread, Reply, Request, ThreadData, ToThread } from './protocol.ts';

/** More requests than this wait for no disk that works. */
const MAX_WAITING = 20_000;
/** A folder that is not there and locked by then is on a file system that does not answer. */
const FOLDER_MS = 10_000;
/** A thread that broke down is started again after this. */
const RESTART_MS = 1000;

/** Compiled, the thread is a .js file like this one. */
const THREAD = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);

interface Waiting {
  resolve(value: unknown): void;
  reject(error: JournalError): void;
}

const errorOf = ({ code, message }: Failure): JournalError => new JournalError(code, message);

/** The way to the thread of a journal. Requests of one turn of the event loop go together; nothing here waits for a disk. */
export class Link {
  readonly #data: ThreadData;
  readonly #onProblem: (problem: JournalProblem) => void;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: Request[] = [];
  #worker: Worker | undefined;
  #count = 0;
  #why = 'it is closed';
  #isClosed = false;
  #stopRestart = (): void => {};

  constructor(data: ThreadData, onProblem: (problem: JournalProblem) => void) {
    this.#data = data;
    this.#onProblem = onProblem;
  }

  /** Rejects with a JournalError if the journal cannot be opened, or if its folder does not answer. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = after(FOLDER_MS, () => reject(this.#isStuck()));
      this.#begin(stop).then(resolve, reject).finally(stop);
    });
  }

  /** Starts the thread; `answers` is called at each of its messages. */
  #begin(answers = (): void => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(THREAD, { workerData: this.#data });
      worker.on('message', (message: FromThread) => {
        answers();
        if (message.type === 'opened') {
          this.#worker = worker;
          resolve();
          if (this.#isClosed) void this.close();
        } else if (message.type === 'unopened') reject(errorOf(message.failure));
        else if (message.type !== 'begun') this.#hear(message);
      });
      worker.on('error', error => {
        this.#why = error.message;
      });
      worker.on('exit', () => {
        reject(new JournalError('failed', `the thread of the journal ended: ${this.#why}`));
        if (this.#worker === worker) this.#end();
      });
    });
  }

  ask<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    if (!this.#worker || this.#isClosed) return this.#refuse(`the journal cannot be used: ${this.#why}`);
    if (this.#waiting.size >= MAX_WAITING)
      return this.#refuse(`the disk of the journal does not keep up: ${this.#waiting.size} requests wait for it`);
    const n = ++this.#count;
    if (this.#outbox.length === 0) setImmediate(() => this.#send());
    this.#outbox.push({ n, name, args } as unknown as Request);
    return new Promise((resolve, reject) => {
      this.#waiting.set(n, { resolve: resolve as Waiting['resolve'], reject });
    });
  }

  /** Resolves when all that was asked is answered and the files are closed. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#stopRestart();
    const worker = this.#worker;
    if (!worker) return Promise.resolve();
    return new Promise(resolve => {
      worker.on('exit', () => resolve());
      this.#send();
      worker.postMessage({ type: 'close' } satisfies ToThread);
    });
  }

  #isStuck(): JournalError {
    const { dir } = this.#data;
    const message = `the folder ${dir} cannot be used for the journal: it was not ready within ${FOLDER_MS / 1000} s`;
    return new JournalError('stuck', `${message}; see whether its file system answers, or name another one`);
  }

  #refuse(message: string): Promise<never> {
    return Promise.reject(new JournalError('failed', message));
  }

  #send(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    if (requests.length > 0) this.#worker?.postMessage({ type: 'requests', requests } satisfies ToThread);
  }

  #hear(message: Extract<FromThread, { type: 'replies' | 'problem' }>): void {
    if (message.type === 'problem') this.#onProblem(message.problem);
    else for (const reply of message.replies) this.#settle(reply);
  }

  #settle({ n, value, failure }: Reply): void {
    const waiting = this.#waiting.get(n);
    this.#waiting.delete(n);
    if (failure) waiting?.reject(errorOf(failure));
    else waiting?.resolve(value);
  }

  #end(): void {
    this.#worker = undefined;
    this.#outbox = [];
    const error = new JournalError('failed', `the thread of the journal ended: ${this.#why}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (this.#isClosed) return;
    const message = `the journal in ${this.#data.dir} fails: its thread ended: ${this.#why}; it is started again`;
    this.#onProblem({ code: 'failing', message });
    this.#restart();
  }

  #restart(): void {
    this.#stopRestart = after(RESTART_MS, () => {
      const { dir } = this.#data;
      const work = () => this.#onProblem({ code: 'working-again', message: `the journal in ${dir} works again` });
      this.#begin().then(work, () => this.#isClosed || this.#restart());
    });
  }
}
