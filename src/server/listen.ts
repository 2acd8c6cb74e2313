import type { Server } from 'node:net';
import { GatewayError } from '../core/errors.ts';
import { formatHostPort, type HostPort } from '../core/host-port.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has this port; stop it or choose another port',
  EACCES: 'ports below 1024 need the right to bind them; choose a higher one',
  EADDRNOTAVAIL: 'this machine has no such address; choose one of its own, or 0.0.0.0 for all',
  ENOTFOUND: 'this host name is unknown; write an IP address',
};

/**
 * Opens `server` at `at` and tells the address that it got. Throws a GatewayError that names the configuration key
 * `what`, the address and the remedy.
 */
export const listen = (server: Server, at: HostPort, what: 'listen' | 'admin'): Promise<HostPort> =>
  new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const remedy = REMEDIES[error.code ?? ''] ?? error.message;
      reject(
        new GatewayError('internal', `${what}: cannot listen at ${formatHostPort(at)}: ${remedy}`, { cause: error }),
      );
    };
    server.once('error', fail);
    server.listen(at.port, at.host, () => {
      server.off('error', fail);
      const address = server.address();
      resolve({ host: at.host, port: typeof address === 'object' && address ? address.port : at.port });
    });
  });
