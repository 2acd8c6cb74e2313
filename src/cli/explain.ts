import { explainHook, isHook } from '../config/explain-hook.ts';
import type { Fact } from '../config/fact.ts';
import { suggest } from '../config/suggest.ts';
import { CATALOGUE, findHook } from '../hooks/catalogue.ts';
import { loadOrTell } from './check.ts';
import { EXIT, type Io } from './io.ts';
import { readCommandLine } from './usage.ts';

/** `breakwater explain APP HOOK`: what would happen to a hook, and which line or built-in rule says so. */
export const explain = async (args: string[], io: Io): Promise<number> => {
  const line = readCommandLine('explain', args, ['APP', 'HOOK'], io);
  if ('exit' in line) return line.exit;
  const loaded = loadOrTell(line.config, io);
  if (!loaded) return EXIT.usage;
  const [name = '', hook = ''] = line.words;
  const app = loaded.draft.apps.find(({ options }) => options.name === name);
  if (!app) {
    const names = loaded.draft.apps.map(({ options }) => options.name);
    io.stderr.write(`breakwater explain: ${noSuchApp(name, names, loaded.file)}\n`);
    return EXIT.usage;
  }
  const isUnknown = !findHook(hook).known && !app.namedHooks.includes(hook);
  if (isUnknown && isHook(app, hook)) io.stderr.write(unknownHook(hook));
  io.stdout.write(
    `${hook} of ${name}, by ${loaded.file}\n\n${explainHook(loaded, app, hook).map(paragraph).join('\n')}`,
  );
  return EXIT.fine;
};

const unknownHook = (hook: string): string => {
  const meant = suggest(
    hook,
    CATALOGUE.map(({ name }) => name),
  );
  return `warning: WCS is not known to call ${JSON.stringify(hook)}${meant ? `; did you mean ${meant}?` : ''}\n`;
};

const noSuchApp = (name: string, names: readonly string[], file: string): string => {
  const meant = suggest(name, names);
  const remedy = meant ? `; did you mean ${meant}?` : '';
  return `no app ${JSON.stringify(name)} in ${file}, only ${names.join(', ')}${remedy}`;
};

const INDENT = ' '.repeat(14);

const paragraph = ({ name, value, meaning, from }: Fact): string =>
  `${name.padEnd(INDENT.length)}${value}\n${INDENT}${meaning}\n${INDENT}from ${from}\n`;
