import { isIP } from 'node:net';

/** Where a proxy says that a request came to it from. */
export interface Hop {
  /** `unknown` where it names none; absent where it speaks of the other end of its own connection. */
  readonly address?: string;
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
}

/** What proxies say of the way of a request, the nearest one last; in the usual fields and in the standard one. */
export interface Told {
  readonly usual: readonly Hop[];
  readonly standard: readonly Hop[];
}

const FIELDS: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']);
const HOST = /^(?:[\w.~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** RFC 7239 §4: a pair, in quotes or not, and what parts it from the next: a semicolon within a hop, else a comma. */
const PAIR = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))[ \t]*([;,]|$)/y;

const addressIn = (text: string): string => {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\w+)?|([^:]*)(?::\w+)?)$/.exec(text) ?? [];
  // As many write it, although no port could be told from it.
  const address = isIP(text) === 6 ? text : (bracketed ?? plain ?? '');
  return isIP(address) === 0 ? 'unknown' : address;
};

const asScheme = (text = ''): Pick<Hop, 'scheme'> => {
  const scheme = text.toLowerCase();
  return scheme === 'http' || scheme === 'https' ? { scheme } : {};
};

const asHost = (text = ''): Pick<Hop, 'host'> => (HOST.test(text) ? { host: text } : {});

const listOf = (value = ''): string[] => {
  const items = value.split(',').map(item => item.trim());
  return items.every(item => item === '') ? [] : items;
};

/** The one that belongs to the hop at `fromEnd`; a proxy that says it once says it for all. */
const besides = (items: readonly string[], fromEnd: number): string | undefined =>
  items.at(-Math.min(fromEnd, items.length)) ?? undefined;

const readUsual = (values: ReadonlyMap<string, string>): Hop[] => {
  const addresses = listOf(values.get('x-forwarded-for'));
  const [protos, hosts] = [listOf(values.get('x-forwarded-proto')), listOf(values.get('x-forwarded-host'))];
  const rest = (fromEnd: number) => ({ ...asScheme(besides(protos, fromEnd)), ...asHost(besides(hosts, fromEnd)) });
  if (addresses.length === 0) return protos.length + hosts.length === 0 ? [] : [rest(1)];
  return addresses.map((text, at) => ({ address: addressIn(text), ...rest(addresses.length - at) }));
};

const asHop = (pairs: ReadonlyMap<string, string>): Hop => ({
  address: addressIn(pairs.get('for') ?? ''),
  ...asScheme(pairs.get('proto')),
  ...asHost(pairs.get('host')),
});

const NOBODY: Hop = { address: 'unknown' };

/**
 * A value that is not well-formed as a whole names nobody: the client may have opened a quote for what the proxy adds to
 * end up in.
 */
const readStandard = (value: string): Hop[] => {
  const hops: Hop[] = [];
  const pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < value.length) {
    const [, name, quoted, token = '', end] = PAIR.exec(value) ?? [];
    if (name === undefined) return [NOBODY];
    pairs.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token);
    if (end === ';') continue;
    hops.push(asHop(pairs));
    pairs.clear();
  }
  return pairs.size === 0 ? hops : [NOBODY];
};

/** What `rawHeaders`, names and values in turn, tell of the way of a request, if anything; nothing of it is judged. */
export const readTold = (rawHeaders: readonly string[]): Told | undefined => {
  const values = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!FIELDS.has(name)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? (rawHeaders[i + 1] as string) : `${before},${rawHeaders[i + 1]}`);
  }
  if (values.size === 0) return undefined;
  return { usual: readUsual(values), standard: readStandard(values.get('forwarded') ?? '') };
};
