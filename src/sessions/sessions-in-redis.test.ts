import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisStore } from '../store/redis.ts';
import type { SharedRedis } from '../store/shared-redis.ts';
import { SessionKind } from './sessions.ts';

type Command = (client: object) => Promise<unknown>;

/** A Redis of one name, and what it was told. */
const fakeRedis = () => {
  const told: unknown[][] = [];
  let text: string | null = null;
  const client = {
    get: async () => text,
    set: async (...words: unknown[]) => {
      told.push(words);
      text = String(words[1]);
    },
  };
  const redis = {
    life: 1,
    prefix: 'breakwater:',
    onAnswer: () => {},
    ask: async (_withinMs: number, command: Command) => ({ reply: await command(client) }),
    tell: async (command: Command) => {
      await command(client);
      return true;
    },
  };
  return { redis: redis as unknown as SharedRedis, told };
};

const openStore = () => {
  const { redis, told } = fakeRedis();
  const kind = new SessionKind();
  return { kind, told, store: redisStore({ redis, kind, told: () => {} }) };
};

test('a session that another instance wrote to Redis is read as it was written', async () => {
  const { kind, store } = openStore();
  store.set('name', kind.make('verified', ['publishStream']), 60_000);
  assert.equal(await store.get('name', 20), kind.make('verified', ['publishStream']));
});

test('what is left of a time is told to Redis in whole milliseconds, as it takes no others', async () => {
  const { kind, store, told } = openStore();
  store.set('name', kind.make('open', []), 1234.567);
  const [name, text, unit, ms] = told[0] ?? [];
  assert.deepEqual([name, unit, ms], ['breakwater:session:name', 'PX', 1235]);
  assert.match(String(text), /^\d+ \[/);
  assert.ok(await store.get('name', 20));
});
