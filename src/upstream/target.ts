import { isIP } from 'node:net';
import type { UpstreamTls } from '../options/tls.ts';
import type { Target } from './connection.ts';
import type { Names } from './names.ts';
import { Security } from './security.ts';

/** An upstream as the configuration names it, taken apart. */
export interface UpstreamParts {
  readonly target: Target;
  /** Path before the name of the hook, without a slash at its end. */
  readonly base: string;
  /** What is sent as `Host`: a Unix socket has no name, so it is `localhost`. */
  readonly host: string;
}

const UNIX = /^unix:([^:]+)(?::(.*))?$/;

/** How an upstream is reached. */
export interface Reach {
  /** How an https one is spoken to; absent: with Node's own authorities. */
  readonly tls?: UpstreamTls | undefined;
  /** Who knows the addresses of names; absent: the operating system is asked for each connection. */
  readonly names?: Names | undefined;
}

/** The path that an upstream has, without a slash at its end. */
export const baseOf = (upstream: string): string => {
  const [unix, , base = ''] = UNIX.exec(upstream) ?? [];
  return unix === undefined ? new URL(upstream).pathname.replace(/\/$/, '') : base;
};

/**
 * Takes `http://host:port/base`, `https://…` or `unix:/path.sock:/base` apart, which the configuration has found
 * faultless.
 */
export const readUpstream = (upstream: string, { tls, names }: Reach = {}): UpstreamParts => {
  const socketPath = UNIX.exec(upstream)?.[1];
  const base = baseOf(upstream);
  if (socketPath !== undefined) return { target: { socketPath }, base, host: 'localhost' };
  const url = new URL(upstream);
  const isSecure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return {
    target: {
      hostname,
      port: Number(url.port) || (isSecure ? 443 : 80),
      name: isIP(hostname) === 0 ? names?.of(hostname) : undefined,
      security: isSecure ? new Security(hostname, tls) : undefined,
    },
    base,
    host: url.host,
  };
};
