import { isIPv4 } from 'node:net';

/** Where something listens. Port 0 is any free port. An IPv6 address stands without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8090`, `[::1]:8090`: as URLs and the configuration write it. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** True for an address that only this machine can reach; a name that begins like one may be anybody's. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (host.startsWith('127.') && isIPv4(host));

/** A socket of the file system: the path of its file. */
export interface SocketPath {
  readonly path: string;
}

/** Where somebody listens. */
export type ListenAddress = HostPort | SocketPath;

export const isSocketPath = (at: ListenAddress): at is SocketPath => 'path' in at;

/** As the configuration writes it: `127.0.0.1:8090`, `unix:/run/breakwater/hooks.sock`. */
export const formatAddress = (at: ListenAddress): string => (isSocketPath(at) ? `unix:${at.path}` : formatHostPort(at));

/** True if only who is on this machine can connect there. */
export const isLocal = (at: ListenAddress): boolean => isSocketPath(at) || isLoopback(at.host);
