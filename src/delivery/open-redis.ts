import { after, now } from '../core/clock.ts';
import type { RedisOptions } from '../store/redis-options.ts';
import { readRedisUrl } from '../store/redis-url.ts';
import { type Journal, JournalError, type JournalProblem } from './journal.ts';
import { redisJournal } from './redis-journal.ts';

type Options = Omit<RedisOptions, 'ca'> & { readonly ca: Buffer | undefined };

const ANSWERS_MS = 5000;
const LOOK_MS = 50;

/** Waits until `journal` answers, for a few seconds at most; gives why it does not. */
export const whyNotAnswering = async (journal: Journal): Promise<unknown> => {
  for (const end = now() + ANSWERS_MS; ; await new Promise<void>(done => after(LOOK_MS, done))) {
    try {
      await journal.backlog();
      return undefined;
    } catch (error) {
      if (now() >= end) return error;
    }
  }
};

/** The journal in the Redis that a configuration names. It begins to connect at once. */
export const openRedisJournal = (
  { url, prefix, budget: budgetMs, ca, sentinelPassword }: Options,
  maxBytes: number,
  tell: (problem: JournalProblem) => void,
): Journal => {
  const address = readRedisUrl(url);
  if (!address) throw new JournalError('failed', 'events.redis.url is no URL of Redis');
  return redisJournal({ address, prefix, budgetMs, ca, sentinelPassword, maxBytes }, tell);
};
