import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Event } from '../../src/core/events.ts';
import { createFaultServer, FAULTS, HEALTHY } from '../fault-server.ts';
import { until } from '../poll.ts';
import { closeServers } from '../redis/server.ts';
import { compact } from '../samples.ts';
import { configFor, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';
import { WcsClient } from '../wcs-client.ts';
import { startSafe } from './use.ts';

const STATUS = JSON.parse(compact('StreamStatusEvent.request.json').toString());
const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of leftovers.splice(0).reverse()) await close();
  await closeServers();
});

const join = async (upstream: string, redis: string, listener: (event: Event) => void = () => {}) => {
  const root = { events: { redis: { url: redis, budget: '2s' } } };
  const gateway = await startGateway(configFor([upstream], { limit: '3s' }, root), { listener });
  const wcs = new WcsClient({ url: gateway.url });
  leftovers.push(
    () => gateway.close(),
    () => wcs.close(),
  );
  const send = (number: number) =>
    wcs.post('StreamStatusEvent', Buffer.from(JSON.stringify({ ...STATUS, sessionId: 's', number })));
  return { gateway, send };
};

test('what one instance stored another delivers, in order and through a restart of Redis', {
  skip: withoutTool('redis-server'),
}, async () => {
  const redis = await startSafe();
  const backEnd = await createFaultServer();
  leftovers.push(() => backEnd.close());
  await backEnd.setFault(FAULTS.refused);
  const one = await join(backEnd.url, `redis://${redis.address}/0`);
  await until(async () => (await one.send(-1)).source === 'stored', {
    what: 'the first is stored',
    deadlineMs: 20_000,
  });
  for (let i = 0; i < 5; i++) assert.equal((await one.send(i)).source, 'stored');
  await one.gateway.close();
  await redis.kill();
  await redis.start();
  const other = await join(backEnd.url, `redis://${redis.address}/0`);
  await until(async () => (await other.send(5)).from === 'stored; reason=queued', { what: 'it goes behind them' });
  await backEnd.setFault(HEALTHY);
  const numbers = () =>
    backEnd.requests
      .map(({ body }) => JSON.parse(body.toString()).number)
      .filter((n, i, all) => n >= 0 && all.indexOf(n) === i);
  await until(() => numbers().includes(5), { what: 'all are delivered', deadlineMs: 20_000 });
  assert.deepEqual(numbers(), [0, 1, 2, 3, 4, 5]);
});
