import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Journal, JournalError, type Leased } from '../../src/delivery/journal.ts';
import { anEvent } from '../../src/delivery/journal-scene.ts';
import { wordsOf } from '../../src/delivery/redis-rows.ts';
import { JOURNAL_SCRIPT } from '../../src/delivery/redis-script.ts';
import { until } from '../poll.ts';
import { closeServers, type RedisServer, startRedis } from '../redis/server.ts';
import { withoutTool } from '../tools.ts';
import { connect, createInstance, type Instance, startSafe, untilUp } from './use.ts';

const skip = withoutTool('redis-server');
const holds = (sentence: string, run: () => Promise<void>) => test(sentence, { skip }, run);
const BUDGET_MS = 100;
/** What a machine that has other things to do may take on top. */
const SLACK_MS = 400;
/** An instance counts as dead after five seconds without a greeting, of which there is one a second. */
const DEAD_AFTER_MS = 4000;
const LONG_MS = 600_000;

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of leftovers.splice(0)) await close();
  await closeServers();
});

const urlOf = ({ address }: RedisServer): string => `redis://${address}/0`;
const instanceOf = async (...args: Parameters<typeof connect>): Promise<Instance> => {
  const instance = await connect(...args);
  leftovers.push(() => instance.journal.close());
  return instance;
};
const journalOf = async (...args: Parameters<typeof connect>): Promise<Journal> => (await instanceOf(...args)).journal;

const startChild = (url: string, ...args: readonly string[]): ChildProcess => {
  const child = fork(new URL('redis-child.ts', import.meta.url), [url, ...args]);
  leftovers.push(() => child.kill('SIGKILL'));
  return child;
};
const kill = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};

const codeOf = async (answer: Promise<unknown>): Promise<string> => {
  const error: unknown = await answer.then(
    () => assert.fail('it was done'),
    error => error,
  );
  assert.ok(error instanceof JournalError, `${error}`);
  return error.code;
};

/** Delivers all there is, until `count` are; gives them in the order in which they came. */
const drain = async (journal: Journal, count: number): Promise<Leased[]> => {
  const given: Leased[] = [];
  const more = async () => {
    const leased = await journal.lease('app', 100, LONG_MS);
    given.push(...leased);
    await Promise.all(leased.map(({ id }) => journal.settle(id, { type: 'delivered' })));
    return given.length >= count;
  };
  await until(more, { what: `${count} are given out`, deadlineMs: 20_000 });
  return given;
};

const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

holds('what an instance had leased and held when it was killed goes to another, in order and none lost', async () => {
  const url = urlOf(await startSafe());
  const journal = await journalOf(url);
  const events = Array.from({ length: 30 }, (_, i) => anEvent({ lane: `lane-${i % 3}` }));
  for (const event of events) await journal.append(event, 0);
  const child = startChild(url, 'lease', `${LONG_MS}`);
  const [leased] = await once(child, 'message');
  const leasedAt = performance.now();
  await kill(child);
  assert.deepEqual(leased, idsOf(events.slice(0, 3)));
  assert.deepEqual(await journal.lease('app', 100, LONG_MS), []);
  const given = await drain(journal, events.length + 1);
  assert.ok(performance.now() - leasedAt >= DEAD_AFTER_MS - SLACK_MS);
  for (let lane = 0; lane < 3; lane++) {
    const inLane = (each: { readonly lane: string }) => each.lane === `lane-${lane}`;
    assert.deepEqual(idsOf(given.filter(inLane)), idsOf(events.filter(inLane)));
  }
  assert.ok(idsOf(given).includes('held'));
  assert.deepEqual(await journal.backlog(), []);
});

