import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { VERDICTS, type Verdict } from '../../src/answers/verdicts.ts';
import { SessionKind } from '../../src/sessions/sessions.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { redisStore } from '../../src/store/redis.ts';
import { tieredStore } from '../../src/store/tiered.ts';
import { until } from '../poll.ts';
import { withoutTool } from '../tools.ts';
import { cluster, sentinel, standalone, untilWhole, withTls } from './layouts.ts';
import { closeServers, startRedis, startReplica } from './server.ts';
import { createInstance, type Instance, type InstanceOptions, tieredOver, untilDown, untilUp } from './use.ts';

const skip = withoutTool('redis-server');
/** A suite that is skipped whole would not be counted. */
const holds = (sentence: string, run: () => Promise<void>, isLeftOut: string | false = skip) =>
  test(sentence, { skip: isLeftOut }, run);
const BUDGET_MS = 20;
const KEEP_MS = 60_000;
const WITHIN_MS = 1000;
const QUESTIONS = 50;
/** What a machine that has other things to do may take on top, for all questions together. */
const SLACK_MS = 500;

const leftovers: (() => unknown)[] = [];
const tidy = <T extends { close(): unknown }>(thing: T): T => {
  leftovers.push(() => thing.close());
  return thing;
};
afterEach(async () => {
  for (const close of leftovers.splice(0)) await close();
  await closeServers();
});

const verdict = (patch: string, ageMs = 0): Verdict => ({
  version: 1,
  storedAt: Date.now() - ageMs,
  status: 200,
  patch,
});
const patchOf = (value: Verdict | undefined): string | undefined => (value?.status === 200 ? value.patch : undefined);

const connect = async (options: InstanceOptions): Promise<Instance> => {
  const instance = tidy(createInstance({ budgetMs: BUDGET_MS, ...options }));
  await untilUp(instance, 20_000);
  return instance;
};

/** Asks one after the other, as long as Redis may be down or not; each within the budget, and all of them end. */
const askAll = async ({ remote, lookups }: Instance): Promise<readonly string[]> => {
  lookups.length = 0;
  const startedAt = performance.now();
  for (let i = 0; i < QUESTIONS; i++) await remote.find(`question-${i}`, WITHIN_MS);
  const tookMs = performance.now() - startedAt;
  assert.equal(lookups.length, QUESTIONS);
  assert.ok(tookMs <= QUESTIONS * BUDGET_MS + SLACK_MS, `${QUESTIONS} questions took ${tookMs} ms`);
  return lookups;
};

/** The same at once: all of them together take no longer than one. */
const askAtOnce = async ({ remote }: Instance): Promise<void> => {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: QUESTIONS }, (_, i) => remote.find(`question-${i}`, WITHIN_MS)));
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs <= BUDGET_MS + SLACK_MS, `${QUESTIONS} questions at once took ${tookMs} ms`);
};

/** What is told of it. */
const untilToldDown = ({ events }: Instance): Promise<string> =>
  until(() => events.find(({ is }) => is === 'down')?.detail, { what: 'it is said to be down' }) as Promise<string>;

/** How many of the results are others. */
const without = (results: readonly string[], result: string): number =>
  results.filter(found => found !== result).length;

/** Waits until each question is answered: on a busy machine one may take longer than the budget now and then. */
const untilAllAsked = (instance: Instance): Promise<unknown> =>
  until(async () => without(await askAll(instance), 'miss') === 0, { what: 'all questions are answered' });

/** Sets until another instance sees it, so that both directions are known to work. */
const untilShared = async (writer: Instance, reader: Instance): Promise<void> => {
  let count = 0;
  const isShared = async () => {
    writer.remote.set('shared', verdict(`${++count}`), KEEP_MS);
    return patchOf(await reader.remote.get('shared', WITHIN_MS)) === `${count}`;
  };
  await until(isShared, { what: 'both instances use Redis' });
};

/** A port that takes each connection, and never says a word. */
const listenSilently = async (port = 0): Promise<{ readonly port: number; close(): Promise<void> }> => {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}));
    socket.resume();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as { port: number }).port, close };
};

/** A port that stands for a name: new connections lead to where it points now, old ones stay. */
const listenFor = async (port: number) => {
  let to = port;
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    const onward = connectTo(to, '127.0.0.1');
    for (const end of [socket, onward]) sockets.add(end.on('error', () => {}));
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const leadTo = (other: number) => {
    to = other;
  };
  return { port: (server.address() as { port: number }).port, leadTo, close };
};

