import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

const reopen = (fd: number): number => {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
};

/** Has node put a socket into non-blocking mode, which lasts as long as what is returned. */
const unblock = (fd: number): Socket => new Socket({ fd, readable: false }).on('error', () => {}).unref();

/**
 * A descriptor for the log that takes nothing rather than make its writer wait. A write that waits for a reader holds a
 * thread for as long, and a process whose thread is held cannot end. A pipe is opened anew for that, so that others who
 * write to it are left as they are; a socket, as systemd gives, is changed itself; a file never waits. `keep` must be kept.
 */
export const openForLog = (fd: number): { readonly fd: number; readonly keep?: Socket } => {
  const stat = fstatSync(fd);
  if (stat.isFIFO()) return { fd: reopen(fd) };
  return stat.isSocket() ? { fd, keep: unblock(fd) } : { fd };
};
