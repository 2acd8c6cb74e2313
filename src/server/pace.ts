import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { after, now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { carrierOf } from '../tls/listener.ts';

/** A body is judged after so long for the first time, and then by each stretch as long. */
export const STRETCH_MS = 5000;
/** A look that comes so late says that this process was held up, and nothing about the client. */
const LATE_MS = 1000;
/** A client that takes nothing of what waits for it for so long is given up. */
const WRITE_MS = 30_000;

const NOTHING = (): void => {};

/** Looks again and again, `everyMs` apart, until `look` gives false; what is returned ends it. */
const lookEach = (everyMs: number, look: () => boolean): (() => void) => {
  let stop = NOTHING;
  const begin = () => {
    const dueAt = now() + everyMs;
    stop = after(everyMs, () => {
      if (now() - dueAt > LATE_MS || look()) begin();
    });
  };
  begin();
  return () => stop();
};

/** A body that is on its way. */
export interface Incoming {
  /** How many bytes have come so far. */
  readonly bytes: () => number;
  /** True while it is not the client who is slow: more has come than was taken, or nothing is taken yet. */
  readonly isWaiting?: () => boolean;
}

/**
 * Calls `cut` with a `request_timeout` once a stretch of five seconds brings fewer than `perSecond` bytes a second; 0 is
 * any rate. What is returned ends the watch, and must be called when the body is here.
 */
export const watchPace = (
  perSecond: number,
  { bytes, isWaiting }: Incoming,
  cut: (error: GatewayError) => void,
): (() => void) => {
  if (perSecond === 0) return NOTHING;
  let [before, waited] = [bytes(), isWaiting?.()];
  return lookEach(STRETCH_MS, () => {
    const [came, waits] = [bytes() - before, isWaiting?.()];
    const isHeldUp = waits || waited;
    before += came;
    waited = waits;
    if (isHeldUp || came * 1000 >= perSecond * STRETCH_MS) return true;
    cut(new GatewayError('request_timeout', `the body came slower than limits.bodyRate, ${perSecond} bytes a second`));
    return false;
  });
};

/** What the operating system has taken of all that was written. */
const takenOf = (socket: Socket): number => socket.bytesWritten - socket.writableLength;

/**
 * Calls `cut` with `unread` once a client has taken nothing for `patienceMs` of what waited for it all that time. For answers of
 * any length: one that comes slowly from the back-end leaves nothing waiting. What is returned ends the watch.
 */
export const watchReader = (
  socket: Socket,
  cut: (error: GatewayError) => void,
  patienceMs = WRITE_MS,
): (() => void) => {
  const wait = () => (socket.writableLength > 0 ? takenOf(socket) : undefined);
  let before = wait();
  const stop = lookEach(patienceMs, () => {
    const at = wait();
    const isStuck = at !== undefined && at === before;
    before = at;
    if (isStuck) cut(new GatewayError('unread'));
    return !isStuck;
  });
  socket.once('close', stop);
  return () => {
    socket.off('close', stop);
    stop();
  };
};

/** Ends a connection with all that waits on it: ended in good order, the operating system would keep that for minutes. */
export const drop = (socket: Socket): void => {
  const carrier = carrierOf(socket);
  // Of Unix sockets nothing is kept.
  if (carrier.remoteAddress === undefined) socket.destroy();
  else carrier.resetAndDestroy();
};

/** True for a request with a body, be it an empty one. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/**
 * Watches what passes through: `fail` hears of a body that comes slower than `perSecond`, and of a client that does not
 * read, whose connection is reset. What a slow back-end leaves waiting counts against nobody. What is returned ends the
 * watch.
 */
export const watchPassing = (
  request: IncomingMessage,
  perSecond: number,
  fail: (error: GatewayError) => void,
): (() => void) => {
  const { socket } = request;
  const stopReader = watchReader(socket, error => {
    drop(socket);
    fail(error);
  });
  if (!hasBody(request)) return stopReader;
  const isWaiting = () => request.complete || request.readableFlowing !== true || request.readableLength > 0;
  const stopPace = watchPace(perSecond, { bytes: () => socket.bytesRead, isWaiting }, fail);
  return () => {
    stopPace();
    stopReader();
  };
};

/** Gives up connections whose clients do not read what was written, so that nobody is held up for ever. */
export class Readers {
  readonly #watched = new WeakSet<Socket>();
  readonly #patienceMs: number;

  constructor(patienceMs = WRITE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** To be called after each answer: a connection that could not take one at once is watched for as long as it lives. */
  bound(socket: Socket, told: (error: GatewayError) => void): void {
    if (socket.writableLength === 0 || this.#watched.has(socket)) return;
    this.#watched.add(socket);
    const giveUp = (error: GatewayError) => {
      told(error);
      drop(socket);
    };
    watchReader(socket, giveUp, this.#patienceMs);
  }
}
