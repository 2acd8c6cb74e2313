import { renderEffective } from '../config/effective.ts';
import { type Loaded, loadConfig, type Origin } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problems.ts';
import { EXIT, type Io } from './io.ts';
import { readCommandLine } from './usage.ts';

/** Loads a configuration; if it is wrong, tells every problem on standard error and gives nothing. */
export const loadOrTell = (file: string, io: Io, uses?: Origin['uses']): Loaded | undefined => {
  try {
    return loadConfig(file, io.env, uses);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) io.stderr.write(`${formatProblem(problem)}\n`);
    return undefined;
  }
};

/** `breakwater check`: prints the effective configuration as YAML, and on standard error what is doubtful or wrong. */
export const check = async (args: string[], io: Io): Promise<number> => {
  const line = readCommandLine('check', args, [], io);
  if ('exit' in line) return line.exit;
  const loaded = loadOrTell(line.config, io);
  if (!loaded) return EXIT.usage;
  const { warnings } = loaded;
  for (const warning of warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`);
  if (warnings.length > 0) io.stderr.write(`${warnings.length} warning${warnings.length === 1 ? '' : 's'}\n`);
  io.stdout.write(`# ${loaded.file} is valid; this is what it comes to\n${renderEffective(loaded)}`);
  return EXIT.fine;
};
