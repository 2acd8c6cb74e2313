import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config/types.ts';
import type { Told } from '../delivery/delivery.ts';
import type { Journal } from '../delivery/journal.ts';
import { openRedisJournal, whyNotAnswering } from '../delivery/open-redis.ts';
import { sqliteJournal } from '../delivery/sqlite/sqlite-journal.ts';

/** The journal in the Redis or the folder that the configuration, read from `file`, names. */
export const openJournal = async (
  { dir, maxBytes, keys, redis }: Config['events'],
  file: string | undefined,
  told: Told,
): Promise<Journal> => {
  if (redis) {
    const journal = openRedisJournal(redis, maxBytes, told);
    // Until it answers nothing can be stored, but WCS does not wait for it any longer than a call would.
    await whyNotAnswering(journal, redis.budget);
    return journal;
  }
  const from = dirname(file ?? join(process.cwd(), 'breakwater.yaml'));
  return sqliteJournal({ dir: resolve(from, dir), maxBytes, keys, onProblem: told });
};