describe('a Redis', () => {
  holds(
    'that is killed costs next to nothing, and is used again within 5 s of its return, with what was missed',
    async () => {
      const { url, servers } = await standalone();
      const [one, other] = [await connect({ url }), await connect({ url })];
      const store = tieredOver(one);
      store.set('before', verdict('1'), KEEP_MS);
      await until(() => other.remote.get('before', WITHIN_MS), { what: 'it is written' });
      await servers[0]?.kill();
      await askAtOnce(one);
      await untilDown(one);
      assert.equal(without(await askAll(one), 'error'), 0);
      store.set('missed', verdict('2'), KEEP_MS);
      store.delete('before');
      await servers[0]?.start();
      await Promise.all([untilUp(one), untilUp(other)]);
      const missed = await until(() => other.remote.get('missed', WITHIN_MS), { what: 'what was missed is there' });
      assert.equal(patchOf(missed), '2');
      assert.equal(await other.remote.get('before', WITHIN_MS), undefined);
      assert.equal(await store.get('before', WITHIN_MS), undefined);
    },
  );

  holds('that is killed with a thousand writes under way takes as many when it is back', async () => {
    const { url, servers } = await standalone();
    const instance = await connect({ url });
    servers[0]?.pause();
    const writes = Array.from({ length: 1000 }, (_, i) => instance.remote.write(`${i}`, verdict('1'), KEEP_MS));
    await servers[0]?.kill();
    assert.deepEqual(new Set(await Promise.all(writes)), new Set([false]));
    await servers[0]?.start();
    await untilUp(instance);
    const again = Array.from({ length: 1000 }, (_, i) => instance.remote.write(`${i}`, verdict('1'), KEEP_MS));
    assert.deepEqual(new Set(await Promise.all(again)), new Set([true]));
  });

  holds('that drops a connection with writes under way takes as many on the next', async () => {
    const { url, servers } = await standalone();
    const instance = await connect({ url });
    await servers[0]?.client.call('CLIENT', 'PAUSE', '5000', 'WRITE');
    const writes = Array.from({ length: 1000 }, (_, i) => instance.remote.write(`${i}`, verdict('1'), KEEP_MS));
    await servers[0]?.client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    assert.deepEqual(new Set(await Promise.all(writes)), new Set([false]));
    await servers[0]?.client.call('CLIENT', 'UNPAUSE');
    await untilUp(instance);
    assert.equal(await instance.remote.write('a', verdict('1'), KEEP_MS), true);
  });

  holds('that comes back empty is filled with what memory has, and takes what is said again', async () => {
    const { url, servers } = await standalone();
    const [one, other] = [await connect({ url }), await connect({ url })];
    const store = tieredOver(one);
    const isThere = () => other.remote.get('a', WITHIN_MS);
    store.set('a', verdict('1'), KEEP_MS);
    await until(isThere, { what: 'it is written' });
    await servers[0]?.kill();
    await servers[0]?.start();
    await Promise.all([untilUp(one), untilUp(other)]);
    await until(isThere, { what: 'it is written again' });
    store.set('a', verdict('2'), KEEP_MS);
    await until(async () => patchOf(await isThere()) === '2', { what: 'what is said since is written' });
  });

  holds('that is paused costs the budget three times and then nothing, and is used again within 5 s', async () => {
    const { url, servers } = await standalone();
    const instance = await connect({ url });
    servers[0]?.pause();
    const results = await askAll(instance);
    assert.ok(results.filter(result => result === 'timeout').length <= 3, results.join());
    await askAtOnce(instance);
    assert.equal(instance.events.filter(({ is }) => is === 'down').length, 1);
    servers[0]?.resume();
    await untilUp(instance);
    await untilAllAsked(instance);
  });

  holds('that is paused for longer than a connection may be silent is used again within 5 s', async () => {
    const { url, servers } = await standalone();
    const instance = await connect({ url });
    servers[0]?.pause();
    const wasDropped = () => instance.events.some(({ is }) => is === 'down') && !instance.isConnected();
    await until(wasDropped, { what: 'the silent connection is dropped', deadlineMs: 10_000 });
    servers[0]?.resume();
    await untilUp(instance);
  });

  holds('that accepts and never answers costs nothing, and is used within 5 s of speaking', async () => {
    const silent = tidy(await listenSilently());
    const instance = tidy(createInstance({ url: `redis://127.0.0.1:${silent.port}`, budgetMs: BUDGET_MS }));
    await untilToldDown(instance);
    assert.equal(without(await askAll(instance), 'error'), 0);
    await silent.close();
    await startRedis({ port: silent.port });
    await untilUp(instance);
  });

  holds('that falls silent after it was well costs no more than the budget', async () => {
    const server = await startRedis();
    const instance = await connect({ url: `redis://${server.address}` });
    await server.kill();
    const silent = tidy(await listenSilently(server.port));
    await untilDown(instance);
    await askAll(instance);
    await silent.close();
    await server.start();
    await untilUp(instance);
  });

  holds('that is full is read on, and has nothing of what it would not take', async () => {
    const { url, servers } = await standalone(['--maxmemory-policy', 'noeviction']);
    const [one, other] = [await connect({ url }), await connect({ url })];
    const store = tieredOver(one);
    for (const key of ['kept', 'contradicted']) store.set(key, verdict('"old"'), KEEP_MS);
    await until(() => other.remote.get('contradicted', WITHIN_MS), { what: 'it is written' });
    await servers[0]?.client.config('SET', 'maxmemory', '1mb');
    for (let i = 0; i < 100; i++) store.set(`refused-${i}`, verdict('x'.repeat(10_000)), KEEP_MS);
    store.set('contradicted', verdict('"new"'), KEEP_MS);
    const isRefusing = () => one.events.some(({ is }) => is === 'refusing');
    await until(isRefusing, { what: 'it is said to refuse' });
    const isGone = async () => (await other.remote.get('contradicted', WITHIN_MS)) === undefined;
    await until(isGone, { what: 'the old value is gone' });
    assert.equal(patchOf(await other.remote.get('kept', WITHIN_MS)), '"old"');
    assert.equal(patchOf(await store.get('contradicted', WITHIN_MS)), '"new"');
    await untilAllAsked(one);
    assert.equal(one.events.filter(({ is }) => is === 'refusing').length, 1);
    assert.match(one.events.find(({ is }) => is === 'refusing')?.detail ?? '', /^OOM/);
    await servers[0]?.client.config('SET', 'maxmemory', '0');
    const isWritten = async () => patchOf(await other.remote.get('contradicted', WITHIN_MS)) === '"new"';
    await until(isWritten, { what: 'what was refused is written when there is room' });
  });

  holds('that only copies another is read on, and is written to within 5 s of becoming a master', async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    const writer = await connect({ url: `redis://${master.address}` });
    const instance = await connect({ url: `redis://${replica.address}` });
    const store = tieredOver(instance);
    writer.remote.set('a', verdict('1'), KEEP_MS);
    await until(() => instance.remote.get('a', WITHIN_MS), { what: 'the replica has it' });
    store.set('b', verdict('2'), KEEP_MS);
    const isRefusing = () => instance.events.some(({ is }) => is === 'refusing');
    await until(isRefusing, { what: 'it is said to refuse' });
    await untilUp(instance);
    await until(() => instance.remote.get('a', WITHIN_MS), { what: 'it is read on' });
    await replica.client.call('REPLICAOF', 'NO', 'ONE');
    await until(() => instance.remote.get('b', WITHIN_MS), { what: 'what was refused is written' });
  });

  holds('whose name leads to another master is followed there within 5 s of the first refusal', async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    const name = tidy(await listenFor(replica.port));
    const instance = await connect({ url: `redis://127.0.0.1:${name.port}` });
    name.leadTo(master.port);
    const isTaken = () => instance.remote.write('a', verdict('1'), KEEP_MS);
    await until(isTaken, { what: 'the master is written to' });
    assert.ok(await master.client.get('breakwater:verdict:a'));
  });

  holds('that asks for another password is said to be down, and no password is told', async () => {
    const server = await startRedis({ args: ['--requirepass', 'right'], connect: { password: 'right' } });
    for (const [url, detail] of [
      [`redis://:hunter2@${server.address}`, /^WRONGPASS/],
      [`redis://${server.address}`, /^NOAUTH/],
    ] as const) {
      const instance = tidy(createInstance({ url, budgetMs: BUDGET_MS }));
      assert.match(await untilToldDown(instance), detail);
      assert.doesNotMatch(await untilToldDown(instance), /hunter2/);
      await askAll(instance);
    }
  });

  holds(
    'whose certificate nobody vouches for is not spoken to',
    async () => {
      const { url } = await withTls();
      assert.match(await untilToldDown(tidy(createInstance({ url }))), /self-signed certificate/);
    },
    skip || withoutTool('openssl'),
  );

  holds('that holds what another release has written gives it to nobody who does not know it', async () => {
    const { url, servers } = await standalone();
    const [older, newer] = [await connect({ url }), await connect({ url })];
    const later = JSON.stringify({ version: 2, said: 'in another way' });
    const inAnHour = Date.now() + 3_600_000;
    for (const text of [`${inAnHour} ${later}`, later, 'v2 in another way', '', `${inAnHour} `]) {
      await servers[0]?.client.set('breakwater:verdict:a', text);
      assert.equal(await tieredOver(older).get('a', WITHIN_MS), undefined, text);
    }
    assert.equal(without(older.lookups, 'miss'), 0);
    older.remote.set('a', verdict('1'), KEEP_MS);
    await until(() => newer.remote.get('a', WITHIN_MS), { what: 'what both know is shared' });
  });

  holds('without the database of the URL is left alone, and nothing of it goes to another', async () => {
    const { url, servers } = await standalone(['--databases', '4']);
    const instance = tidy(createInstance({ url: url.replace(/0$/, '99') }));
    assert.match(await untilToldDown(instance), /DB index is out of range/);
    assert.equal(await instance.remote.write('a', verdict('1'), KEEP_MS), false);
    assert.equal(instance.redis.isUp, false);
    assert.equal(await servers[0]?.client.dbsize(), 0);
    const other = await connect({ url: url.replace(/0$/, '3') });
    await untilShared(other, other);
    assert.equal(await servers[0]?.client.dbsize(), 0);
  });

  holds('in which another instance takes a verdict out has none for the others either', async () => {
    const { url } = await standalone();
    const [a, b] = [await connect({ url, budgetMs: 1000 }), await connect({ url, budgetMs: 1000 })];
    const [one, other] = [tieredOver(a), tieredOver(b)];
    one.set('a', verdict('1', 5000), KEEP_MS);
    await until(() => other.get('a', WITHIN_MS), { what: 'the other one has it' });
    await until(async () => (await one.get('a', WITHIN_MS)) !== undefined, { what: 'it is there' });
    other.delete('a');
    await until(async () => (await one.get('a', WITHIN_MS)) === undefined, { what: 'the first one has it no more' });
    assert.equal(one.peek('a'), undefined);
  });

  holds('that was restarted empty is given back what memory has, where nothing else is', async () => {
    const { url, servers } = await standalone();
    const a = await connect({ url, budgetMs: 1000 });
    const sessions = new SessionKind();
    const told = () => {};
    const verdicts = tieredOver(a);
    const memory = memoryStore(sessions, { entries: 100 });
    const remote = redisStore({ redis: a.redis, kind: sessions, told });
    const known = tieredStore({ kind: sessions, memory, remote, entries: 100, areConfirmed: false });
    verdicts.set('a', verdict('old', 5000), KEEP_MS);
    verdicts.set('b', verdict('b', 5000), KEEP_MS);
    known.set('s', sessions.make('verified', ['call']), KEEP_MS);
    await until(async () => (await servers[0]?.client.dbsize()) === 3, { what: 'all of it is in Redis' });
    await servers[0]?.kill();
    await untilDown(a);
    await servers[0]?.start();
    await servers[0]?.client.set('breakwater:verdict:a', `${Date.now() + KEEP_MS} ${VERDICTS.encode(verdict('new'))}`);
    await until(async () => (await servers[0]?.client.dbsize()) === 3, { what: 'all of it is there again' });
    const b = await connect({ url, budgetMs: 1000 });
    assert.equal(patchOf(await b.remote.get('b', WITHIN_MS)), 'b');
    assert.equal(patchOf(await b.remote.get('a', WITHIN_MS)), 'new');
    const found = await redisStore({ redis: b.redis, kind: sessions, told }).get('s', WITHIN_MS);
    assert.deepEqual([found?.state, [...(found?.deciding ?? [])]], ['verified', ['call']]);
  });

  holds('whose name holds another type is as good as empty, and says so', async () => {
    const { url, servers } = await standalone();
    const instance = await connect({ url });
    await servers[0]?.client.lpush('breakwater:verdict:a', 'x');
    assert.equal(await instance.remote.get('a', WITHIN_MS), undefined);
    instance.remote.set('a', verdict('1'), KEEP_MS);
    await until(() => instance.remote.get('a', WITHIN_MS), { what: 'it is written over' });
  });
});

