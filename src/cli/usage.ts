import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { suggest } from '../config/suggest.ts';
import { EXIT, type Io } from './io.ts';

export const VERSION: string = manifest.version;

const CONFIG = `  -c, --config FILE   the configuration; without it ./breakwater.yaml, or the packaged
                      config/default.yaml, which is for WCS's own EchoApp and admits everyone`;
const HELP = `  -h, --help          this text`;

/** What `--help` prints for each command. */
export const USAGE = {
  run: `Usage: breakwater run [--config FILE]

Runs the gateway until SIGTERM or SIGINT; calls in flight are then answered first, a second signal ends it at once.
SIGHUP reads the configuration again; if it is wrong, the running one stays. Breakers, budgets and measured hedge delays
begin anew then; last good answers stay.

${CONFIG}
${HELP}

Exit code: 0 stopped by a signal, 1 failed while running, 2 wrong usage or configuration.
`,
  check: `Usage: breakwater check [--config FILE]

Validates a configuration and prints it with every default written out and secrets masked. What is allowed but probably
not meant is told on standard error; if something is wrong, every problem is, one a line, with file, line and column.

${CONFIG}
${HELP}

Exit code: 0 valid, 2 wrong usage or configuration.
`,
  explain: `Usage: breakwater explain APP HOOK|/PATH [--config FILE]

Tells what happens to a hook of an app, or to a path that passes through, with its query or without, and which line of
the configuration or which built-in rule says so. Any word that is no hook will do where the path does not matter; paths
that no app has are of the app passthrough.
Example: breakwater explain EchoApp connect

${CONFIG}
${HELP}

Exit code: 0 told, 2 wrong usage or configuration, or no such app.
`,
  events: `Usage: breakwater events list|show|retry|drop|export [ID ...] [options]

Looks at the events that are stored for later delivery, and at dead letters: those that were given up because the
back-end rejected them or their time was over. Works while the gateway runs. An ID may be shortened to its beginning.

  list            what is stored, oldest first
  show ID         one event with its headers and body
  retry ID ...    delivers dead letters anew, behind what waits, and what waits at once
  drop ID ...     takes events out for good
  export          all of it, a line of JSON for each event

      --app APP       only of this app
      --hook HOOK     only of this hook
      --state STATE   only pending, or only dead
      --all           for retry and drop: all that the options above leave, instead of IDs
      --most N        list at most so many; 100 unless said otherwise
      --json          lines of JSON instead of a table
      --reveal        bodies and headers as they are; without it their secrets are taken out

${CONFIG}
${HELP}

Exit code: 0 done, 1 the journal cannot be opened or read, 2 wrong usage or configuration, or no such event.
`,
  demo: `Usage: breakwater demo [--seconds N] [--rate N]
       breakwater demo back-end [--listen HOST:PORT] [--seconds N]
       breakwater demo wcs --gateway URL [--ca FILE] [--rate N]

Shows on loopback what the gateway does: a simulated WCS, two back-ends that misbehave on a script, and the same load
without and with the gateway, side by side.

      --seconds N     how long, 5 to 600; 30 unless said otherwise
      --rate N        hooks a second on each side, 1 to 1000; 50 unless said otherwise
      --log FILE      where the gateway's log goes; nowhere unless said otherwise
      --print-config  print the demo's configuration and end
${HELP}

The others are parts of it for a gateway that you run yourself, until a signal ends them. back-end plays the part of the
first one, over and over. wcs sends hooks to an app of a gateway, signed if the environment has WCS_HOOK_SECRET. Over
https it verifies the gateway's certificate.

      --listen HOST:PORT  where the back-end takes hooks; 127.0.0.1:8000 unless said otherwise
      --seconds N     how long the script takes once, 5 to 600; 30 unless said otherwise
      --gateway URL   what WCS is told for the app, such as http://127.0.0.1:8090/rest/members
      --ca FILE       PEM file of the authorities that its certificate may come from; those that Node knows unless
                      said otherwise (NODE_EXTRA_CA_CERTS adds to these)
      --rate N        hooks a second, 1 to 1000; 50 unless said otherwise

Exit code: 0 every call was answered within the limit, or a part was ended by a signal; 1 not so; 2 wrong usage.
`,
} as const;
export type Command = keyof typeof USAGE;

