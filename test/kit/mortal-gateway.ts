import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../poll.ts';

const BIN = join(import.meta.dirname, '../../bin/breakwater.js');
const UP_WITHIN_MS = 60_000;

/** A port of the loopback that nobody listens on now. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
};

/** `breakwater run` on the same ports and the same folder, life after life. */
export class MortalGateway {
  readonly port: number;
  readonly #admin: number;
  readonly #file: string;
  #child: ChildProcess | undefined = undefined;
  #written = '';
  #hasEnded = true;

  private constructor(port: number, admin: number, file: string) {
    this.port = port;
    this.#admin = admin;
    this.#file = file;
  }

  /** Writes its configuration into `dir`: EchoApp before `upstream`, with `app` and `root` added. Does not start it. */
  static async create(dir: string, upstream: string, app: object = {}, root: object = {}): Promise<MortalGateway> {
    const [port, admin] = [await freePort(), await freePort()];
    const path = '/apps/EchoApp';
    const config = {
      listen: `127.0.0.1:${port}`,
      admin: `127.0.0.1:${admin}`,
      events: { dir: './events' },
      ...root,
      apps: [{ name: 'EchoApp', path, upstreams: [`${upstream}${path}`], ...app }],
    };
    const file = join(dir, 'breakwater.yaml');
    writeFileSync(file, stringify(config));
    return new MortalGateway(port, admin, file);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/apps/EchoApp`;
  }

  /** All that it has written in all its lives, on both streams. */
  get written(): string {
    return this.#written;
  }

  get isUp(): boolean {
    return !this.#hasEnded;
  }

  /** Resolves when it listens, or with its exit code if it ends before that. */
  async start(): Promise<number | undefined> {
    const from = this.#written.length;
    const child = spawn(process.execPath, [BIN, 'run', '--config', this.#file], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const end = once(child, 'close');
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => (this.#written += text));
    const listens = () => this.#written.indexOf('"msg":"hooks at ', from) >= 0 || child.exitCode !== null;
    await until(listens, { what: 'the gateway listens', deadlineMs: UP_WITHIN_MS, everyMs: 5 });
    this.#hasEnded = child.exitCode !== null;
    if (!this.#hasEnded) return undefined;
    await end;
    return child.exitCode ?? undefined;
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** How many events wait, and how many are dead letters. */
  async backlog(): Promise<{ readonly pending: number; readonly dead: number }> {
    const status = (await (await fetch(`http://127.0.0.1:${this.#admin}/status`)).json()) as {
      readonly events: readonly { readonly pending: number; readonly dead: number }[];
    };
    const sum = (key: 'pending' | 'dead') => status.events.reduce((all, each) => all + each[key], 0);
    return { pending: sum('pending'), dead: sum('dead') };
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#hasEnded = true;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'close');
    child.kill(signal);
    await end;
  }
}
