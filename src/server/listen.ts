import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';
import { GatewayError } from '../core/errors.ts';
import { formatAddress, isSocketPath, type ListenAddress } from '../core/host-port.ts';
import { clearSocket, SOCKET_MODE } from './socket-file.ts';

type Remedies = Readonly<Record<string, string>>;

const REMEDIES: Remedies = {
  EADDRINUSE: 'another process has this port; stop it or choose another port',
  EACCES: 'ports below 1024 need the right to bind them; choose a higher one',
  EADDRNOTAVAIL: 'this machine has no such address; choose one of its own, or 0.0.0.0 for all',
  ENOTFOUND: 'this host name is unknown; write an IP address',
};

const SOCKET_REMEDIES: Remedies = {
  EADDRINUSE: 'there is a socket that may not be looked at; remove it, or choose another path',
  EACCES: 'this user may not write to the folder; give it the right, or choose another folder',
  EROFS: 'the disk is read-only; choose another folder',
};

const open = (server: Server, at: ListenAddress): Promise<ListenAddress> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    const opened = () => {
      server.off('error', reject);
      const address = server.address();
      const hasPort = !isSocketPath(at) && typeof address === 'object' && address;
      resolve(hasPort ? { host: at.host, port: address.port } : at);
    };
    if (isSocketPath(at)) server.listen(at.path, opened);
    else server.listen(at.port, at.host, opened);
  });

/**
 * Opens `server` at `at` and tells the address that it got; a Unix socket may be connected to by the user and the group
 * of the process, and is removed when the server closes. Throws a GatewayError that names the configuration key `what`,
 * the address and the remedy.
 */
export const listen = async (server: Server, at: ListenAddress, what: 'listen' | 'admin'): Promise<ListenAddress> => {
  const fail = (remedy: string, cause?: unknown) =>
    new GatewayError('internal', `${what}: cannot listen at ${formatAddress(at)}: ${remedy}`, { cause });
  const obstacle = isSocketPath(at) ? await clearSocket(at.path) : undefined;
  if (obstacle) throw fail(obstacle);
  try {
    const got = await open(server, at);
    if (isSocketPath(at)) chmodSync(at.path, SOCKET_MODE);
    return got;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw fail((isSocketPath(at) ? SOCKET_REMEDIES : REMEDIES)[code] ?? message, error);
  }
};
