import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { parseArgs } from 'node:util';
import { demoYaml } from './demo/config.ts';
import { reading, readRate, readSeconds, UsageError } from './demo/options.ts';
import { readPart } from './demo/parts.ts';
import { perform } from './demo/stage.ts';
import { keptPromise, summarise } from './demo/summary.ts';
import { TABLE_COLUMNS, TABLE_ROWS } from './demo/table.ts';
import { Board, type Report } from './demo/tally.ts';
import { type Load, newNodeId } from './demo/traffic.ts';
import { liveView, plainView, type View } from './demo/views.ts';
import { EXIT, type Io } from './io.ts';
import { USAGE, wrongUsage } from './usage.ts';

/** What the command line says, or nothing if it was only asked for a text. */
interface Wishes {
  readonly seconds: number;
  readonly rate: number;
  readonly log: string;
}

const OPTIONS = {
  seconds: { type: 'string', default: '30' },
  rate: { type: 'string', default: '50' },
  log: { type: 'string', default: devNull },
  'print-config': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const LINE_WIDTH = 100;

const readWishes = (args: string[], io: Io): Wishes | undefined => {
  const { values } = reading(() => parseArgs({ args, options: OPTIONS }));
  const { seconds, rate, log, help, 'print-config': printConfig } = values;
  if (help) io.stdout.write(USAGE.demo);
  else if (printConfig)
    io.stdout.write(demoYaml(['http://127.0.0.1:20001/apps/demo', 'http://127.0.0.1:20002/apps/demo']));
  else return { seconds: readSeconds(seconds), rate: readRate(rate), log };
  return undefined;
};

const chooseView = (load: Load, { stdout, env }: Io): View => {
  const { isTTY = false, columns = 0, rows = 0 } = stdout;
  const roomy = columns >= TABLE_COLUMNS && rows >= TABLE_ROWS && env.TERM !== 'dumb';
  return isTTY && roomy ? liveView(stdout, load, !env.NO_COLOR) : plainView(stdout, load);
};

class Interrupted extends Error {}

/** Rejects at the first signal to stop; `release` ends the wait for one. */
const awaitSignal = (): { readonly broken: Promise<never>; release(): void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (signal: NodeJS.Signals) => reject(new Interrupted(`stopped by ${signal}`));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  const release = () => {
    for (const signal of signals) process.off(signal, stop);
  };
  // Nobody may be waiting yet when it comes.
  promise.catch(() => {});
  return { broken: promise, release };
};

const show = async (load: Load, logFd: number, io: Io): Promise<Report> => {
  const view = chooseView(load, io);
  const { broken, release } = awaitSignal();
  // An error that nobody caught ends the process without a word to us, but the cursor must come back.
  process.on('exit', view.close);
  try {
    view.open();
    view.show(new Board().report({ phase: 0, elapsedMs: 0, over: false, heldUpMs: 0 }));
    const report = await perform({ load, logFd, onReport: view.show, broken });
    view.show(report);
    return report;
  } finally {
    view.close();
    process.off('exit', view.close);
    release();
  }
};

const openLog = (file: string): number => {
  try {
    return openSync(file, 'a');
  } catch (error) {
    throw new UsageError(`--log ${file} cannot be written: ${(error as Error).message}`);
  }
};

const play = async ({ log, seconds, rate }: Wishes, io: Io): Promise<number> => {
  const logFd = openLog(log);
  try {
    const load: Load = { seconds, rate, nodeId: newNodeId() };
    const report = await show(load, logFd, io);
    const { columns = LINE_WIDTH } = io.stdout;
    io.stdout.write(summarise(load, report, Math.min(columns, LINE_WIDTH)));
    return keptPromise(report) ? EXIT.fine : EXIT.failed;
  } finally {
    closeSync(logFd);
  }
};

/**
 * `breakwater demo`: the same hooks without and with the gateway, side by side, while the back-ends misbehave.
 * Gives 0 if every hook through the gateway was answered within the limit, 1 if not, 2 on wrong usage.
 * `breakwater demo back-end` and `breakwater demo wcs` are parts of it for a gateway that runs by itself.
 */
export const demo = async (args: string[], io: Io): Promise<number> => {
  try {
    const part = readPart(args);
    if (part) return await part(io);
    const wishes = readWishes(args, io);
    return wishes ? await play(wishes, io) : EXIT.fine;
  } catch (error) {
    if (error instanceof UsageError) return wrongUsage('demo', error.message, io);
    if (!(error instanceof Error)) throw error;
    io.stderr.write(`breakwater demo: ${error.message}\n`);
    return EXIT.failed;
  }
};
