import { PASSTHROUGH } from '../config/assemble.ts';
import { explainHook, explainThrough, isHook } from '../config/explain-hook.ts';
import { explainPath } from '../config/explain-path.ts';
import type { Fact } from '../config/fact.ts';
import type { Loaded } from '../config/load.ts';
import { suggest } from '../config/suggest.ts';
import { CATALOGUE, findHook } from '../hooks/catalogue.ts';
import { loadOrTell } from './check.ts';
import { EXIT, type Io } from './io.ts';
import { readCommandLine } from './usage.ts';

/**
 * `breakwater explain APP HOOK`, or with a path in place of the hook: what would happen to it, and which line or built-in
 * rule says so.
 */
export const explain = async (args: string[], io: Io): Promise<number> => {
  const line = readCommandLine('explain', args, ['APP', 'HOOK or /PATH'], io);
  if ('exit' in line) return line.exit;
  const loaded = loadOrTell(line.config, io);
  if (!loaded) return EXIT.usage;
  const [name = '', what = ''] = line.words;
  const told = what.startsWith('/') ? tellPath(loaded, name, what) : tellHook(loaded, name, what, io);
  if (typeof told === 'string') {
    io.stderr.write(`breakwater explain: ${told}\n`);
    return EXIT.usage;
  }
  io.stdout.write(`${what} of ${name}, by ${loaded.file}\n\n${told.map(paragraph).join('\n')}`);
  return EXIT.fine;
};

/** The facts, or why there are none. */
type Told = readonly Fact[] | string;

const tellHook = (loaded: Loaded, name: string, hook: string, io: Io): Told => {
  const app = loaded.draft.apps.find(({ options }) => options.name === name);
  if (!app && name === PASSTHROUGH && loaded.config.passthrough) return `${name} has no hooks; ${WANTS_PATH}`;
  if (!app) return noSuchApp(loaded, name);
  const isUnknown = !findHook(hook).known && !app.namedHooks.includes(hook);
  if (isUnknown && isHook(app, hook)) io.stderr.write(unknownHook(hook));
  return explainHook(loaded, app, hook);
};

const WANTS_PATH = 'write a path in place of the hook, such as /index.html';

const tellPath = (loaded: Loaded, name: string, path: string): Told => {
  const { apps, passthrough } = loaded.config;
  const backed = apps.find(app => app.name === name) ?? (passthrough?.name === name ? passthrough : undefined);
  if (!backed) return noSuchApp(loaded, name);
  if (!path.startsWith(`${backed.path}/`)) return `${path} is not below ${backed.path}, which is the path of ${name}`;
  const [pathAlone = ''] = path.split('?');
  const owner = backed === passthrough ? ownerOf(pathAlone, loaded) : undefined;
  if (owner !== undefined) return `${path} is of ${owner}, not of ${name}`;
  const facts = explainPath(loaded, backed, pathAlone);
  if (!facts) return `nothing passes through to ${name}; write passthrough: true for it`;
  const app = loaded.draft.apps.find(({ options }) => options.name === name);
  return [...(app ? explainThrough(loaded, app) : []), ...facts];
};

/** The app that a path belongs to. */
const ownerOf = (path: string, { config: { apps } }: Loaded): string | undefined =>
  apps.find(app => path === app.path || path.startsWith(`${app.path}/`))?.name;

const unknownHook = (hook: string): string => {
  const meant = suggest(
    hook,
    CATALOGUE.map(({ name }) => name),
  );
  return `warning: WCS is not known to call ${JSON.stringify(hook)}${meant ? `; did you mean ${meant}?` : ''}\n`;
};

const noSuchApp = ({ draft, config, file }: Loaded, name: string): string => {
  const names = [...draft.apps.map(({ options }) => options.name), ...(config.passthrough ? [PASSTHROUGH] : [])];
  const meant = suggest(name, names);
  const remedy = meant ? `; did you mean ${meant}?` : '';
  return `no app ${JSON.stringify(name)} in ${file}, only ${names.join(', ')}${remedy}`;
};

const INDENT = ' '.repeat(14);

const paragraph = ({ name, value, meaning, from }: Fact): string =>
  `${name.padEnd(INDENT.length)}${value}\n${INDENT}${meaning}\n${INDENT}from ${from}\n`;
