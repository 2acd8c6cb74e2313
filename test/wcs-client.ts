import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { compact } from './samples.ts';

/** A hook's answer as WCS sees it. */
export interface HookAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** The `Breakwater-Answer` header, or empty without a gateway. */
  readonly from: string;
  /** Its first word: `upstream`, `cached`, `echo`… */
  readonly source: string;
  readonly headers: IncomingMessage['headers'];
  readonly ms: number;
}

export interface WcsOptions {
  /** Where the app is; `/connect` and the like are appended. */
  readonly url: string;
  /** Connections at most; WCS's own pool has 100. */
  readonly connections?: number;
  /** WCS's rest_request_timeout: a call without an answer by then fails with an error. */
  readonly requestTimeoutMs?: number;
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborts the call, as a WCS that goes away does. */
  readonly signal?: AbortSignal;
}

export interface LoadOptions {
  readonly hook: string;
  readonly calls: number;
  /** Calls out at the same time. */
  readonly concurrency: number;
  /** The first calls begin spread over so many milliseconds, so that they do not go on in step; all at once unless given. */
  readonly spreadMs?: number;
  /** Milliseconds that each of them waits between its calls. */
  readonly pauseMs?: number;
  /** The body of call number `i`; the sample of `connect` unless said otherwise. */
  readonly body?: (i: number) => Buffer;
  /** Hears each answer with the body it was for. */
  readonly onAnswer?: (answer: HookAnswer, body: Buffer) => void;
}

/** What a load came to. */
export interface LoadResult {
  readonly answers: number;
  /** Calls that got no answer at all, by their error code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly sources: Readonly<Record<string, number>>;
  readonly latency: Latency;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const CONNECT = compact('connect.request.json');

/** The value that `share` of `sorted` does not exceed; 0 for none. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

export const latencyOf = (ms: readonly number[]): Latency => {
  const sorted = [...ms].sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), worst: quantile(sorted, 1) };
};

const add = (counts: Record<string, number>, key: string | number): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

const firstWord = (note: string): string => note.split(';')[0] ?? '';

const readAnswer = async (incoming: IncomingMessage, startedAt: number): Promise<HookAnswer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { headers, statusCode = 0 } = incoming;
  const from = String(headers['breakwater-answer'] ?? '');
  const ms = performance.now() - startedAt;
  return { status: statusCode, body: Buffer.concat(chunks), from, source: firstWord(from), headers, ms };
};

/** Calls hooks as WCS does: POST, compact JSON, pooled keep-alive connections, one timeout for the whole call. */
export class WcsClient {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #agent: Agent;

  constructor({ url, connections = 100, requestTimeoutMs = 15_000 }: WcsOptions) {
    this.#url = url;
    this.#timeoutMs = requestTimeoutMs;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  }

  /** Calls one hook. Rejects when there is no whole answer: refused, reset, cut, late, aborted. */
  post(hook: string, body: Buffer, { headers = {}, signal }: PostOptions = {}): Promise<HookAnswer> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#url}/${hook}`, {
        method: 'POST',
        agent: this.#agent,
        headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers },
        ...(signal && { signal }),
      });
      const late = () => outgoing.destroy(Object.assign(new Error('no answer in time'), { code: 'LATE' }));
      const timer = setTimeout(late, this.#timeoutMs);
      const done = () => clearTimeout(timer);
      outgoing.on('error', reject);
      outgoing.on('response', incoming => readAnswer(incoming, startedAt).then(resolve, reject).finally(done));
      outgoing.on('close', done);
      outgoing.end(body);
    });
  }

  /** Makes many calls, `concurrency` at a time, and measures them. */
  async load({
    hook,
    calls,
    concurrency,
    spreadMs = 0,
    pauseMs = 0,
    body: bodyOf = () => CONNECT,
    onAnswer,
  }: LoadOptions): Promise<LoadResult> {
    const errors: Record<string, number> = {};
    const statuses: Record<string, number> = {};
    const sources: Record<string, number> = {};
    const times: number[] = [];
    let next = 0;
    const one = async (sent: Buffer): Promise<void> => {
      try {
        const answer = await this.post(hook, sent);
        times.push(answer.ms);
        add(statuses, answer.status);
        add(sources, answer.source);
        onAnswer?.(answer, sent);
      } catch (error) {
        add(errors, (error as NodeJS.ErrnoException).code ?? String(error));
      }
    };
    const worker = async (_: unknown, i: number): Promise<void> => {
      if (spreadMs > 0) await sleep((i * spreadMs) / concurrency);
      while (next < calls) {
        await one(bodyOf(next++));
        if (pauseMs > 0) await sleep(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return { answers: times.length, errors, statuses, sources, latency: latencyOf(times) };
  }

  /** Closes its connections. */
  close(): void {
    this.#agent.destroy();
  }
}
