import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopback, isSocketPath, type ListenAddress } from '../core/host-port.ts';
import { shown } from './shown.ts';

const ADDRESS = /^(?:unix:(\/[^:\0]*[^:/\0])|(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5}))$/;
/** What fits into the address of a socket (unix(7)), with the 0 at its end. */
const LONGEST_SOCKET_PATH = 107;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

const WANTED = 'host:port, such as 127.0.0.1:8090 or [::1]:8090, or unix: and the whole path of a socket';

const TOO_LONG = `is longer than ${LONGEST_SOCKET_PATH} bytes, which is all that the path of a socket may have; choose a shorter one`;

const isShort = (path: string): boolean => Buffer.byteLength(path) <= LONGEST_SOCKET_PATH;

/**
 * `127.0.0.1:8090` or `[::1]:8090`, read into host and port; `unix:/run/breakwater.sock` into a path. `wanted` completes
 * "write" where it is neither.
 */
export const address = (wanted = WANTED) => {
  const error = (issue: { input?: unknown }) => `is ${shown(issue.input)}; write ${wanted}`;
  return z
    .string({ error })
    .regex(ADDRESS, { error })
    .transform((text): ListenAddress => {
      const [, path, bracketed, plain, port] = ADDRESS.exec(text) ?? [];
      return path === undefined ? { host: (bracketed ?? plain ?? '').toLowerCase(), port: Number(port) } : { path };
    })
    .refine(at => isSocketPath(at) || at.port <= 65_535, { error: 'has a port above 65535; write a smaller one' })
    .refine(at => !isSocketPath(at) || isShort(at.path), { error: TOO_LONG })
    .meta({ description: 'address: 127.0.0.1:8090, [::1]:8090, unix:/run/breakwater.sock' });
};

/** True for an IP address, or a network as address and number of fixed bits. */
export const isSubnet = (text: string): boolean => {
  const [, ip = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(ip);
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128));
};

/** True if a listener on `host` takes connections from anywhere. */
export const isWildcard = (host: string): boolean => WILDCARDS.includes(host);

/**
 * True if a connection to `target` would reach a listener on `listen`.
 * `own` are this machine's addresses, which matter when the listener takes connections on all of them.
 */
export const reaches = (target: ListenAddress, listen: ListenAddress, own: readonly string[] = []): boolean => {
  if (isSocketPath(target) || isSocketPath(listen))
    return isSocketPath(target) && isSocketPath(listen) && target.path === listen.path;
  if (listen.port === 0 || target.port !== listen.port) return false;
  if (target.host === listen.host) return true;
  const targetIsHere = isLoopback(target.host) || isWildcard(target.host);
  if (isWildcard(listen.host)) return targetIsHere || own.includes(target.host);
  return isLoopback(listen.host) && targetIsHere && sameFamily(target.host, listen.host);
};

/** `localhost` may be either family; an IPv4 loopback address is not reached through `::1`. */
const sameFamily = (a: string, b: string): boolean => {
  if (a === 'localhost' || b === 'localhost') return true;
  if (a.includes(':') !== b.includes(':')) return false;
  return isWildcard(a) || isWildcard(b) || a === b;
};

const SOCKET_UPSTREAM = /^unix:(\/[^:?#\s]*[^:/?#\s])(?::(\/[^?#\s]*)?)?$/;

const socketFault = (text: string): string | undefined => {
  const [, path] = SOCKET_UPSTREAM.exec(text) ?? [];
  if (path === undefined)
    return `is ${shown(text)}; write a socket and a path, such as unix:/run/app.sock:/apps/EchoApp`;
  return isShort(path) ? undefined : TOO_LONG;
};

/** What is wrong with the URL of an upstream, or undefined. */
export const upstreamFault = (text: string): string | undefined => {
  if (text.startsWith('unix:')) return socketFault(text);
  const url = URL.parse(text);
  if (!url || !/^https?:\/\/[^/]/i.test(text)) {
    // What stands before an at sign may be a password, however the rest is written.
    const what = text.includes('@') ? 'no URL without a user' : shown(text);
    return `is ${what}; write a URL such as http://127.0.0.1:8081/apps/EchoApp`;
  }
  if (url.username !== '' || url.password !== '') {
    return 'holds a user or password; remove it: the Authorization header of WCS is passed on as it is';
  }
  if (/[?#]/.test(text)) return 'has a query or a fragment; remove it: the name of the hook is added to the path';
  if (url.port === '0') return 'has port 0; write the port that the back-end listens on';
  return undefined;
};

/** True for a URL that spans may be sent to. Credentials in it, also in a query, would be shown. */
export const isCollector = (text: string): boolean => {
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.port !== '0';
  return isPlain && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
};

/** A faultless URL without trailing slashes. */
export const normaliseUpstream = (text: string): string => {
  const [, socket, base] = SOCKET_UPSTREAM.exec(text) ?? [];
  if (socket !== undefined) {
    const { pathname } = new URL(base ?? '/', 'http://localhost');
    return `unix:${socket}:${pathname}`.replace(/:?\/*$/, '');
  }
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/+$/, '');
};

/** What is asked for at a faultless upstream: `rest` comes behind its path, byte for byte. */
export const behind = (upstream: string, rest: string): string => {
  const [, socket, base] = SOCKET_UPSTREAM.exec(upstream) ?? [];
  const isBare = socket === undefined ? new URL(upstream).origin === upstream : base === undefined;
  const colon = socket !== undefined && isBare ? ':' : '';
  return `${upstream}${colon}${isBare && !rest.startsWith('/') ? '/' : ''}${rest}`;
};

/** Without brackets, the dot of a whole domain name, or the IPv6 form of an IPv4 address. */
const plainHost = (hostname: string): string => {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === '') return host;
  const bytes = Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex');
  return [...bytes].join('.');
};

/** The names among the hosts of faultless URLs, for which DNS is asked. */
export const namesOf = (upstreams: readonly string[]): readonly string[] => {
  const hosts = upstreams.map(upstreamAddress).map(at => (isSocketPath(at) ? '' : at.host));
  return [...new Set(hosts.filter(host => host !== '' && isIP(host) === 0))];
};

/** Where a faultless URL connects to. */
export const upstreamAddress = (upstream: string): ListenAddress => {
  const [, path] = SOCKET_UPSTREAM.exec(upstream) ?? [];
  if (path !== undefined) return { path };
  const { hostname, port, protocol } = new URL(upstream);
  return { host: plainHost(hostname), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
};
