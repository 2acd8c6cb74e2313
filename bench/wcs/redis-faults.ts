import { Redis } from 'ioredis';
import { type Lab, sleep } from '../lab.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A real Redis that its troubles are made for. It keeps its data on disk, so that it has them when it is back. */
export class TroubledRedis {
  readonly #lab: Lab;
  #server: RedisServer;

  private constructor(lab: Lab, server: RedisServer) {
    this.#lab = lab;
    this.#server = server;
  }

  static async start(lab: Lab): Promise<TroubledRedis> {
    return new TroubledRedis(lab, await startRedis(lab, undefined, KEPT));
  }

  get url(): string {
    return this.#server.url;
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async start(): Promise<void> {
    this.#server = await startRedis(this.#lab, this.#server.port, KEPT);
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.signal(signal);
  }

  /** One command, as an operator would give it. */
  async command(name: string, ...words: readonly string[]): Promise<void> {
    const client = new Redis(this.url);
    try {
      await client.call(name, ...words);
    } finally {
      client.disconnect();
    }
  }
}

/** What happens to Redis for a while, and what ends it. */
export interface Trouble {
  readonly name: string;
  begin(redis: TroubledRedis): Promise<void> | void;
  end(redis: TroubledRedis): Promise<void> | void;
}

const KEPT = ['--appendonly', 'yes', '--enable-debug-command', 'local'];

export const TROUBLES: readonly Trouble[] = [
  { name: 'killed', begin: redis => redis.kill(), end: redis => redis.start() },
  { name: 'paused (SIGSTOP)', begin: redis => redis.signal('SIGSTOP'), end: redis => redis.signal('SIGCONT') },
  {
    name: 'full',
    begin: redis => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: redis => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    name: 'read-only',
    begin: redis => redis.command('REPLICAOF', '127.0.0.1', '1'),
    end: redis => redis.command('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'restarted',
    begin: async redis => {
      await redis.stop();
      await redis.start();
    },
    end: () => sleep(0),
  },
];
