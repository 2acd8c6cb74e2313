import { type Loaded, loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problems.ts';
import type { Config } from '../config/types.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { JournalError } from '../delivery/journal.ts';
import { type Breakwater, start } from '../server/start.ts';
import { loadOrTell } from './check.ts';
import { EXIT, type Io } from './io.ts';
import { PACKAGED_CONFIG, readCommandLine, VERSION } from './usage.ts';

const RELOAD_KEPT = 'needs a restart to change';

/**
 * A key that is gone from WCS's own file may be a file that is just being written: nobody meant to open the door by it.
 * Throws a ConfigError then; where it is meant, the log says so.
 */
const checkDoor = (breakwater: Breakwater, { file, config, draft }: Loaded): void => {
  if (!breakwater.isSigned || config.wcs.secrets.length > 0) return;
  const { wcsFile } = draft;
  if (wcsFile && wcsFile.settings.signs?.value !== false) {
    const message = `${wcsFile.file} has no key any more, and hooks would be taken unsigned; write rest_hook_send_hash=false there if that is meant`;
    throw new ConfigError([{ file, path: 'wcs.properties', message }]);
  }
  breakwater.log.logger.warn('reload: hooks are taken unsigned from now on');
};

/** Reads the file again and puts it in force; a bad one is told, and the running one stays. */
const reload = (breakwater: Breakwater, file: string, io: Io): void => {
  const { logger } = breakwater.log;
  try {
    const loaded = loadConfig(file, io.env);
    const { config, warnings } = loaded;
    checkDoor(breakwater, loaded);
    const kept = breakwater.reload(config);
    for (const key of kept) logger.warn({ key }, `reload: ${key} ${RELOAD_KEPT}; it stays as it was`);
    for (const warning of warnings) logger.warn(formatProblem(warning));
    const all = kept.length > 0 ? `all but ${kept.join(', ')}` : 'all of it';
    logger.info(
      { file },
      `reload: the new configuration is in force, ${all}; calls that were out end under the old one`,
    );
    tellApps(breakwater, config);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [String(error)];
    breakwater.refuseReload(problems.join('\n'));
    for (const problem of problems)
      logger.warn({ file }, `reload refused, the running configuration stays: ${problem}`);
  }
};

const leaveAtOnce = (signal: NodeJS.Signals): void => {
  process.stderr.write(`breakwater: ${signal} again: ending at once, what is in flight is cut off\n`);
  process.exit(EXIT.failed);
};

/** npm passes on what a terminal or a supervisor has sent to its whole group: one wish comes twice within this time. */
const ECHO_MS = 500;

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
const stopSignal = (): Promise<NodeJS.Signals> =>
  new Promise(resolve => {
    let first: number | undefined;
    const stop = (signal: NodeJS.Signals) => {
      first ??= now();
      if (now() - first > ECHO_MS) leaveAtOnce(signal);
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });

/**
 * A defect that nobody caught: said on the log (which flushes at exit) and on stderr, then the end, since nothing is
 * known to hold any more.
 */
const dieLoudly = (breakwater: Breakwater, io: Io): void => {
  process.on('uncaughtException', error => {
    breakwater.log.logger.fatal({ err: error }, 'uncaught exception; the process ends');
    io.stderr.write(`breakwater: uncaught exception: ${error.stack ?? error}\n`);
    process.exit(EXIT.failed);
  });
};

const IS_EXAMPLE =
  "this is the packaged example, for WCS's own EchoApp: it admits everyone; there is no breakwater.yaml where this began, and no --config";

/** Where each app is taken, in the words that WCS's command line wants; on a Unix socket something else is in between. */
const tellApps = ({ url, log }: Breakwater, { apps }: Config): void => {
  for (const { name, path } of apps) {
    const line = url.startsWith('unix:')
      ? `hooks of ${name} are taken at ${url}:${path}/<hook>`
      : `WCS calls ${url}${path}/<hook>; there: update app -l ${url}${path} <app>`;
    log.logger.info({ app: name }, line);
  }
};

/** process.exit waits for all threads; a program that takes the place of this one, and ends, does not. */
const endWithoutThreads = (code: number): void =>
  process.execve?.(process.execPath, [process.execPath, '-e', `process.exitCode = ${code}`], {});

const serve = async (breakwater: Breakwater, file: string, io: Io): Promise<number> => {
  const { logger } = breakwater.log;
  process.on('SIGHUP', () => reload(breakwater, file, io));
  dieLoudly(breakwater, io);
  const signal = await stopSignal();
  logger.info({ signal }, 'stopping: no new connections, what is in flight is answered');
  await breakwater.close();
  if (breakwater.isAskingDns) endWithoutThreads(EXIT.fine);
  return EXIT.fine;
};

const startAndServe = async ({ config, warnings }: Loaded, file: string, io: Io): Promise<number> => {
  const breakwater = await start(config, { version: VERSION, configFile: file });
  const { url, adminUrl, log } = breakwater;
  for (const warning of warnings) log.logger.warn(formatProblem(warning));
  const fields = { version: VERSION, pid: process.pid, file, listen: url, admin: adminUrl };
  log.logger.info(fields, `hooks at ${url}, status at ${adminUrl}/status`);
  if (file === PACKAGED_CONFIG) log.logger.warn({ file }, IS_EXAMPLE);
  tellApps(breakwater, config);
  return serve(breakwater, file, io);
};

/** `breakwater run`: until a signal ends it. */
export const run = async (args: string[], io: Io): Promise<number> => {
  const line = readCommandLine('run', args, [], io);
  if ('exit' in line) return line.exit;
  const loaded = loadOrTell(line.config, io);
  if (!loaded) return EXIT.usage;
  try {
    return await startAndServe(loaded, line.config, io);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    io.stderr.write(`breakwater: ${error.message}\n`);
    if (error.cause instanceof JournalError && error.cause.code === 'stuck') endWithoutThreads(EXIT.failed);
    return EXIT.failed;
  }
};
