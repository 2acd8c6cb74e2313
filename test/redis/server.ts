import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../poll.ts';
import { requireTool } from '../tools.ts';

const HOST = '127.0.0.1';
const START_MS = 10_000;

const open = new Set<RedisServer>();
// Whatever happens to a test, none of them is left behind.
process.once('exit', () => {
  for (const server of open) server.abandon();
});

/** Ends all servers that were started, those too of a layout that did not come about. To be called after each test. */
export const closeServers = async (): Promise<void> =>
  void (await Promise.all([...open].map(server => server.close())));

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

export interface ServerOptions {
  /** Further arguments. */
  readonly args?: readonly string[];
  /** How to connect for the test's own commands, beside host and port. */
  readonly connect?: { readonly password?: string; readonly tls?: { readonly ca: Buffer } };
  /** Lines of a configuration file; a Sentinel needs one. */
  readonly config?: string;
  /** Some port if absent. */
  readonly port?: number;
  /** Speak TLS on the port. */
  readonly isTls?: boolean;
}

/** A redis-server in a temporary folder of its own. Nothing of it is left after `close`. */
export class RedisServer {
  readonly host = HOST;
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'breakwater-redis-'));
  #child: ChildProcess | undefined;
  #client: Redis | undefined;

  constructor(port: number, options: ServerOptions) {
    this.port = port;
    this.#options = options;
    open.add(this);
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** For what tests say to it themselves. */
  get client(): Redis {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Starts it, empty; done when it answers. */
  async start(): Promise<void> {
    const child = spawn(requireTool('redis-server'), this.#args(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const log: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => log.push(chunk));
    const answers = () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended: ${Buffer.concat(log)}`);
      return this.#isSelf(child).catch(() => false);
    };
    await until(answers, { what: `redis-server on ${this.address} answers`, deadlineMs: START_MS });
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#client?.disconnect();
    this.#client = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Keeps its connections open, and takes new ones, but says nothing more. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    this.abandon();
  }

  /** Like `close`, but waits for nothing. */
  abandon(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    open.delete(this);
  }

  /** Another one may have taken the port in the meantime. */
  async #isSelf({ pid }: ChildProcess): Promise<boolean> {
    return (await this.client.info('server')).includes(`process_id:${pid}\r`);
  }

  #args(): string[] {
    const { args = [], config, isTls } = this.#options;
    const file = join(this.#folder, 'redis.conf');
    if (config !== undefined) writeFileSync(file, config);
    const ports = isTls ? ['--port', '0', '--tls-port', `${this.port}`] : ['--port', `${this.port}`];
    const place = ['--bind', HOST, '--save', '', '--dir', this.#folder, '--repl-diskless-sync-delay', '0'];
    return [...(config === undefined ? [] : [file]), ...ports, ...place, ...args];
  }

  #connect(): Redis {
    const retryStrategy = () => 20;
    const client = new Redis({ ...this.#options.connect, host: HOST, port: this.port, retryStrategy });
    client.on('error', () => {});
    return client;
  }
}

/** Starts a redis-server on a free port. Another process may be quicker to take it, hence more than one try. */
export const startRedis = async (options: ServerOptions = {}, tries = 3): Promise<RedisServer> => {
  const server = new RedisServer(options.port ?? (await freePort()), options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.close();
    if (tries <= 1 || !`${error}`.includes('in use')) throw error;
    return startRedis(options, tries - 1);
  }
};

/** Starts one that copies `master`. */
export const startReplica = async (master: RedisServer): Promise<RedisServer> => {
  const replica = await startRedis({ args: ['--replicaof', master.host, `${master.port}`] });
  const isLinked = async () => (await replica.client.info('replication')).includes('master_link_status:up');
  await until(isLinked, { what: 'the replica follows its master', deadlineMs: START_MS });
  return replica;
};