/** Every command word. */
export const COMMANDS = Object.keys(USAGE) as readonly Command[];

/** What `breakwater --help` prints. */
export const MAIN_USAGE = `Usage: breakwater COMMAND

Stands between Flashphoner Web Call Server and the back-end that its REST hooks call, and answers every hook in time.

  run                 run the gateway
  check               validate a configuration and print what it comes to
  explain APP HOOK    tell what happens to a hook, and why
  events              look at stored events; retry, drop or export them
  demo                show it on loopback, with back-ends that misbehave

${HELP}
  -V, --version       the version

breakwater COMMAND --help tells more.
`;

export const isCommand = (word: string): word is Command => COMMANDS.some(command => command === word);

/** One line for a word that is no command. */
export const unknownCommand = (word: string): string => {
  const meant = suggest(word, COMMANDS);
  const remedy = meant ? `did you mean ${meant}?` : `write one of ${COMMANDS.join(', ')}`;
  return `breakwater: ${JSON.stringify(word)} is no command; ${remedy}\n`;
};

/** The configuration that comes with the package. */
export const PACKAGED_CONFIG = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

/** `./breakwater.yaml` if it is there, else the packaged one; nothing if a file is there that looks like it was meant. */
export const defaultConfigFile = (cwd: string): string | undefined => {
  const own = join(cwd, 'breakwater.yaml');
  if (existsSync(own)) return own;
  return existsSync(join(cwd, 'breakwater.yml')) ? undefined : PACKAGED_CONFIG;
};

/** Tells what is wrong with a command line and how to find out more; gives the exit code. */
export const wrongUsage = (command: Command, message: string, io: Io): number => {
  io.stderr.write(`breakwater ${command}: ${message}; see breakwater ${command} --help\n`);
  return EXIT.usage;
};

/** Said where a file is there that looks like it was meant. */
export const MISNAMED =
  'there is a breakwater.yml, which is not looked for; call it breakwater.yaml, or name it by --config';

/** Options and arguments of a command line, or the exit code if that was all: help was asked for, or it is wrong. */
export type CommandLine = { readonly config: string; readonly words: readonly string[] } | { readonly exit: number };

/** Reads the command line of a command that takes `--config` and as many words as there are `names`. */
export const readCommandLine = (command: Command, args: string[], names: readonly string[], io: Io): CommandLine => {
  const options = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true } satisfies ParseArgsConfig);
    if (values.help) {
      io.stdout.write(USAGE[command]);
      return { exit: EXIT.fine };
    }
    if (positionals.length !== names.length) return { exit: wrongUsage(command, wantedWords(names, positionals), io) };
    const config = values.config ?? defaultConfigFile(io.cwd);
    if (config === undefined) return { exit: wrongUsage(command, MISNAMED, io) };
    return { config, words: positionals };
  } catch (error) {
    return { exit: wrongUsage(command, firstSentence(error as Error), io) };
  }
};

const wantedWords = (names: readonly string[], given: readonly string[]): string => {
  const wanted =
    names.length === 0
      ? 'takes no words beside its options (a file is named by --config)'
      : `takes ${names.join(' and ')}`;
  return `${wanted}, but got ${given.length === 0 ? 'nothing' : given.map(word => JSON.stringify(word)).join(', ')}`;
};

/** parseArgs explains itself at length; its first sentence names the option. */
export const firstSentence = ({ message }: Error): string => {
  const sentence = message.split(/\. |\n/)[0] ?? message;
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
};
