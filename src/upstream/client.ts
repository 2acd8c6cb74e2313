import { type Answer, type Attempt, type Call, type Outcome, sentAttempts } from '../core/call.ts';
import { after, now } from '../core/clock.ts';
import { asGatewayError, GatewayError } from '../core/errors.ts';
import type { Handler } from '../core/layer.ts';
import { attemptSpanId, tracedHead } from '../core/trace.ts';
import type { UpstreamTls } from '../options/tls.ts';
import { Check } from './check.ts';
import { classify, classifyError } from './classify.ts';
import { type Connection, type ConnectionUser, nameOf, type Target } from './connection.ts';
import type { Names } from './names.ts';
import { Pool } from './pool.ts';
import { createHeadReader, type ResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';
import { readUpstream } from './target.ts';
import { noteWhy } from './why.ts';

/** Smaller bodies leave in one write with the header block; copying larger ones would cost more than a second write. */
const ONE_WRITE_BYTES = 8192;

/** So many attempts may go on after their time, and for so long, at one upstream: each keeps a connection. */
const MOST_LATE = 32;
/** … and in no case more than this share of its connections. */
const LATE_SHARE = 0.25;
const LONGEST_LATE_MS = 15_000;
const RESOLVE_MS = 30_000;

const CUT = Object.assign(new Error('the connection ended within an answer'), { code: 'ECONNRESET' });

export interface ClientOptions {
  /** `http://host:port/base` or `unix:/path.sock:/base`, without a slash at the end. */
  readonly upstream: string;
  /** How an https upstream is spoken to; absent: with Node's own authorities. */
  readonly tls?: UpstreamTls | undefined;
  readonly connectLimitMs: number;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Larger answers are failures. */
  readonly maxAnswerBytes: number;
  /** Where the addresses of a name are kept. Without it the operating system is asked for each connection. */
  readonly names?: Names;
  /** How often a name is asked for again, in milliseconds. */
  readonly resolveMs?: number;
}

export interface Client {
  readonly handler: Handler;
  /** What asks the server for `path` on a new connection. */
  check(path: string, timeoutMs: number): Check;
  /** Ends all connections; what is still out fails with `closing`. */
  close(): void;
}

/** True if the back-end's answer is its own word, so that it has the request. */
const isTaken = (answer: Answer): boolean => {
  try {
    classify(answer);
    return true;
  } catch {
    return false;
  }
};

/** The back-end of a traced call hears of the attempt that it is asked by. */
export const headOf = ({ id, head, trace, attempts, attempt }: Call): string =>
  trace ? tracedHead(head, trace, attemptSpanId(id, attempts.indexOf(attempt as Attempt))) : head;

interface Line {
  readonly target: Target;
  readonly pool: Pool;
  readonly options: ClientOptions;
  /** `POST <base>/`. */
  readonly request: string;
  /** The `Host` line. */
  readonly host: string;
  readonly readHead: ReturnType<typeof createHeadReader>;
  /** Attempts that go on although their call is answered, and how many may. */
  late: number;
  readonly mostLate: number;
}

/** One attempt over HTTP/1.1. Settles once, at the latest when the call is cancelled. */
class Exchange implements ConnectionUser {
  readonly #line: Line;
  readonly #call: Call;
  readonly #attempt: Attempt;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #parser: ResponseParser;
  readonly #sentAt = now();
  #writtenAt = 0;
  readonly #release: () => void;
  #stopConnectTimer: (() => void) | undefined = undefined;
  #connection: Connection | undefined = undefined;
  #isConnected = false;
  #isSettled = false;
  /** Set while the attempt goes on for an answer that nobody waits for. */
  #endLate: ((isTaken: boolean) => void) | undefined = undefined;

  constructor(
    line: Line,
    call: Call,
    attempt: Attempt,
    resolve: (answer: Answer) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#line = line;
    this.#call = call;
    this.#attempt = attempt;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#parser = new ResponseParser(line.options.maxAnswerBytes, line.readHead);
    this.#release = call.cancel.onCancel(reason => this.#fail(reason));
    attempt.sent = true;
    line.pool.take(this);
  }

  opening(connection: Connection): void {
    this.#connection = connection;
    const { connectLimitMs } = this.#line.options;
    this.#stopConnectTimer = after(connectLimitMs, () => setImmediate(() => this.#giveUpConnect()));
  }

  /** After a look at the sockets: a process that was busy for too long must not blame connections that are there. */
  #giveUpConnect(): void {
    if (!this.#isConnected) this.#fail(new GatewayError('connect'));
  }

  connected(connection: Connection): void {
    this.#stopConnectTimer?.();
    this.#connection = connection;
    this.#isConnected = true;
    this.#send(connection);
  }

  received(bytes: Buffer): void {
    try {
      if (this.#parser.push(bytes)) this.#finish();
    } catch (error) {
      this.#fail(asGatewayError(error));
    }
  }

  ended(): void {
    if (this.#parser.end()) this.#finish();
    else this.broke(CUT);
  }

  broke(error: NodeJS.ErrnoException): void {
    const reused = (this.#connection?.served ?? 0) > 0;
    const ms = now() - this.#writtenAt;
    this.#fail(classifyError(error, { connected: this.#isConnected, reused, answered: this.#parser.hasBegun, ms }));
  }

  closing(): void {
    this.#fail(new GatewayError('closing'));
  }

  #send({ socket }: Connection): void {
    this.#writtenAt = now();
    const { hook, query, body, deadline } = this.#call;
    const head = headOf(this.#call);
    const left = Math.max(0, Math.round(deadline - now()));
    const text = `${this.#line.request}${hook}${query} HTTP/1.1\r\n${this.#line.host}${head}Content-Length: ${body.length}\r
Breakwater-Attempt: ${sentAttempts(this.#call)}\r
Breakwater-Deadline-Ms: ${left}\r
Connection: keep-alive\r
\r
`;
    if (body.length < ONE_WRITE_BYTES) socket.write(text + body.toString('latin1'), 'latin1');
    else {
      socket.cork();
      socket.write(text, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  #finish(): void {
    const { head, body } = this.#parser;
    if (head && this.#isSettled) this.#finishLate(head, body);
    if (!head || this.#isSettled) return;
    const answer: Answer = { status: head.status, headers: head.headers, body, source: 'upstream' };
    if (this.#call.trace) this.#attempt.status = head.status;
    this.#giveBack(head);
    try {
      this.#settle(classify(answer));
      this.#resolve(answer);
    } catch (error) {
      this.#fail(asGatewayError(error));
    }
  }

  #finishLate(head: ResponseHead, body: Buffer): void {
    if (!this.#endLate) return;
    this.#giveBack(head);
    this.#endLate(isTaken({ status: head.status, headers: head.headers, body, source: 'upstream' }));
  }

  /** An answer that came before the whole request was out leaves the connection in doubt. */
  #giveBack({ idleMs }: ResponseHead): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (!connection) return;
    connection.served++;
    if (this.#parser.mayReuse && connection.socket.writableLength === 0) this.#line.pool.release(connection, idleMs);
    else connection.destroy();
  }

  #fail(error: GatewayError): void {
    if (this.#isSettled) {
      this.#endLate?.(false);
      return;
    }
    noteWhy(this.#call, this.#attempt, error);
    this.#settle(error.row.outcome ?? 'cancelled');
    if (this.#mayBeLate(error)) this.#runLate();
    else this.#letGo();
    this.#reject(error);
  }

  #letGo(): void {
    this.#line.pool.leave(this);
    this.#connection?.destroy();
  }

  /** Its time is over, but the back-end has the request and may still take it. */
  #mayBeLate({ code }: GatewayError): boolean {
    const isOverdue = code === 'limit' || code === 'timeout';
    return isOverdue && this.#isConnected && this.#call.late !== undefined && this.#line.late < this.#line.mostLate;
  }

  #runLate(): void {
    const { late, deadline, arrivedAt } = this.#call;
    const forMs = Math.min(LONGEST_LATE_MS, deadline - arrivedAt);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#line.late++;
    const stop = after(forMs, () => this.#endLate?.(false));
    this.#endLate = isTaken => {
      this.#endLate = undefined;
      this.#line.late--;
      stop();
      if (!isTaken) this.#letGo();
      resolve(isTaken);
    };
    late?.(promise, forMs);
  }

  #settle(outcome: Outcome): void {
    this.#isSettled = true;
    this.#stopConnectTimer?.();
    this.#release();
    this.#attempt.outcome = outcome;
    this.#attempt.ms = now() - this.#sentAt;
    this.#call.emit({ type: 'attempt', call: this.#call, attempt: this.#attempt });
  }
}

const createLine = (options: ClientOptions): Line => {
  const { target, base, host } = readUpstream(options.upstream, options);
  return {
    target,
    pool: new Pool(target, options.maxConnections),
    options,
    request: `POST ${base}/`,
    host: `Host: ${host}\r\n`,
    readHead: createHeadReader(),
    late: 0,
    mostLate: Math.min(MOST_LATE, options.maxConnections * LATE_SHARE),
  };
};

/**
 * Puts calls to one upstream over HTTP/1.1 with kept-alive connections, most recently used first.
 * Answers with what the back-end said (`ok` or `verdict`), or throws a GatewayError. Repeats nothing.
 */
export const createClient = (options: ClientOptions): Client => {
  const line = createLine(options);
  const stopAsking = nameOf(line.target)?.watch(options.resolveMs ?? RESOLVE_MS);
  const start = (call: Call, attempt: Attempt): Promise<Answer> =>
    new Promise((resolve, reject) => new Exchange(line, call, attempt, resolve, reject));
  return {
    handler: call => {
      if (call.cancel.reason) return Promise.reject(call.cancel.reason);
      return start(call, call.attempt ?? { upstream: options.upstream, sent: false });
    },
    check: (path, timeoutMs) => new Check({ target: line.target, host: line.host, path, timeoutMs }),
    close: () => {
      stopAsking?.();
      line.pool.close();
    },
  };
};