holds('whatever was acknowledged is there when Redis was killed meanwhile and began anew', async () => {
  const server = await startSafe();
  const journal = await journalOf(urlOf(server));
  const tried: string[] = [];
  const acknowledged = new Set<string>();
  let isOver = false;
  const append = async (lane: number): Promise<void> => {
    while (!isOver) {
      const event = anEvent({ lane: `lane-${lane}` });
      tried.push(event.id);
      // So that there is not more to look through in the end than the question needs.
      await pause(5);
      await journal.append(event, 0).then(
        () => acknowledged.add(event.id),
        () => until(() => journal.backlog().catch(() => undefined), { what: 'it is back', deadlineMs: 20_000 }),
      );
    }
  };
  const appending = Array.from({ length: 20 }, (_, lane) => append(lane));
  for (let kills = 1; kills <= 5; kills++) {
    const from = acknowledged.size;
    await until(() => acknowledged.size > from + 100 * kills, {
      what: 'more are stored',
      deadlineMs: 20_000,
      everyMs: 1,
    });
    await server.kill();
    await server.start();
  }
  isOver = true;
  await Promise.all(appending);
  const stored = new Set(idsOf(await journal.list({})));
  assert.deepEqual(
    [...acknowledged].filter(id => !stored.has(id)),
    [],
  );
  const given = await drain(journal, stored.size);
  for (let lane = 0; lane < 20; lane++) {
    const ids = idsOf(given.filter(each => each.lane === `lane-${lane}`));
    const seen = new Set(ids);
    assert.deepEqual(
      ids,
      tried.filter(id => seen.has(id)),
    );
  }
});

holds('whatever an instance had acknowledged when it was killed is there', async () => {
  const url = urlOf(await startSafe());
  const journal = await journalOf(url);
  const acknowledged: string[] = [];
  for (let kills = 1; kills <= 3; kills++) {
    const child = startChild(url, 'append');
    child.on('message', ids => acknowledged.push(...(ids as string[])));
    const from = acknowledged.length;
    await until(() => acknowledged.length > from + 20 * kills, { what: 'some are stored', deadlineMs: 20_000 });
    await kill(child);
  }
  const stored = idsOf(await journal.list({}));
  const seen = new Set(acknowledged);
  assert.deepEqual(
    stored.filter(id => seen.has(id)),
    acknowledged,
  );
});

holds('a Redis that says nothing keeps nobody waiting, and is in use again by itself, in order', async () => {
  const server = await startSafe();
  const { journal, problems } = await instanceOf(urlOf(server), { budgetMs: BUDGET_MS });
  const first = anEvent();
  await journal.append(first, 0);
  server.pause();
  const tried = [first.id];
  for (let i = 0; i < 30; i++) {
    const event = anEvent();
    tried.push(event.id);
    const from = performance.now();
    assert.equal(await codeOf(journal.append(event, 0)), 'failed');
    assert.ok(performance.now() - from < BUDGET_MS + SLACK_MS);
  }
  assert.equal(await codeOf(journal.lease('app', 1, LONG_MS)), 'failed');
  await until(() => problems.some(({ code }) => code === 'failing'), { what: 'it is told' });
  server.resume();
  const last = anEvent();
  const isStored = () =>
    journal.append(last, 0).then(
      () => true,
      () => false,
    );
  await until(isStored, { what: 'it is in use again' });
  assert.ok(problems.some(({ code }) => code === 'working-again'));
  const stored = idsOf(await journal.list({}));
  assert.deepEqual(
    stored,
    [...tried, last.id].filter(id => stored.includes(id)),
  );
  assert.deepEqual([stored[0], stored.at(-1)], [first.id, last.id]);
});

holds('an append of which an instance has given up hope does not come behind what it has stored since', async () => {
  const server = await startSafe();
  const name = 'breakwater:{events}:';
  const append = (id: string, generation: number) => {
    const words = wordsOf(anEvent({ id }));
    return server.client.eval(JOURNAL_SCRIPT, 1, name, 'append', 'owner', generation, 1e9, 0, ...words);
  };
  const verdicts = [await append('a', 1), await append('b', 2), await append('c', 1), await append('d', 2)];
  assert.deepEqual(
    verdicts.map(reply => (reply as readonly string[])[0]),
    ['stored', 'stored', 'late', 'stored'],
  );
  const journal = await journalOf(urlOf(server));
  assert.deepEqual(idsOf(await journal.list({})), ['a', 'b', 'd']);
});

