import type { UpstreamTls } from '../options/tls.ts';
import type { Target } from './connection.ts';
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

/**
 * Takes `http://host:port/base`, `https://…` or `unix:/path.sock:/base` apart, which the configuration has found
 * faultless; `tls` says how an https one is spoken to.
 */
export const readUpstream = (upstream: string, tls?: UpstreamTls): UpstreamParts => {
  const [, socketPath, base = ''] = UNIX.exec(upstream) ?? [];
  if (socketPath !== undefined) return { target: { socketPath }, base, host: 'localhost' };
  const url = new URL(upstream);
  const isSecure = url.protocol === 'https:';
  const place = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (isSecure ? 443 : 80) };
  return {
    target: isSecure ? { ...place, security: new Security(place, tls) } : place,
    base: url.pathname.replace(/\/$/, ''),
    host: url.host,
  };
};
