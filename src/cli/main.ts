import { check } from './check.ts';
import { demo } from './demo.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { EXIT, type Io } from './io.ts';
import { run } from './run.ts';
import { type Command, isCommand, MAIN_USAGE, unknownCommand, VERSION } from './usage.ts';

const COMMANDS: Readonly<Record<Command, (args: string[], io: Io) => Promise<number>>> = {
  run,
  check,
  explain,
  events,
  demo,
};

/** A reader that has seen enough (`breakwater demo | head`) is no failure worth a stack trace. */
const endWithReader = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.failed);
};

const terminal = (): Io => {
  process.stdout.on('error', endWithReader);
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() };
};

/** Runs the command that `argv` (without node and script) begins with; gives the exit code. */
export const main = async (argv: readonly string[], io: Io = terminal()): Promise<number> => {
  const [word = '--help', ...args] = argv;
  if (isCommand(word)) return COMMANDS[word](args, io);
  if (word === '--version' || word === '-V' || word === '-v') io.stdout.write(`${VERSION}\n`);
  else if (word === '--help' || word === '-h' || word === 'help') io.stdout.write(MAIN_USAGE);
  else {
    io.stderr.write(unknownCommand(word));
    return EXIT.usage;
  }
  return EXIT.fine;
};