holds('a full Redis refuses, keeps what it has acknowledged, and can be drained', async () => {
  const server = await startSafe(['--maxmemory', '12mb', '--maxmemory-policy', 'noeviction']);
  const journal = await journalOf(urlOf(server));
  const acknowledged: string[] = [];
  const codes = new Set<string>();
  while (codes.size === 0) {
    const event = anEvent({ body: Buffer.alloc(200_000, 'x'), lane: `lane-${acknowledged.length % 5}` });
    await journal.append(event, 0).then(
      () => acknowledged.push(event.id),
      error => codes.add((error as JournalError).code),
    );
  }
  assert.deepEqual([...codes], ['full']);
  const [first] = await journal.lease('app', 1, LONG_MS);
  await journal.settle(first?.id ?? '', { type: 'again', ms: 0 });
  const given = await drain(journal, acknowledged.length);
  assert.deepEqual(idsOf(given).sort(), acknowledged.sort());
  await journal.append(anEvent(), 0);
});

holds('a full journal refuses, and says before that it fills up and after that there is room', async () => {
  const { journal, problems } = await instanceOf(urlOf(await startSafe()), { maxBytes: 50_000 });
  const events = Array.from({ length: 25 }, () => anEvent({ body: Buffer.alloc(1000) }));
  const results = await Promise.allSettled(events.map(event => journal.append(event, 0)));
  const stored = results.filter(({ status }) => status === 'fulfilled').length;
  assert.ok(stored > 10 && stored < 20, `${stored} were stored`);
  assert.equal(await codeOf(journal.append(anEvent({ body: Buffer.alloc(1000) }), 0)), 'full');
  assert.deepEqual(idsOf(await drain(journal, stored)), idsOf(events.slice(0, stored)));
  const told = () => problems.map(({ code }) => code).join() === 'near-full,room-again';
  await until(told, { what: 'both are told' });
});

holds('instances side by side never have the same event, and keep the order of lanes', async () => {
  const url = urlOf(await startSafe());
  const journals = await Promise.all(Array.from({ length: 3 }, () => journalOf(url)));
  const events = Array.from({ length: 900 }, (_, i) => anEvent({ lane: `lane-${i % 41}` }));
  const [writer] = journals;
  await Promise.all(events.map(event => writer?.append(event, 0)));
  const underWay = new Set<string>();
  const delivered: Leased[] = [];
  const deliver = async (journal: Journal, event: Leased): Promise<void> => {
    assert.ok(!underWay.has(event.lane), `${event.lane} is given out twice`);
    underWay.add(event.lane);
    await new Promise(resolve => setImmediate(resolve));
    underWay.delete(event.lane);
    const isDone = event.attempts > 0 || Math.random() < 0.7;
    if (isDone) delivered.push(event);
    await journal.settle(event.id, isDone ? { type: 'delivered' } : { type: 'again', ms: 1 });
  };
  const work = async (journal: Journal): Promise<void> => {
    while (delivered.length < events.length) {
      const leased = await journal.lease('app', 1 + Math.floor(Math.random() * 8), LONG_MS);
      await Promise.all(leased.map(event => deliver(journal, event)));
    }
  };
  await Promise.all([...journals, ...journals].map(work));
  for (let lane = 0; lane < 41; lane++) {
    const inLane = (each: { readonly lane: string }) => each.lane === `lane-${lane}`;
    assert.deepEqual(idsOf(delivered.filter(inLane)), idsOf(events.filter(inLane)));
  }
});

