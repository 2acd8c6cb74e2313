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
