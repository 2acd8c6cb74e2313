import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config/types.ts';
import { type Filter, type Journal, JournalError, type Listed, type OperatorJournal } from '../delivery/journal.ts';
import { openRedisJournal, whyNotAnswering } from '../delivery/open-redis.ts';
import { openJournalFile } from '../delivery/sqlite/sqlite-journal.ts';
import { storesEvents } from '../server/stores-events.ts';
import { loadOrTell } from './check.ts';
import { exported, shownEvent, table } from './events-output.ts';
import { EXIT, type Io } from './io.ts';
import { defaultConfigFile, firstSentence, MISNAMED, USAGE, wrongUsage } from './usage.ts';

const MOST_LISTED = 100;

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  app: { type: 'string' },
  hook: { type: 'string' },
  state: { type: 'string' },
  most: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  reveal: { type: 'boolean' },
} as const;

/** What a command line asks for, checked. */
interface Order {
  readonly file: string;
  readonly filter: Filter;
  readonly isAll: boolean;
  readonly isJson: boolean;
  readonly isRevealed: boolean;
}

type Work = (journal: OperatorJournal, order: Order, io: Io, config: Config) => Promise<number>;

const NOTHING = 'nothing stored fits that\n';

const tell = (error: unknown, io: Io, more = ''): number => {
  if (!(error instanceof JournalError)) throw error;
  io.stderr.write(`breakwater events: ${error.message}${more}\n`);
  return EXIT.failed;
};

const list: Work = async (journal, { filter, isJson }, io) => {
  const events = await journal.list({ most: MOST_LISTED, ...filter });
  if (isJson) for (const event of events) io.stdout.write(`${JSON.stringify(event)}\n`);
  else io.stdout.write(table(events, await journal.backlog()));
  return EXIT.fine;
};

/** What is changed is meant to be named exactly: ids of one month begin alike. */
const isAmbiguous = async (journal: OperatorJournal, { filter: { ids = [] } }: Order, io: Io): Promise<boolean> => {
  for (const id of ids) {
    const { length } = await journal.list({ ids: [id] });
    if (length < 2) continue;
    io.stderr.write(
      `breakwater events: ${length} events have an id that begins with ${id}; write more of it. Nothing was changed\n`,
    );
    return true;
  }
  return false;
};

const show: Work = async (journal, { filter: { ids = [] }, isJson, isRevealed }, io) => {
  for (const id of ids) {
    const event = await journal.show(id);
    if (!event) {
      const { length } = await journal.list({ ids: [id] });
      const what = length > 1 ? `${length} events have an id` : 'no event has an id';
      io.stderr.write(`breakwater events: ${what} that begins with ${id}\n`);
      return EXIT.usage;
    }
    io.stdout.write(isJson ? exported(event, isRevealed) : shownEvent(event, isRevealed));
  }
  return EXIT.fine;
};

/** Of events that were named, none may be missing; of all there are, there may be none. */
const counted = (count: number, what: string, { isAll, filter }: Order, io: Io): number => {
  const isMissed = count === 0 && !(isAll && !filter.ids);
  if (isMissed) io.stderr.write(`breakwater events: ${NOTHING}`);
  else io.stdout.write(count === 0 ? NOTHING : `${count} ${count === 1 ? 'event' : 'events'} ${what}\n`);
  return isMissed ? EXIT.usage : EXIT.fine;
};

const retry: Work = async (journal, order, io, config) => {
  if (await isAmbiguous(journal, order, io)) return EXIT.usage;
  return counted(await journal.retry(order.filter, config.events.keepFor), 'will be delivered anew', order, io);
};

const drop: Work = async (journal, order, io) => {
  if (await isAmbiguous(journal, order, io)) return EXIT.usage;
  return counted(await journal.drop(order.filter), 'dropped', order, io);
};

/** What cannot be read, as without its key, does not keep back the others. */
const exportAll: Work = async (journal, { filter, isRevealed }, io) => {
  let code: number = EXIT.fine;
  for (const { id } of await journal.list(filter)) {
    try {
      const event = await journal.show(id);
      // It may have been delivered since.
      if (event) io.stdout.write(exported(event, isRevealed));
    } catch (error) {
      code = tell(error, io);
    }
  }
  if (!isRevealed) io.stderr.write('breakwater events: secrets are taken out; --reveal leaves them in\n');
  return code;
};

