import { lstat, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Who runs the gateway and their group may connect: to connect is to write (unix(7)). */
export const SOCKET_MODE = 0o660;

type Answer = 'taken' | NodeJS.ErrnoException;

const knock = (path: string): Promise<Answer> =>
  new Promise(resolve => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('taken');
    });
    socket.once('error', resolve);
  });

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** What keeps a Unix socket from being opened at `path`, if anything does. One that nobody listens on is removed. */
export const clearSocket = async (path: string): Promise<string | undefined> => {
  const there = await lstat(path).catch(() => undefined);
  // A folder that is missing would be told as one that may not be written to.
  if (!there) return (await isFolder(dirname(path))) ? undefined : 'its folder does not exist; make it';
  if (!there.isSocket()) return 'there is a file of this name that is no socket; remove it, or choose another path';
  const answer = await knock(path);
  if (answer === 'taken') return 'another process listens there; stop it, or choose another path';
  // Whoever had it has gone without removing it.
  if (answer.code === 'ECONNREFUSED') await unlink(path).catch(() => {});
  return undefined;
};
