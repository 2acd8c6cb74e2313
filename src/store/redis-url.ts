/** How Redis is laid out. */
export type Layout = 'standalone' | 'sentinel' | 'cluster';

/** What a URL of Redis says. */
export interface RedisAddress {
  readonly layout: Layout;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly isSecure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The name that sentinels know the master by; empty without sentinels. */
  readonly master: string;
  readonly db: number;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  '': 'standalone',
  '+sentinel': 'sentinel',
  '+cluster': 'cluster',
};
const DEFAULT_PORTS: Readonly<Record<Layout, number>> = { standalone: 6379, sentinel: 26379, cluster: 6379 };

const URL_FORM = /^redis(s?)(\+sentinel|\+cluster)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@?#]+)(?:\/([^?#]*))?$/;
const NODE = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

const FORMS =
  'redis://[user:password@]host:6379/0, redis+sentinel://host:26379,host2:26379/master/0 or redis+cluster://host:6379,host2:6379; rediss… for TLS';

/** `text` decoded; as it is where it is no percent-encoding. */
const decoded = (text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const readNodes = (text: string, layout: Layout): RedisAddress['nodes'] | undefined => {
  const nodes = text.split(',').map(part => NODE.exec(part));
  if (nodes.some(node => !node || Number(node[3] ?? 1) > 65_535 || Number(node[3] ?? 1) === 0)) return undefined;
  return nodes.map(node => ({
    host: node?.[1] ?? node?.[2] ?? '',
    port: Number(node?.[3] ?? DEFAULT_PORTS[layout]),
  }));
};

/** The path behind the nodes: `/master/db` with sentinels, `/db` else; a cluster has none. */
const readPath = (path: string, layout: Layout): { master: string; db: number } | undefined => {
  const parts = path === '' ? [] : path.split('/');
  const master = layout === 'sentinel' ? (parts.shift() ?? '') : '';
  const [db = '0', ...more] = parts;
  if (more.length > 0 || !/^\d{1,5}$/.test(db)) return undefined;
  if (layout === 'sentinel' ? master === '' : layout === 'cluster' && db !== '0') return undefined;
  return { master, db: Number(db) };
};

/** Reads a URL of Redis; gives nothing for what is none. */
export const readRedisUrl = (text: string): RedisAddress | undefined => {
  const [whole, secure, kind = '', username, password, hosts = '', path = ''] = URL_FORM.exec(text) ?? [];
  const layout = LAYOUTS[kind];
  if (whole === undefined || !layout) return undefined;
  const nodes = readNodes(hosts, layout);
  const rest = readPath(path, layout);
  if (!nodes || !rest || (layout === 'standalone' && nodes.length > 1)) return undefined;
  return { layout, nodes, isSecure: secure === 's', username: decoded(username), password: decoded(password), ...rest };
};

/** What is wrong with a URL of Redis, without what it may hold of secrets; nothing if it is sound. */
export const redisUrlFault = (text: string): string | undefined =>
  readRedisUrl(text) ? undefined : `is no URL of Redis; write ${FORMS}`;

/** Where Redis is, for people: no user, no password. */
export const showRedis = (text: string): string => text.replace(/\/\/.*@/s, '//');
