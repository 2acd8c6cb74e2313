import type { Socket } from 'node:net';
import { after } from '../core/clock.ts';
import { readProxyHeader } from './proxy-header.ts';

/** A proxy sends its header before anything else, in one packet as a rule. */
const WITHIN_MS = 5000;

/** Hears what a connection begins with. Exactly one of them is called, once, unless the connection ends before. */
export interface ProxiedEnd {
  /** What follows the header is back in the socket, which waits for `resume`. `source` as in `ProxyHeader`. */
  read(source: string | undefined): void;
  failed(why: string): void;
}

/** Takes the PROXY header from a connection that must begin with one. */
export const takeProxyHeader = (socket: Socket, end: ProxiedEnd): void => {
  let bytes: Buffer = Buffer.alloc(0);
  const leave = () => {
    stop();
    socket.off('data', look).off('end', cut).off('error', ignore).off('close', leave);
  };
  const fail = (why: string) => {
    leave();
    end.failed(why);
  };
  const look = (chunk: Buffer) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const header = readProxyHeader(bytes);
    if (header.is === 'wrong') return fail(header.why);
    if (header.is === 'partial') return;
    leave();
    socket.pause();
    if (bytes.length > header.bytes) socket.unshift(bytes.subarray(header.bytes));
    end.read(header.source);
  };
  // Who only looks if the port is open is no mistake of a proxy.
  const cut = () => (bytes.length === 0 ? socket.destroy() : fail('the connection ended within it'));
  const ignore = () => {};
  const stop = after(WITHIN_MS, () => fail(`it was not there within ${WITHIN_MS / 1000} s`));
  socket.on('data', look).on('end', cut).on('error', ignore).on('close', leave);
};
