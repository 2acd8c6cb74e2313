import type { Journal, JournalProblem } from '../../src/delivery/journal.ts';
import { type RedisJournalOptions, redisJournal } from '../../src/delivery/redis-journal.ts';
import { readRedisUrl } from '../../src/store/redis-url.ts';
import { until } from '../poll.ts';
import { type RedisServer, startRedis } from '../redis/server.ts';

/** What Redis must be set to for nothing acknowledged to be lost. */
export const SAFE = ['--appendonly', 'yes', '--appendfsync', 'always'];

export const startSafe = (args: readonly string[] = []): Promise<RedisServer> =>
  startRedis({ args: [...SAFE, ...args] });

/** One instance of Breakwater, as far as its journal goes. */
export interface Instance {
  readonly journal: Journal;
  readonly problems: JournalProblem[];
}

/** Connects. Unless it is said, the budget is one that a busy machine keeps too. */
export const createInstance = (url: string, options: Partial<RedisJournalOptions> = {}): Instance => {
  const address = readRedisUrl(url);
  if (!address) throw new Error(`no URL of Redis: ${url}`);
  const problems: JournalProblem[] = [];
  const all = { address, prefix: 'breakwater:', budgetMs: 5000, maxBytes: 1 << 30, ...options };
  return { journal: redisJournal(all, problem => problems.push(problem)), problems };
};

/** Waits until the journal is in use. */
export const untilUp = async ({ journal, problems }: Instance): Promise<Journal> => {
  const answers = () => journal.backlog().catch(() => undefined);
  await until(answers, { what: `the journal answers (${JSON.stringify(problems.at(-1))})`, deadlineMs: 20_000 });
  return journal;
};

export const connect = async (url: string, options: Partial<RedisJournalOptions> = {}): Promise<Instance> => {
  const instance = createInstance(url, options);
  await untilUp(instance);
  return instance;
};