holds('a word of one whose lease ran out does not end the lease of another', async () => {
  const url = urlOf(await startSafe());
  const [late, other] = [await journalOf(url), await journalOf(url)];
  const event = anEvent();
  await late.append(event, 0);
  assert.deepEqual(idsOf(await late.lease('app', 1, 1)), [event.id]);
  const isTaken = async () => (await other.lease('app', 1, LONG_MS)).length > 0;
  await until(isTaken, { what: 'the lease runs out', everyMs: 1 });
  await late.settle(event.id, { type: 'again', ms: 0 });
  assert.deepEqual(await late.lease('app', 1, LONG_MS), []);
  await late.settle(event.id, { type: 'delivered' });
  assert.deepEqual(await other.list({}), []);
});

const NAME = 'breakwater:{events}:';

holds('an event that somebody else took away keeps neither its lane nor others, nor the tools', async () => {
  const server = await startSafe();
  const { client } = server;
  const journal = await journalOf(urlOf(server));
  const old = { receivedAt: 1, expiresAt: Date.now() + 1500 };
  const events = [
    anEvent({ lane: 'a' }),
    anEvent({ lane: 'a' }),
    anEvent({ lane: 'a' }),
    anEvent({ lane: 'b', ...old }),
    anEvent({ lane: 'b' }),
    anEvent({ lane: 'c' }),
    anEvent({ lane: 'd' }),
  ];
  for (const event of events) await journal.append(event, 0);
  const [first, second, third, expired, behind, waiting, dead] = idsOf(events);
  await journal.lease('app', 9, LONG_MS);
  for (const id of [first, expired, waiting]) await journal.settle(id ?? '', { type: 'again', ms: LONG_MS });
  await journal.settle(dead ?? '', { type: 'dead', reason: 'no' });
  for (const id of [first, second, expired, waiting, dead]) await client.del(`${NAME}event:${id}`);
  assert.deepEqual(idsOf(await journal.list({})), [third, behind]);
  await journal.hurry('app');
  const given: string[] = [];
  const comes = async () => {
    await journal.ended();
    given.push(...idsOf(await journal.lease('app', 9, LONG_MS)));
    return given.length === 2;
  };
  // What the index says of one that is gone holds until then.
  for (const lane of await client.zrange(`${NAME}due:app`, '0', '-1')) await client.zadd(`${NAME}due:app`, 0, lane);
  await until(comes, { what: 'the others come' });
  assert.deepEqual(given.toSorted(), [third, behind].toSorted());
  assert.equal(await journal.drop({}), 2);
  await client.zadd(`${NAME}died:app`, 0, dead ?? '');
  await journal.ended();
  assert.deepEqual(await journal.backlog(), []);
  assert.equal(await client.get(`${NAME}bytes`), '0');
});

holds('dead letters go after 30 days, which is told, and give their room back', async () => {
  const server = await startSafe();
  const journal = await journalOf(urlOf(server));
  const [old, young] = [anEvent(), anEvent()];
  for (const event of [old, young]) {
    await journal.append(event, 0);
    await journal.settle(event.id, { type: 'dead', reason: 'no' });
  }
  await server.client.zadd(`${NAME}died:app`, Date.now() - 31 * 86_400_000, old.id);
  await server.client.zadd(`${NAME}died:app`, Date.now() - 29 * 86_400_000, young.id);
  assert.deepEqual(await journal.ended(), [{ app: 'app', how: 'outdated', count: 1 }]);
  assert.deepEqual(idsOf(await journal.list({})), [young.id]);
  await journal.retry({}, LONG_MS);
  await server.client.zadd(`${NAME}expiry:app`, 'XX', Date.now() - 1, young.id);
  assert.deepEqual(await journal.ended(), [{ app: 'app', how: 'expired', count: 1 }]);
});