describe('a cluster', () => {
  holds('with a node that is gone goes on with the others, and with all of them within 5 s of its return', async () => {
    const { url, servers } = await cluster();
    const instance = await connect({ url });
    await servers[0]?.kill();
    await askAll(instance);
    await askAtOnce(instance);
    await servers[0]?.start();
    await untilWhole(servers);
    await untilAllAsked(instance);
  });

  holds('that is gone as a whole is used again within 5 s of being whole', async () => {
    const { url, servers } = await cluster();
    const instance = await connect({ url });
    for (const server of servers) server.pause();
    await untilDown(instance);
    await askAll(instance);
    for (const server of servers) server.resume();
    await untilWhole(servers);
    await untilUp(instance);
    await untilShared(instance, instance);
  });
});

describe('a Sentinel', () => {
  holds('leads to the new master within 5 s of its promotion', async () => {
    const { url, servers } = await sentinel();
    const [master, replica] = servers;
    const [one, other] = [await connect({ url }), await connect({ url })];
    await untilShared(one, other);
    await master?.kill();
    await askAll(one);
    const isPromoted = async () => (await replica?.client.info('replication'))?.includes('role:master');
    await until(isPromoted, { what: 'the replica is promoted', deadlineMs: 30_000 });
    await Promise.all([untilUp(one), untilUp(other)]);
    await untilShared(one, other);
  });
});
