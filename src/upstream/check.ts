import { after } from '../core/clock.ts';
import { asGatewayError } from '../core/errors.ts';
import { Connection, type ConnectionUser, type Target } from './connection.ts';
import { createHeadReader } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';

export interface CheckOptions {
  readonly target: Target;
  /** The `Host` line. */
  readonly host: string;
  readonly path: string;
  readonly timeoutMs: number;
}

/** One GET on a connection of its own: who takes no new connections is not well, whatever the open ones say. */
class Question implements ConnectionUser {
  readonly #request: string;
  readonly #resolve: (problem: string | undefined) => void;
  readonly #stopTimer: () => void;
  /** The body is not waited for, so it needs no bound. */
  readonly #parser = new ResponseParser(Number.POSITIVE_INFINITY, createHeadReader());
  #connection: Connection | undefined = undefined;

  constructor({ target, host, path, timeoutMs }: CheckOptions, resolve: (problem: string | undefined) => void) {
    this.#resolve = resolve;
    this.#request = `GET ${path} HTTP/1.1\r\n${host}User-Agent: breakwater\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
    this.#stopTimer = after(timeoutMs, () => this.end(`no answer within ${timeoutMs} ms`));
    new Connection(target, this, () => {});
  }

  opening(connection: Connection): void {
    this.#connection = connection;
  }

  connected({ socket }: Connection): void {
    socket.write(this.#request);
  }

  received(bytes: Buffer): void {
    try {
      this.#parser.push(bytes);
      const status = this.#parser.head?.status;
      if (status !== undefined) this.end(status < 300 ? undefined : `it answered ${status}`);
    } catch (error) {
      this.end(asGatewayError(error).message);
    }
  }

  ended(): void {
    this.end('it closed the connection without an answer');
  }

  broke(error: NodeJS.ErrnoException): void {
    this.end(error.code ?? error.message);
  }

  closing(): void {}

  end(problem: string | undefined): void {
    this.#stopTimer();
    this.#connection?.destroy();
    this.#resolve(problem);
  }
}

/** Asks the server of an upstream how it is: any 2xx is well. */
export class Check {
  readonly #options: CheckOptions;
  #question: Question | undefined = undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  /** Gives what is wrong, or nothing if all is well; within `timeoutMs`. */
  ask(): Promise<string | undefined> {
    return new Promise(resolve => {
      this.#question = new Question(this.#options, resolve);
    });
  }

  close(): void {
    this.#question?.end('the gateway is stopping');
  }
}