holds('an instance that was away with Redis does not take the others for dead', async () => {
  const server = await startSafe();
  const { client } = server;
  const say = (...words: readonly unknown[]) => client.eval(JOURNAL_SCRIPT, 1, NAME, ...words.map(String));
  const lease = (owner: string) => say('lease', 'app', 9, LONG_MS, owner) as Promise<unknown[]>;
  for (const owner of ['one', 'other']) await say('hello', owner, 5000);
  await say('append', 'one', 1, 1e9, 0, ...wordsOf(anEvent()));
  assert.equal((await lease('other')).length, 1);
  for (const owner of ['one', 'other']) await client.zadd(`${NAME}owners`, 1, owner);
  await say('hello', 'one', 5000);
  assert.equal((await lease('one')).length, 0);
  await client.zadd(`${NAME}owners`, 1, 'other');
  await say('hello', 'one', 5000);
  assert.equal((await lease('one')).length, 1);
});

holds('a Redis that forgot the script is taught it again', async () => {
  const server = await startSafe();
  const journal = await journalOf(urlOf(server));
  await journal.append(anEvent(), 0);
  await server.client.script('FLUSH');
  assert.equal(await codeOf(journal.append(anEvent(), 0)), 'failed');
  await until(
    () =>
      journal.append(anEvent(), 0).then(
        () => true,
        () => false,
      ),
    { what: 'it is in use again' },
  );
});

const filesTold = async (instance: Instance): Promise<string> => {
  const find = () => instance.problems.find(({ code }) => code === 'files')?.message;
  return (await until(find, { what: 'it is told' })) ?? '';
};

holds('what Redis is set up to lose is told, with the remedy', async () => {
  const server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  const told = await filesTold(await instanceOf(urlOf(server)));
  for (const setting of [
    /appendonly of redis is no; set it to yes/,
    /appendfsync of redis is everysec/,
    /allkeys-lru/,
  ]) {
    assert.match(told, setting);
  }
});

holds('a user who may not look at the settings is told so, and can do all else', async () => {
  const server = await startRedis({
    args: ['--requirepass', 'default', '--appendonly', 'yes', '--appendfsync', 'always'],
    connect: { password: 'default' },
  });
  const may = '+eval|+evalsha|+time|+exists|+get|+set|+incr|+incrby|+decrby|+pexpire|+del'.split('|');
  const mayToo = '+hset|+hmget|+hget|+hkeys|+hincrby|+hdel|+sadd|+srem|+spop'.split('|');
  const zsets = '+zadd|+zrem|+zcard|+zrange|+zrangebylex|+zrangebyscore'.split('|');
  await server.client.acl('SETUSER', 'some', 'on', '>secret', '~breakwater:*', ...may, ...mayToo, ...zsets);
  const instance = await instanceOf(`redis://some:secret@${server.address}/0`);
  assert.match(await filesTold(instance), /appendonly of redis could not be checked \(.*NOPERM.*\)/);
  const { journal } = instance;
  const event = anEvent();
  await journal.append(event, 1);
  assert.deepEqual(idsOf(await drain(journal, 1)), [event.id]);
});

holds('a Redis that is not there is said so at once, and is used when it comes', async () => {
  const server = await startSafe();
  await server.kill();
  const instance = createInstance(urlOf(server), { budgetMs: BUDGET_MS });
  leftovers.push(() => instance.journal.close());
  assert.equal(await codeOf(instance.journal.append(anEvent(), 0)), 'failed');
  await server.start();
  await untilUp(instance);
  await instance.journal.append(anEvent(), 0);
});

holds('without the database of the URL nothing is stored, and nothing of it goes to another', async () => {
  const server = await startSafe(['--databases', '4']);
  const urlOfDatabase = (db: number) => urlOf(server).replace(/0$/, `${db}`);
  const instance = createInstance(urlOfDatabase(99), { budgetMs: BUDGET_MS });
  leftovers.push(() => instance.journal.close());
  const toldWhy = () => instance.problems.some(({ message }) => message.includes('DB index is out of range'));
  await until(toldWhy, { what: 'it is said why' });
  assert.equal(await codeOf(instance.journal.append(anEvent(), 0)), 'failed');
  assert.equal(await server.client.dbsize(), 0);
  await (await journalOf(urlOfDatabase(3))).append(anEvent(), 0);
  assert.equal(await server.client.dbsize(), 0);
});
