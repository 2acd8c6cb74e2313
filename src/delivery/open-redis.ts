import { now, pause } from '../core/clock.ts';
import { connectionOf, type LoadedRedisOptions } from '../store/redis-options.ts';
import type { Journal, JournalProblem } from './journal.ts';
import { redisJournal } from './redis-journal.ts';

const LOOK_MS = 50;

/** Waits until `journal` answers, for `ms` at most; gives why it does not. */
export const whyNotAnswering = async (journal: Journal, ms: number): Promise<unknown> => {
  for (const end = now() + ms; ; await pause(LOOK_MS)) {
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
  redis: LoadedRedisOptions,
  maxBytes: number,
  tell: (problem: JournalProblem) => void,
): Journal => redisJournal({ ...connectionOf(redis), maxBytes }, tell);
