import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../test/tools.ts';

const UP_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 3000;
const LOOK_MS = 20;
const LAST_WORDS_CHARS = 500;

/**
 * Which core a process is kept on: the proxy that is measured has one for itself, load and back-end share the other.
 * `first` is on the core of the load too, and runs before all else there as soon as it has something to do.
 */
export type Core = 'proxy' | 'load' | 'first';

const AFFINITY: Readonly<Record<Core, readonly string[]>> = {
  proxy: ['taskset', '-c', '1'],
  load: ['taskset', '-c', '0'],
  first: ['taskset', '-c', '0', 'chrt', '--fifo', '1'],
};

export interface Running {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** For SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
}

/** A program that takes orders on its standard input, a line each. */
export interface Obedient {
  order(line: string): void;
  /** All that it printed, once it has ended. */
  readonly printed: Promise<string>;
}

export interface StartOptions {
  readonly core: Core;
  /** The port it will listen on; `start` waits for that. */
  readonly port: number;
  readonly name: string;
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

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

/** Without two cores and `taskset` nothing is pinned, and the figures say more about the scheduler. */
export const canPin = (): boolean => availableParallelism() >= 2 && findTool('taskset') !== undefined;

/** Whether a process may be `first` on its core: that takes root, or CAP_SYS_NICE. */
export const canGoFirst = (): boolean => canPin() && spawnSync('chrt', ['--fifo', '1', 'true']).status === 0;

/** A folder and a set of processes that end with it. */
export class Lab {
  readonly dir = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  readonly #isPinned = canPin();
  readonly #children = new Set<ChildProcess>();
  #isClosed = false;
  readonly #setpriv = findTool('setpriv');

  /** Compiles one of `bench/native`; gives the path of the program. */
  compile(name: string): string {
    const source = join(import.meta.dirname, 'native', `${name}.c`);
    const program = join(this.dir, name);
    if (!findTool('gcc')) throw new Error('gcc is missing: run `apt-get install gcc libc6-dev` as root');
    execFileSync('gcc', ['-O2', '-o', program, source, '-lm']);
    return program;
  }

  /** Starts a server and waits until it listens. Its output goes to `NAME.log` in the folder. */
  async start(command: readonly string[], { core, port, name }: StartOptions): Promise<Running> {
    const log = openSync(join(this.dir, `${name}.log`), 'a');
    const child = this.#spawn(command, core, log);
    closeSync(log);
    const end = Date.now() + UP_WITHIN_MS;
    while (!(await isUp(port))) {
      if (hasEnded(child)) throw new Error(`${name} ended at once and said: ${this.#lastWords(name)}`);
      if (Date.now() > end) throw new Error(`${name} does not listen on port ${port}`);
      await sleep(LOOK_MS);
    }
    return {
      pid: child.pid ?? 0,
      port,
      stop: () => this.#stop(child),
      kill: () => this.#stop(child, ['SIGKILL']),
      signal: signal => void child.kill(signal),
    };
  }

  /** Runs a program to its end; gives what it printed. */
  run(command: readonly string[], core: Core = 'load'): Promise<string> {
    return this.#printedBy(command, this.#spawn(command, core, 'pipe'));
  }

  /** Starts a program that takes orders, and waits until it has printed something: that it is ready. */
  async obey(command: readonly string[], core: Core = 'load'): Promise<Obedient> {
    const child = this.#spawn(command, core, 'pipe', 'pipe');
    const printed = this.#printedBy(command, child);
    await Promise.race([new Promise(resolve => child.stdout?.once('data', resolve)), printed]);
    return { order: line => void child.stdin?.write(`${line}\n`), printed };
  }

  #printedBy(command: readonly string[], child: ChildProcess): Promise<string> {
    let text = '';
    let complaint = '';
    child.stdout?.on('data', chunk => (text += chunk));
    child.stderr?.on('data', chunk => (complaint += chunk));
    return new Promise((resolve, reject) =>
      child.once('close', code =>
        code === 0 ? resolve(text) : reject(new Error(`${command.join(' ')} ended with ${code}: ${complaint}`)),
      ),
    );
  }

  /** Ends every process and waits until it has; nothing can be started any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#children].map(child => this.#stop(child)));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** For the last moment of the process, when nothing can be waited for. */
  kill(): void {
    this.#isClosed = true;
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  #lastWords(name: string): string {
    return readFileSync(join(this.dir, `${name}.log`), 'utf8').slice(-LAST_WORDS_CHARS);
  }

  #spawn(
    command: readonly string[],
    core: Core,
    output: number | 'pipe',
    input: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    if (this.#isClosed) throw new Error('the bench is being ended');
    const pin = this.#isPinned ? AFFINITY[core] : [];
    const bound = this.#setpriv ? [this.#setpriv, '--pdeathsig', 'TERM'] : [];
    const nice = process.env.BENCH_NICE ? ['nice', '-n', process.env.BENCH_NICE] : [];
    const [program, ...rest] = [...nice, ...bound, ...pin, ...command];
    const child = spawn(program ?? '', rest, { stdio: [input, output, output], cwd: this.dir });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  async #stop(child: ChildProcess, signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL']): Promise<void> {
    for (const signal of signals) {
      if (!hasEnded(child)) child.kill(signal);
      const end = Date.now() + STOP_WITHIN_MS;
      while (!hasEnded(child) && Date.now() < end) await sleep(LOOK_MS);
    }
    this.#children.delete(child);
  }
}
