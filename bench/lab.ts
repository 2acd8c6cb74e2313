import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const UP_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 3000;
const LOOK_MS = 20;

/** Which core a process is kept on: the proxy that is measured has one for itself, load and back-end share the other. */
export type Core = 'proxy' | 'load';

export interface Running {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly core: Core;
  /** The port it will listen on; `start` waits for that. */
  readonly port: number;
  readonly name: string;
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** The path of a program, or nothing if it is not installed; Debian keeps servers where only root looks. */
export const findProgram = (name: string): string | undefined => {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map(folder => join(folder, name)).find(isProgram);
};

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** A port of the loopback that nobody listens on now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const isUp = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const tell = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
  });

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** A folder and a set of processes that end with it. */
export class Lab {
  readonly dir = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  /** Without two cores and `taskset` nothing is pinned, and the figures say more about the scheduler. */
  readonly pinned = availableParallelism() >= 2 && findProgram('taskset') !== undefined;
  readonly #children = new Set<ChildProcess>();
  readonly #ondeath = findProgram('setpriv');

  /** Compiles one of `bench/native`; gives the path of the program. */
  compile(name: string): string {
    const source = join(import.meta.dirname, 'native', `${name}.c`);
    const program = join(this.dir, name);
    execFileSync('gcc', ['-O2', '-o', program, source, '-lm']);
    return program;
  }

  /** Starts a server and waits until it listens. Its output goes to `NAME.log` in the folder. */
  async start(command: readonly string[], { core, port, name }: StartOptions): Promise<Running> {
    const child = this.#spawn(command, core, openSync(join(this.dir, `${name}.log`), 'a'));
    const end = Date.now() + UP_WITHIN_MS;
    while (!(await isUp(port))) {
      if (hasEnded(child)) throw new Error(`${name} ended at once; its last words are in ${this.dir}/${name}.log`);
      if (Date.now() > end) throw new Error(`${name} does not listen on port ${port}`);
      await sleep(LOOK_MS);
    }
    return { pid: child.pid ?? 0, port, stop: () => this.#stop(child) };
  }

  /** Runs a program to its end; gives what it printed. */
  run(command: readonly string[], core: Core = 'load'): Promise<string> {
    const child = this.#spawn(command, core, 'pipe');
    let text = '';
    child.stdout?.on('data', chunk => (text += chunk));
    return new Promise((resolve, reject) =>
      child.once('close', code =>
        code === 0 ? resolve(text) : reject(new Error(`${command.join(' ')} ended with ${code}: ${text}`)),
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map(child => this.#stop(child)));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** For the last moment of the process, when nothing can be waited for. */
  kill(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  #spawn(command: readonly string[], core: Core, output: number | 'pipe'): ChildProcess {
    const pin = this.pinned ? ['taskset', '-c', core === 'proxy' ? '1' : '0'] : [];
    const bound = this.#ondeath ? [this.#ondeath, '--pdeathsig', 'TERM'] : [];
    const nice = process.env.BENCH_NICE ? ['nice', '-n', process.env.BENCH_NICE] : [];
    const [program, ...rest] = [...nice, ...bound, ...pin, ...command];
    const child = spawn(program ?? '', rest, { stdio: ['ignore', output, output], cwd: this.dir });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  async #stop(child: ChildProcess): Promise<void> {
    child.kill('SIGTERM');
    const end = Date.now() + STOP_WITHIN_MS;
    while (!hasEnded(child) && Date.now() < end) await sleep(LOOK_MS);
    if (!hasEnded(child)) child.kill('SIGKILL');
    this.#children.delete(child);
  }
}