const WORKS: ReadonlyMap<string, Work> = new Map([
  ['list', list],
  ['show', show],
  ['retry', retry],
  ['drop', drop],
  ['export', exportAll],
]);

const STATES: ReadonlySet<unknown> = new Set<Listed['state'] | undefined>(['pending', 'dead', undefined]);

/** The order, what is wrong with it, or nothing if help was all that was asked for. */
const readOrder = (args: string[], io: Io): { word: string; order: Order } | string | undefined => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) return undefined;
  const [word = '', ...ids] = positionals;
  const { app, hook, state, most } = values;
  const file = values.config ?? defaultConfigFile(io.cwd);
  if (file === undefined) return MISNAMED;
  if (!WORKS.has(word))
    return `takes one of ${[...WORKS.keys()].join(', ')}, but got ${word === '' ? 'nothing' : word}`;
  if (!STATES.has(state)) return `--state is ${state}; write pending or dead`;
  if (most !== undefined && !/^[1-9]\d{0,8}$/.test(most)) return `--most is ${most}; write a number`;
  const filter: Filter = {
    ...(app !== undefined && { app }),
    ...(hook !== undefined && { hook }),
    ...(state !== undefined && { state: state as Listed['state'] }),
    ...(ids.length > 0 && { ids }),
    ...(most !== undefined && { most: Number(most) }),
  };
  const { all = false, json = false, reveal = false } = values;
  return { word, order: { file, filter, isAll: all, isJson: json, isRevealed: reveal } };
};

/** Changing or showing everything is never what a forgotten word means. */
const needsIds = (word: string, { filter, isAll }: Order): string | undefined => {
  if (filter.ids) return undefined;
  if (word === 'show') return 'show takes the ID of an event';
  return (word === 'retry' || word === 'drop') && !isAll ? `${word} takes IDs, or --all` : undefined;
};

/** Who types a command can wait so long for a Redis. */
const ANSWERS_MS = 5000;

/** The journal once it answers; rejects if that takes too long. */
const answering = async (journal: Journal): Promise<Journal> => {
  const reason = await whyNotAnswering(journal, ANSWERS_MS);
  if (reason === undefined) return journal;
  await journal.close();
  throw reason;
};

const open = async (order: Order, config: Config, io: Io): Promise<OperatorJournal | undefined> => {
  const { redis, maxBytes } = config.events;
  const dir = resolve(dirname(resolve(io.cwd, order.file)), config.events.dir);
  try {
    if (redis) return await answering(openRedisJournal(redis, maxBytes, () => {}));
    return await openJournalFile(dir, config.events.keys, message =>
      io.stderr.write(`breakwater events: ${message}\n`),
    );
  } catch (error) {
    tell(error, io, storesEvents(config) ? '' : '; no app of this configuration stores events');
    return undefined;
  }
};

/** Secrets of the gateway are not there in an operator's shell; of them only those of the journal are needed. */
const isUsed = (path: string): boolean => path === '' || path === 'events' || path.startsWith('events.');

const carryOut = async (word: string, order: Order, io: Io): Promise<number> => {
  const config = loadOrTell(order.file, io, isUsed)?.config;
  if (!config) return EXIT.usage;
  const journal = await open(order, config, io);
  if (!journal) return EXIT.failed;
  try {
    return (await WORKS.get(word)?.(journal, order, io, config)) ?? EXIT.usage;
  } catch (error) {
    return tell(error, io);
  } finally {
    await journal.close();
  }
};

/** `breakwater events`: what is stored, for an operator to look at and to decide on. */
export const events = async (args: string[], io: Io): Promise<number> => {
  try {
    const read = readOrder(args, io);
    if (read === undefined) {
      io.stdout.write(USAGE.events);
      return EXIT.fine;
    }
    const wrong = typeof read === 'string' ? read : needsIds(read.word, read.order);
    if (wrong !== undefined || typeof read === 'string') return wrongUsage('events', wrong ?? '', io);
    return await carryOut(read.word, read.order, io);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS'))
      return wrongUsage('events', firstSentence(error as Error), io);
    throw error;
  }
};
