import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { afterEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { collectEvents, fakeTime, realTime, settle } from '../../test/kit/hand-played.ts';
import { HandPlayedRedis, type PlayedCommand } from '../../test/kit/hand-played-redis.ts';
import { readRedisUrl } from './redis-url.ts';
import { type Heard, SharedRedis } from './shared-redis.ts';

const BUDGET_MS = 20;

afterEach(realTime);

const play = (url = 'redis://user:hunter2@redis') => {
  const time = fakeTime();
  const address = readRedisUrl(url);
  assert.ok(address);
  const client = new HandPlayedRedis();
  const { emit, events } = collectEvents();
  const redis = new SharedRedis({ address, budgetMs: BUDGET_MS, prefix: 'breakwater:' }, emit, client);
  const tick = async (ms: number) => {
    await time.tick(ms);
    // Where a wait is over, what has come in is read first.
    await turn();
    await settle();
  };
  const ask = (withinMs = 1000): Promise<Heard<string | null>> => redis.ask(withinMs, from => from.get('key'));
  /** Answers all that has come so far. */
  const answer = async (how: (command: PlayedCommand) => void) => {
    for (const command of client.taken()) how(command);
    await settle();
  };
  const comeUp = async () => {
    client.ready();
    await answer(command => command.reply());
    events.length = 0;
  };
  return { redis, client, events, tick, ask, answer, comeUp };
};

describe('a shared Redis', () => {
  test('is used from the first answered probe on, which asks under the prefix as calls do', async () => {
    const { redis, client, events } = play();
    assert.equal(redis.isUp, false);
    client.ready();
    const [probe] = client.taken();
    assert.match(probe?.key ?? '', /^breakwater:probe:/);
    assert.equal(probe?.name, 'get');
    assert.equal(redis.isUp, false);
    probe?.reply();
    await settle();
    assert.equal(redis.isUp, true);
    assert.deepEqual(events, [{ type: 'redis', is: 'up', detail: '' }]);
  });

  test('a database that it does not have is asked for before anything else, and is as good as no Redis', async () => {
    const { redis, client, events, tick, answer } = play('redis://redis/99');
    client.ready();
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(
        client.commands.map(({ name, key }) => [name, key]),
        [['select', '99']],
      );
      await answer(command => command.refuse('ERR DB index is out of range'));
      assert.deepEqual(client.taken(), []);
      assert.equal(await redis.tell(to => to.del('key')), false);
      await tick(500);
    }
    assert.equal(redis.isUp, false);
    assert.deepEqual(events, [{ type: 'redis', is: 'down', detail: 'ERR DB index is out of range' }]);
  });

  test('a database that it has is asked for over each new connection', async () => {
    const { redis, client, answer, tick } = play('redis://redis/3');
    for (let connection = 0; connection < 2; connection++) {
      client.ready();
      await answer(({ name, reply }) => assert.equal(name, 'select') ?? reply());
      assert.equal(redis.isUp, false);
      await answer(({ name, reply }) => assert.equal(name, 'get') ?? reply());
      assert.equal(redis.isUp, true);
      await tick(500);
      await answer(({ name, reply }) => assert.equal(name, 'get') ?? reply());
      client.close();
      assert.equal(redis.isUp, false);
    }
  });

  test('one that was never there is said to be down once, and why', async () => {
    const { client, events, tick } = play();
    client.emit('error', new Error('connect ECONNREFUSED 10.0.0.1:6379'));
    await tick(3000);
    assert.deepEqual(events, [{ type: 'redis', is: 'down', detail: 'connect ECONNREFUSED 10.0.0.1:6379' }]);
  });

  test('costs nothing while it is down', async () => {
    const { redis, client, ask } = play();
    assert.equal(await ask(), 'error');
    assert.equal(await redis.tell(to => to.del('key')), false);
    assert.deepEqual(client.commands, []);
  });

  test('a question ends with its answer, its refusal, or its budget', async () => {
    const { tick, ask, answer, comeUp } = play();
    await comeUp();
    const answered = ask();
    await answer(command => command.reply('text'));
    assert.deepEqual(await answered, { reply: 'text' });
    const refused = ask();
    await answer(command => command.refuse('NOPERM'));
    assert.equal(await refused, 'error');
    const forgotten = ask();
    await tick(BUDGET_MS);
    assert.equal(await forgotten, 'timeout');
  });

  test('a call that has less time than the budget gets that, and without any asks nothing', async () => {
    const { redis, client, tick, ask, comeUp } = play();
    await comeUp();
    for (let i = 0; i < 5; i++) {
      const asked = ask(5);
      await tick(5);
      assert.equal(await asked, 'timeout');
    }
    assert.equal(client.taken().length, 5);
    assert.equal(await ask(0), 'timeout');
    assert.equal(client.commands.length, 0);
    assert.equal(redis.isUp, true);
  });

  test('a reply that has come while this process was busy is no late one', async () => {
    const { redis, comeUp } = play();
    await comeUp();
    realTime();
    const asked = redis.ask(BUDGET_MS, () => stat(import.meta.filename));
    const busyUntil = performance.now() + 3 * BUDGET_MS;
    while (performance.now() < busyUntil);
    assert.equal(typeof (await asked), 'object');
    redis.close();
  });

  test('three questions in a row without an answer end its use; one answer in between does not', async () => {
    const { redis, events, tick, ask, answer, comeUp } = play();
    await comeUp();
    const fail = async () => {
      const asked = ask();
      await tick(BUDGET_MS);
      await asked;
    };
    await fail();
    await fail();
    await answer(() => {});
    const good = ask();
    await answer(command => command.reply());
    await good;
    await fail();
    await fail();
    assert.equal(redis.isUp, true);
    await fail();
    assert.equal(redis.isUp, false);
    assert.deepEqual(events, [{ type: 'redis', is: 'down', detail: 'no answer within 20 ms' }]);
  });

  test('refused questions do not end its use, for they may be about one name only', async () => {
    const { redis, ask, answer, comeUp } = play();
    await comeUp();
    for (let i = 0; i < 5; i++) {
      const asked = ask();
      await answer(command => command.refuse('WRONGTYPE'));
      assert.equal(await asked, 'error');
    }
    assert.equal(redis.isUp, true);
  });

  test('it is probed without any call, so that silence is seen by itself', async () => {
    const { redis, tick, comeUp } = play();
    await comeUp();
    await tick(1499);
    assert.equal(redis.isUp, true);
    await tick(30);
    assert.equal(redis.isUp, false);
  });

  test('a probe that is refused keeps it down, and says why', async () => {
    const { redis, client, events, tick, answer } = play();
    client.ready();
    for (let i = 0; i < 4; i++) {
      await answer(command => command.refuse('NOAUTH Authentication required.'));
      await tick(500);
    }
    assert.equal(redis.isUp, false);
    assert.deepEqual(events, [{ type: 'redis', is: 'down', detail: 'NOAUTH Authentication required.' }]);
  });

  test('a closed connection ends its use at once, and an answered probe brings it back with another life', async () => {
    const { redis, client, events, answer, comeUp } = play();
    await comeUp();
    const { life } = redis;
    client.close();
    assert.equal(redis.isUp, false);
    client.ready();
    await answer(command => command.reply());
    assert.equal(redis.isUp, true);
    assert.notEqual(redis.life, life);
    assert.deepEqual(
      events.map(event => event.type === 'redis' && [event.is, event.detail]),
      [
        ['down', 'the connection was closed'],
        ['up', ''],
      ],
    );
  });

  test('a question from before it went and came back decides nothing', async () => {
    const { redis, client, tick, ask, answer, comeUp } = play();
    await comeUp();
    const old = [ask(), ask(), ask()];
    const lost = client.taken();
    client.close();
    client.ready();
    await answer(command => command.reply());
    for (const command of lost) command.lose();
    await tick(BUDGET_MS);
    assert.deepEqual(await Promise.all(old), ['error', 'error', 'error']);
    assert.equal(redis.isUp, true);
  });

  test('refused writes are told once in five seconds, and it goes on being read', async () => {
    const { redis, client, events, tick, comeUp } = play();
    await comeUp();
    for (let second = 0; second < 11; second++) {
      for (let i = 0; i < 20; i++) {
        const told = redis.tell(to => to.set('key', 'text', 'PX', 1));
        for (const command of client.taken()) {
          if (command.name === 'get') command.reply();
          else command.refuse('OOM command not allowed');
        }
        assert.equal(await told, false);
      }
      await tick(100);
      for (const command of client.taken()) command.reply();
      await tick(900);
      for (const command of client.taken()) command.reply();
    }
    assert.equal(redis.isUp, true);
    assert.deepEqual(events, Array(3).fill({ type: 'redis', is: 'refusing', detail: 'OOM command not allowed' }));
  });

  test('no more than a thousand writes are under way, and each that ends makes room', async () => {
    const { redis, answer, comeUp, client } = play();
    await comeUp();
    const tell = () => redis.tell(to => to.del('key'));
    const told = Array.from({ length: 1000 }, tell);
    assert.equal(await tell(), false);
    client.commands[0]?.lose();
    assert.equal(await told[0], false);
    const next = tell();
    await answer(command => command.reply());
    assert.equal(await next, true);
    assert.deepEqual(await Promise.all(told.slice(1)), Array(999).fill(true));
  });

  test('no password is told', async () => {
    const { client, events, tick } = play();
    client.emit('error', new Error('ERR hunter2?'));
    await tick(500);
    assert.deepEqual(events, [{ type: 'redis', is: 'down', detail: 'ERR ***?' }]);
  });

  test('those who wait for its answers hear of each answered probe', async () => {
    const { redis, client, tick, answer } = play();
    let heard = 0;
    redis.onAnswer(() => heard++);
    client.ready();
    assert.equal(heard, 0);
    await answer(command => command.reply());
    assert.equal(heard, 1);
    await tick(500);
    await answer(command => command.reply());
    assert.equal(heard, 2);
  });

  test('closed, it asks nothing, tells nothing and sets no timer', async () => {
    const { redis, client, events, tick, ask, comeUp } = play();
    await comeUp();
    redis.close();
    assert.equal(client.isDisconnected, true);
    client.ready();
    await tick(5000);
    assert.equal(await ask(), 'error');
    assert.deepEqual(events, []);
    assert.deepEqual(client.commands.slice(1), []);
  });
});
