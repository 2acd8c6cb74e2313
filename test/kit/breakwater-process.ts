import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from '../poll.ts';

const BIN = join(import.meta.dirname, '../../bin/breakwater.js');

/** `breakwater run` or another command as a process, and all that it has written. */
export class BreakwaterProcess {
  readonly #child: ChildProcess;
  #written = '';

  /** Takes the configuration to run with, or all words of a command. */
  constructor(command: string | readonly string[], env: NodeJS.ProcessEnv) {
    const words = typeof command === 'string' ? ['run', '--config', command] : command;
    this.#child = spawn(process.execPath, [BIN, ...words], { env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', text => (this.#written += text));
  }

  /** Standard output and error, as one. */
  get written(): string {
    return this.#written;
  }

  /** Waits for `pattern` in what is written from `from` on. */
  says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const found = () => {
      if (this.#child.exitCode !== null && !pattern.test(this.#written)) throw new Error(`ended:\n${this.#written}`);
      return pattern.exec(this.#written.slice(from));
    };
    return until(found, { what: `${pattern} in the log`, deadlineMs: 15_000 }) as Promise<RegExpExecArray>;
  }

  /** Tells it to read its configuration again, and waits for its answer. */
  async reload(): Promise<RegExpExecArray> {
    const from = this.#written.length;
    this.#child.kill('SIGHUP');
    return this.says(/"msg":"reload(?: refused|: the new)/, from);
  }

  async stop(): Promise<number | null> {
    const end = this.#child.exitCode === null ? once(this.#child, 'close') : undefined;
    this.#child.kill('SIGTERM');
    await end;
    return this.#child.exitCode;
  }
}
