import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Lab, type Running } from '../lab.ts';

export interface RedisServer extends Running {
  readonly url: string;
}

/** Starts Debian's Redis without persistence, on `port` or a free one. `settings` are more words of its command line. */
export const startRedis = async (lab: Lab, port?: number, settings: readonly string[] = []): Promise<RedisServer> => {
  const at = port ?? (await freePort());
  const dir = join(lab.dir, `redis-${at}`);
  mkdirSync(dir, { recursive: true });
  const command = ['redis-server', '--port', String(at), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const running = await lab.start([...command, ...settings], { core: 'load', port: at, name: `redis-${at}` });
  return { ...running, url: `redis://127.0.0.1:${at}/0` };
};
