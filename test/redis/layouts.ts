import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../poll.ts';
import { requireTool } from '../tools.ts';
import { freePort, type RedisServer, startRedis, startReplica } from './server.ts';

/** Some redis-servers, and how Breakwater is told where they are. `closeServers` ends them. */
export interface Layout {
  readonly url: string;
  readonly servers: readonly RedisServer[];
  /** Certificates to trust. */
  readonly ca?: Buffer;
}

const START_MS = 20_000;
const ALL_SLOTS = 16_384;

export const standalone = async (args: readonly string[] = []): Promise<Layout> => {
  const server = await startRedis({ args });
  return { url: `redis://${server.address}/0`, servers: [server] };
};

/** A user who may do what Breakwater needs under its prefix, and nothing else. */
export const withUser = async (): Promise<Layout> => {
  const username = 'breakwater';
  const password = 'p@ss/w:rd%';
  const server = await startRedis({ args: ['--requirepass', 'default'], connect: { password: 'default' } });
  await server.client.acl('SETUSER', username, 'on', `>${password}`, '~breakwater:*', '+get', '+set', '+del');
  return { url: `redis://${username}:${encodeURIComponent(password)}@${server.address}/0`, servers: [server] };
};

const OPENSSL = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1';

/** TLS with a certificate that only its own `ca` vouches for. */
export const withTls = async (): Promise<Layout> => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync(requireTool('openssl'), [...OPENSSL.split(' '), ...names], { stdio: 'ignore' });
    const args = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ];
    const ca = readFileSync(cert);
    const server = await startRedis({ isTls: true, args, connect: { tls: { ca } } });
    return { url: `rediss://${server.address}/0`, servers: [server], ca };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

interface ClusterNode {
  readonly server: RedisServer;
  /** On which nodes speak to each other. By itself it would be the port plus 10000, which there may not be. */
  readonly busPort: number;
}

const startNode = async (timeoutMs: number): Promise<ClusterNode> => {
  const busPort = await freePort();
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${timeoutMs}`, '--cluster-port', `${busPort}`];
  return { server: await startRedis({ args }), busPort };
};

const shareSlots = async (nodes: readonly ClusterNode[]): Promise<void> => {
  const share = Math.ceil(ALL_SLOTS / nodes.length);
  for (const [i, { server }] of nodes.entries()) {
    const { client } = server;
    await client.cluster('ADDSLOTSRANGE', i * share, Math.min((i + 1) * share, ALL_SLOTS) - 1);
    await client.cluster('SET-CONFIG-EPOCH', i + 1);
  }
  const [first, ...others] = nodes;
  for (const { server, busPort } of others) {
    await first?.server.client.call('CLUSTER', 'MEET', server.host, server.port, busPort);
  }
};

const isWhole = async ({ client }: RedisServer): Promise<boolean> => {
  const info = `${await client.cluster('INFO')}`;
  return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
};

/** Waits until the nodes of a cluster agree that all of them are there. */
export const untilWhole = async (servers: readonly RedisServer[]): Promise<void> => {
  const areWhole = async () => (await Promise.all(servers.map(isWhole))).every(is => is);
  await until(areWhole, { what: 'the cluster is whole', deadlineMs: START_MS });
};

/** Three nodes that share all names. */
export const cluster = async (timeoutMs = 1000): Promise<Layout> => {
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(timeoutMs)));
  await shareSlots(nodes);
  const servers = nodes.map(({ server }) => server);
  await untilWhole(servers);
  return { url: `redis+cluster://${servers.map(({ address }) => address).join(',')}`, servers };
};

const sentinelConfig = ({ host, port }: RedisServer, downMs: number): string =>
  [
    `sentinel monitor main ${host} ${port} 1`,
    `sentinel down-after-milliseconds main ${downMs}`,
    'sentinel failover-timeout main 2000',
    '',
  ].join('\n');

/** A master, a replica, and the one Sentinel that watches them; in this order. */
export const sentinel = async (downMs = 500): Promise<Layout> => {
  const master = await startRedis();
  const replica = await startReplica(master);
  const config = sentinelConfig(master, downMs);
  const guard = await startRedis({ config, args: ['--sentinel'] });
  const seesReplica = async () =>
    `${await guard.client.call('SENTINEL', 'replicas', 'main')}`.includes(`${replica.port}`);
  await until(seesReplica, { what: 'the Sentinel knows the replica', deadlineMs: START_MS });
  return { url: `redis+sentinel://${guard.address}/main/0`, servers: [master, replica, guard] };
};
