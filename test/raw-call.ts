import { connect, type Socket } from 'node:net';
import { header, parseHeaders, readChunks } from './request-reader.ts';

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** What one connection gave back. */
export interface RawExchange {
  /** Final answers in order; informational ones (100 Continue) are counted apart. */
  readonly answers: readonly RawAnswer[];
  readonly informational: number;
  /** All bytes received. */
  readonly bytes: Buffer;
  /** How the connection was when the exchange ended. */
  readonly ended: 'open' | 'closed' | 'reset' | 'refused' | 'unconnected';
  /** Milliseconds from the start of the connect to the end. */
  readonly ms: number;
}

export interface RawCallOptions {
  /** Opens the connection in place of plain TCP: over TLS, over a Unix socket. */
  readonly open?: (port: number, host: string) => Socket;
  readonly host?: string;
  /** Stop when so many answers are there. */
  readonly answers?: number;
  /** Stop at this time in any case. */
  readonly deadlineMs?: number;
  /** Milliseconds between one part and the next, where `parts` are several. */
  readonly pauseMs?: number;
}

type Split = { readonly answer: RawAnswer; readonly end: number } | undefined;

const splitOne = (bytes: Buffer, from: number, closed: boolean): Split => {
  const headEnd = bytes.indexOf('\r\n\r\n', from);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', from, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = parseHeaders(lines);
  const start = headEnd + 4;
  if (status < 200 || status === 204 || status === 304)
    return { answer: { status, headers, body: Buffer.alloc(0) }, end: start };
  const sized = sizedBody(bytes, start, headers, closed);
  return sized && { answer: { status, headers, body: sized.body }, end: sized.end };
};

const sizedBody = (bytes: Buffer, from: number, headers: readonly string[], closed: boolean) => {
  if (header(headers, 'transfer-encoding')) return readChunks(bytes, from);
  const length = header(headers, 'content-length');
  if (length === undefined) return closed ? { body: bytes.subarray(from), end: bytes.length } : undefined;
  const end = from + Number(length);
  return bytes.length < end ? undefined : { body: bytes.subarray(from, end), end };
};

const split = (bytes: Buffer, closed: boolean): { readonly answers: RawAnswer[]; readonly informational: number } => {
  const answers: RawAnswer[] = [];
  let informational = 0;
  let at = 0;
  for (let next = splitOne(bytes, at, closed); next; next = splitOne(bytes, at, closed)) {
    at = next.end;
    if (next.answer.status < 200) informational++;
    else answers.push(next.answer);
  }
  return { answers, informational };
};

const DEADLINE_MS = 5000;

/**
 * Sends exactly these bytes over one connection, part by part, and reads what comes back until there are enough answers,
 * the other side closes, or the deadline. Never throws: how it ended is in the result.
 */
export const rawCall = (
  port: number,
  parts: string | Buffer | readonly (string | Buffer)[],
  {
    host = '127.0.0.1',
    answers: enough = 1,
    deadlineMs = DEADLINE_MS,
    pauseMs = 20,
    open = connect,
  }: RawCallOptions = {},
): Promise<RawExchange> =>
  new Promise(resolve => {
    const startedAt = performance.now();
    const chunks: Buffer[] = [];
    const socket = open(port, host);
    let ended: RawExchange['ended'] = 'unconnected';
    const queue = Array.isArray(parts) ? [...(parts as readonly (string | Buffer)[])] : [parts as string | Buffer];
    const timers: NodeJS.Timeout[] = [];
    const finish = (how: RawExchange['ended']) => {
      for (const timer of timers) clearTimeout(timer);
      socket
        .removeAllListeners()
        .on('error', () => {})
        .destroy();
      const bytes = Buffer.concat(chunks);
      resolve({ ...split(bytes, how !== 'open'), bytes, ended: how, ms: performance.now() - startedAt });
    };
    const send = () => {
      const part = queue.shift();
      if (part !== undefined) socket.write(part);
      if (queue.length > 0) timers.push(setTimeout(send, pauseMs));
    };
    timers.push(setTimeout(() => finish(ended), deadlineMs));
    socket.setNoDelay(true);
    socket.on('connect', () => {
      ended = 'open';
      send();
    });
    socket.on('data', chunk => {
      chunks.push(chunk);
      if (queue.length === 0 && split(Buffer.concat(chunks), false).answers.length >= enough) finish('open');
    });
    socket.on('end', () => finish('closed'));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'));
  });

/** A POST as WCS would send it, as text for `rawCall`; `extra` header lines come last. */
export const post = (path: string, body: string | Buffer, extra: readonly string[] = []): Buffer =>
  Buffer.concat([
    Buffer.from(
      [
        `POST ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...extra,
        '\r\n',
      ].join('\r\n'),
    ),
    Buffer.from(body),
  ]);
