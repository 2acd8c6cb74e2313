import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawRequest } from './request-reader.ts';

/** Milliseconds, or shares of calls: `95=5,4=50,1=2000` makes 95 of each 100 calls last 5 ms, 4 last 50 ms, 1 last 2 s. */
export type Delay = number | string;

/** How a back-end that can be reached treats one request. */
export type AnswerFault =
  /** Answers well. The body is the request's own unless given. */
  | {
      readonly kind: 'healthy';
      readonly delay?: Delay;
      readonly status?: number;
      readonly body?: string | Buffer;
      /** Names and values in turn, beside Content-Type and framing. */
      readonly headers?: readonly string[];
      /** `close` is HTTP/1.0 style: no length, the end of the connection ends the body. */
      readonly framing?: 'length' | 'chunked' | 'close';
      /** Announces `Connection: close`, and closes. */
      readonly closes?: boolean;
      /** Answers so many requests on a connection and closes at the next one without a byte, as an expired keep-alive does. */
      readonly requestsPerConnection?: number;
    }
  /** Reads and says nothing. */
  | { readonly kind: 'silent' }
  /** Sends the headers of a good answer, then nothing. */
  | { readonly kind: 'stalls' }
  /** Sends a good answer byte by byte. */
  | { readonly kind: 'drips'; readonly everyMs?: number }
  /** Resets the connection once it has the request. */
  | { readonly kind: 'resets' }
  /** Announces a whole body and closes after half of it. */
  | { readonly kind: 'cut' }
  /** Sends exactly these bytes. */
  | { readonly kind: 'raw'; readonly bytes: string | Buffer; readonly ending?: 'keep' | 'end' | 'reset' };

/** A wait that keeps no process alive: the back-end may have been closed meanwhile. */
const delay = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

const JSON_TYPE = ['Content-Type', 'application/json;charset=UTF-8'];
const DRIP_MS = 100;

const headText = (firstLine: string, headers: readonly string[]): string => {
  let text = `${firstLine}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
};

const withLength = (body: Buffer, headers: readonly string[] = []): Buffer =>
  Buffer.concat([
    Buffer.from(
      headText('HTTP/1.1 200 OK', [...JSON_TYPE, 'Content-Length', String(body.length), ...headers]),
      'latin1',
    ),
    body,
  ]);

/** Which of a hundred slots the call is in: every slot once in a hundred calls, neighbours far apart. */
const slot = (count: number): number => (count * 37) % 100;

/** How long call number `count` takes. */
export const delayOf = (spec: Delay, count: number): number => {
  if (typeof spec === 'number') return spec;
  let upTo = 0;
  for (const part of spec.split(',')) {
    const [share, ms] = part.split('=').map(Number);
    upTo += share ?? 0;
    if (slot(count) < upTo) return ms ?? 0;
  }
  return 0;
};

type Healthy = Extract<AnswerFault, { kind: 'healthy' }>;

const frame = (body: Buffer, framing: Healthy['framing']): { readonly headers: string[]; readonly bytes: Buffer } => {
  if (framing === 'close') return { headers: [], bytes: body };
  if (framing !== 'chunked') return { headers: ['Content-Length', String(body.length)], bytes: body };
  const half = Math.ceil(body.length / 2);
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(chunk => chunk.length > 0);
  const encoded = chunks.flatMap(chunk => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return { headers: ['Transfer-Encoding', 'chunked'], bytes: Buffer.concat([...encoded, Buffer.from('0\r\n\r\n')]) };
};

const answerWell = async (fault: Healthy, request: RawRequest, socket: Socket, count: number): Promise<void> => {
  const waitMs = delayOf(fault.delay ?? 0, count);
  if (waitMs > 0) await delay(waitMs);
  const closes = fault.closes === true || fault.framing === 'close';
  const { headers, bytes } = frame(Buffer.from(fault.body ?? request.body), fault.framing);
  const version = fault.framing === 'close' ? 'HTTP/1.0' : 'HTTP/1.1';
  const all = [...JSON_TYPE, ...headers, ...(fault.headers ?? []), ...(closes ? ['Connection', 'close'] : [])];
  const head = Buffer.from(headText(`${version} ${fault.status ?? 200} Whatever`, all), 'latin1');
  const answer = Buffer.concat([head, bytes]);
  if (closes) socket.end(answer);
  else socket.write(answer);
};

const drip = async (bytes: Buffer, everyMs: number, socket: Socket): Promise<void> => {
  for (let i = 0; i < bytes.length && socket.writable; i++) {
    socket.write(bytes.subarray(i, i + 1));
    await delay(everyMs);
  }
};

const sendRaw = ({ bytes, ending = 'keep' }: Extract<AnswerFault, { kind: 'raw' }>, socket: Socket): void => {
  if (ending === 'end') socket.end(bytes);
  else socket.write(bytes, () => ending === 'reset' && socket.resetAndDestroy());
};

/** A promise for the next request on this connection to wait for, for ever. */
const never = (): Promise<void> => new Promise(() => {});

/** Treats `request`, the `count`th of this server, as `fault` says. Settles when the next one on this connection may be treated. */
export const answer = (
  fault: AnswerFault,
  request: RawRequest,
  socket: Socket,
  count: number,
): Promise<void> | void => {
  const good = withLength(request.body);
  switch (fault.kind) {
    case 'healthy':
      return answerWell(fault, request, socket, count);
    case 'silent':
      return never();
    case 'stalls':
      socket.write(good.subarray(0, good.length - request.body.length));
      return never();
    case 'drips':
      return drip(good, fault.everyMs ?? DRIP_MS, socket);
    case 'resets':
      socket.resetAndDestroy();
      return never();
    case 'cut':
      socket.end(good.subarray(0, good.length - Math.ceil(request.body.length / 2)));
      return never();
    case 'raw':
      return sendRaw(fault, socket);
  }
};
