import type { IncomingMessage } from 'node:http';
import type { Cancel } from '../core/cancel.ts';
import { after } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { STRETCH_MS, watchPace } from './pace.ts';

const EMPTY = Buffer.alloc(0);

/** How much of a refused body is read and thrown away, and for how long. */
export interface Patience {
  readonly bytes: number;
  readonly ms: number;
}

/** What of a body that nobody wants may come after the answer, so that the client reads that and not a reset. */
export const LINGER: Patience = { bytes: 16 * 1024 * 1024, ms: 2000 };

/** How many bytes of bodies that are still on their way may be held, of all connections together. */
const MOST_HELD = 256 * 1024 * 1024;

/** What is held of bodies that are still on their way. */
export class BodyRoom {
  #held = 0;

  /** False if there is no room for so many bytes more. */
  take(bytes: number): boolean {
    if (this.#held + bytes > MOST_HELD) return false;
    this.#held += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly limitMs: number;
  /** One that comes slower is given up; 0: any rate. */
  readonly bytesPerSecond: number;
  readonly room: BodyRoom;
}

/**
 * The whole body, at most `maxBytes` of it, within `limitMs` and no slower than `bytesPerSecond`. Throws `too_large`,
 * `request_timeout`, `overload` where all bodies together leave no room, or the reason of `cancel`, which is `gone` for a
 * client that leaves half-way.
 */
export const readBody = (
  request: IncomingMessage,
  { maxBytes, limitMs, bytesPerSecond, room }: BodyLimits,
  cancel: Cancel,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let held = 0;
    const settle = () => {
      room.giveBack(held);
      held = 0;
      release();
      stop();
      stopPace();
      request.off('data', collect);
    };
    const fail = (error: GatewayError) => {
      settle();
      reject(error);
    };
    const collect = (chunk: Buffer) => {
      bytes += chunk.length;
      if (!room.take(chunk.length)) return fail(new GatewayError('overload', 'too many bodies are on their way'));
      chunks.push(chunk);
      held = bytes;
      if (bytes > maxBytes)
        fail(new GatewayError('too_large', `the body has over ${maxBytes} bytes, the most of limits.body`));
    };
    const stop = after(limitMs, () =>
      fail(new GatewayError('request_timeout', 'the body did not arrive within the limit')),
    );
    // A shorter limit ends it before its pace is ever judged.
    const stopPace = watchPace(limitMs > STRETCH_MS ? bytesPerSecond : 0, { bytes: () => bytes }, fail);
    const release = cancel.onCancel(fail);
    request.on('data', collect);
    request.once('end', () => {
      settle();
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only : chunks.length === 0 ? EMPTY : Buffer.concat(chunks));
    });
  });

/** Reads the rest of a refused body and throws it away. True if it came to its end within `patience`. */
export const discardBody = (request: IncomingMessage, patience: Patience): Promise<boolean> =>
  new Promise(resolve => {
    if (request.complete) return resolve(true);
    let bytes = 0;
    const end = (whole: boolean) => {
      stop();
      request.off('data', count);
      resolve(whole);
    };
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > patience.bytes) end(false);
    };
    const stop = after(patience.ms, () => end(false));
    request.on('data', count);
    request.once('end', () => end(true));
    request.once('close', () => end(false));
    request.resume();
  });
