import { backedOf } from '../config/draft.ts';
import { explainHook, explainThrough } from '../config/explain-hook.ts';
import { isHook } from '../config/explain-passthrough.ts';
import { explainPath } from '../config/explain-path.ts';
import type { Fact } from '../config/fact.ts';
import type { Loaded } from '../config/load.ts';
import { suggest } from '../config/suggest.ts';
import type { Backed, Config } from '../config/types.ts';
import { createOwnerFinder, isBelow } from '../core/places.ts';
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
  const { others } = loaded.draft;
  if (!app) return others?.options.name === name ? explainThrough(loaded, others) : noSuchApp(loaded, name);
  const isUnknown = !findHook(hook).known && !app.namedHooks.includes(hook);
  if (isUnknown && isHook(app, hook)) io.stderr.write(unknownHook(hook));
  return explainHook(loaded, app, hook);
};

const tellPath = (loaded: Loaded, name: string, target: string): Told => {
  const { config, draft } = loaded;
  const backed = allBacked(config).find(each => each.name === name);
  const whole = backedOf(draft).find(({ options }) => options.name === name);
  if (!backed || !whole) return noSuchApp(loaded, name);
  const [path = ''] = target.split('?');
  const owner = createOwnerFinder(allBacked(config))(path);
  if (owner !== backed) return notIts(backed, owner, path);
  return explainPath(loaded, whole, backed, target) ?? nothingPasses(backed, path);
};

const allBacked = ({ apps, passthrough }: Config): readonly Backed[] => [...apps, ...[passthrough ?? []].flat()];

const notIts = (asked: Backed, owner: Backed | undefined, path: string): string => {
  const isNested = owner && isBelow(path, asked);
  const where = isNested
    ? `below ${owner.path}, which is the path of ${owner.name}`
    : `not below ${asked.path}, which is the path of ${asked.name}`;
  return `${path} is ${where}${owner ? `; write breakwater explain ${owner.name} ${path}` : ''}`;
};

const nothingPasses = ({ name, path: above }: Backed, path: string): string => {
  const hook = path.slice(above.length + 1);
  const remedy = `write passthrough: true for it${hook === '' ? '' : `, or breakwater explain ${name} ${hook} for the hook`}`;
  return `nothing passes through to ${name}; ${remedy}`;
};

const unknownHook = (hook: string): string => {
  const meant = suggest(
    hook,
    CATALOGUE.map(({ name }) => name),
  );
  return `warning: WCS is not known to call ${JSON.stringify(hook)}${meant ? `; did you mean ${meant}?` : ''}\n`;
};

const noSuchApp = ({ draft, file }: Loaded, name: string): string => {
  const names = backedOf(draft).map(({ options }) => options.name);
  const meant = suggest(name, names);
  const remedy = meant ? `; did you mean ${meant}?` : '';
  return `no app ${JSON.stringify(name)} in ${file}, only ${names.join(', ')}${remedy}`;
};

const INDENT = ' '.repeat(14);

const paragraph = ({ name, value, meaning, from }: Fact): string =>
  `${name.padEnd(INDENT.length)}${value}\n${INDENT}${meaning}\n${INDENT}from ${from}\n`;
