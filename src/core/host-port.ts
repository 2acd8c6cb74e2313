/** Where something listens. Port 0 is any free port. An IPv6 address stands without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8090`, `[::1]:8090`: as URLs and the configuration write it. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
