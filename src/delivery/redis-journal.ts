import { createIds } from '../core/id.ts';
import type { ScriptClient } from '../store/redis-client.ts';
import { isRefusal } from '../store/shared-redis.ts';
import {
  type Filter,
  type Journal,
  JournalError,
  type JournalProblem,
  KEEP_DEAD_MS,
  MOST_WAIT_MS,
  type Settlement,
  type StoredEvent,
} from './journal.ts';
import { doubtsAbout } from './redis-doubts.ts';
import { RedisLink, type RedisLinkOptions, type Word } from './redis-link.ts';
import { type Ask, forAll, listIn } from './redis-list.ts';
import { createNews, type News } from './redis-news.ts';
import {
  backlogOf,
  endedOf,
  laneOf,
  leasedOf,
  nameOf,
  type Reply,
  rowsOf,
  shownOf,
  textsOf,
  wordsOf,
} from './redis-rows.ts';
import { JOURNAL_SCRIPT } from './redis-script.ts';

export interface RedisJournalOptions extends RedisLinkOptions {
  /** Of all events of all apps; about what the memory of Redis grows by. */
  readonly maxBytes: number;
}

/** An instance that has not been heard of for so long is dead, and what it held is given out. Five greetings. */
const ALIVE_MS = 5000;

/** How a settlement is told to the script. */
const told = (settlement: Settlement): readonly Word[] => {
  const { type } = settlement;
  if (type === 'delivered') return [type];
  if (type === 'dead') return [type, 0, settlement.reason];
  return [type, settlement.ms, settlement.reason ?? '', settlement.isUnsent ? 0 : 1];
};

const refusal = (verdict: string, maxBytes: number): JournalError =>
  verdict === 'full'
    ? new JournalError('full', `the journal is full: ${maxBytes} bytes are its limit`)
    : new JournalError('failed', 'redis came to it too late');

/** An instance's way to store events. Its generation grows when nobody knows whether Redis has done what it was asked. */
const createAppend = (link: RedisLink, news: News, owner: string, maxBytes: number): Journal['append'] => {
  let generation = 1;
  const send = async (event: StoredEvent, holdMs: number) => {
    try {
      return await link.run('append', owner, generation, maxBytes, holdMs, ...wordsOf(event));
    } catch (error) {
      if (!isRefusal((error as JournalError).cause)) generation++;
      throw error;
    }
  };
  return async (event, holdMs) => {
    const [verdict, bytes] = (await send(event, holdMs)) as readonly Reply[];
    if (`${verdict}` !== 'stored') throw refusal(`${verdict}`, maxBytes);
    news.holds(Number(bytes));
  };
};

/** Goes on until all is done that waited when it began; each call does a bounded part. */
const hurry = async (ask: Ask, app: string): Promise<void> => {
  let since = '';
  let waiting = 1;
  for (let done = 0; done < waiting; ) {
    const [at, count, left] = (await ask('hurry', app, since, done)) as readonly Reply[];
    if (since === '') waiting = Number(count) + Number(left);
    since = `${at}`;
    done += Number(count);
    if (Number(count) === 0) return;
  }
};

const show = async (ask: Ask, id: string): ReturnType<Journal['show']> => {
  const shown = shownOf(await ask('show', id));
  if (shown) return shown;
  const [one, other] = await listIn(ask, { ids: [id], most: 2 });
  return one && !other ? shownOf(await ask('show', one.id)) : undefined;
};

const idsOf = async (ask: Ask, filter: Filter): Promise<string[]> => (await listIn(ask, filter)).map(({ id }) => id);

const createLink = (
  options: RedisJournalOptions,
  news: News,
  owner: string,
  client: ScriptClient | undefined,
): RedisLink => {
  let isUp = false;
  const check = () =>
    doubtsAbout(name => link.setting(name)).then(
      doubts => news.doubts(doubts),
      () => {},
    );
  const up = (bytes: unknown) => {
    // Another connection may lead to another server.
    if (!isUp) void check();
    isUp = true;
    news.up(Number(bytes));
  };
  const down = (detail: string) => {
    isUp = false;
    news.down(detail);
  };
  const link = new RedisLink(options, JOURNAL_SCRIPT, () => ['hello', owner, ALIVE_MS], { up, down }, client);
  return link;
};

/**
 * A journal in a Redis that instances share; for instances without disks. It needs Redis 6.2 or later, set up as
 * `doubtsAbout` demands; where it is not, `tell` is told so. It begins to connect at once and for ever anew; while Redis
 * is away or slow, all methods reject within the budget, most at once.
 *
 * No Streams: a consumer group hands out entries, not lanes. It would give two entries of a lane to two instances, knows
 * no "not before", and claims by the idle time of an entry, so all that keeps order would be needed beside it. Here what a
 * group keeps is kept for each lane instead: a lane is given out when the event that leads it is due, a lease is that this
 * time lies ahead, and the work of a dead instance is claimed by that time coming, or when it was not heard of for long. All of it is done by a script, which
 * nothing comes in between, and by the clock of Redis, so clocks of instances decide nothing but when an event expires.
 *
 * After a failover to a replica what had not reached it yet is lost, whatever is on the disk of the old master.
 */
export const redisJournal = (
  options: RedisJournalOptions,
  tell: (problem: JournalProblem) => void,
  client?: ScriptClient,
): Journal => {
  const { maxBytes } = options;
  const owner = createIds()();
  const news = createNews(maxBytes, tell);
  const link = createLink(options, news, owner, client);
  const ask: Ask = async (verb, ...words) => (await link.run(verb, ...words)) as Reply;

  return {
    append: createAppend(link, news, owner, maxBytes),
    release: async id => void (await ask('release', id)),
    take: async id => (await ask('take', id)) === 1,
    lease: async (app, most, leaseMs) => rowsOf(await ask('lease', app, most, leaseMs, owner)).map(leasedOf),
    settle: async (id, settlement) => (await link.run('settle', owner, id, ...told(settlement))) === 1,
    ended: async () => rowsOf(await ask('ended', KEEP_DEAD_MS, MOST_WAIT_MS)).map(endedOf),
    hurry: app => hurry(ask, app),
    lanes: async () => new Set(textsOf(await ask('lanes')).map(laneOf)),
    hasLane: async (app, lane) => (await ask('has', nameOf({ app, lane }))) === 1,
    backlog: async () => rowsOf(await ask('backlog')).map(backlogOf),
    list: filter => listIn(ask, filter),
    show: id => show(ask, id),
    retry: async (filter, ms) => forAll(await idsOf(ask, filter), ids => ask('retry', ms, ...ids)),
    drop: async filter => forAll(await idsOf(ask, filter), ids => ask('drop', ...ids)),
    close: () => link.close(() => ['bye', owner]),
  };
};
