import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import type { Event } from '../src/core/events.ts';
import { createGateway, type Gateway } from '../src/gateway/gateway.ts';
import { SharedMemory } from '../src/server/memory.ts';
import { MemoryJournal } from './kit/memory-journal.ts';
import { callOf } from './kit/sessions.ts';
import { until } from './poll.ts';

/** Admits whoever has the token `good`, and lets FAIL decide about streams. */
const backEnd = (asked: string[]): Server =>
  createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { sessionId, custom } = JSON.parse(text);
    asked.push(`${request.url?.split('/').at(-1)} ${sessionId}`);
    const isConnect = request.url?.endsWith('/connect') === true;
    response.statusCode = isConnect && custom.token !== 'good' ? 403 : 200;
    const restClientConfig = { publishStream: { restOnError: 'FAIL' } };
    response.end(JSON.stringify(isConnect ? { ...JSON.parse(text), restClientConfig } : {}));
  });

const listen = async (server: Server, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const close = async (server: Server): Promise<void> => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
};

const configOf = (port: number, connect: string) =>
  parseConfig(
    `apps: [{ name: app, path: /app, upstreams: ['http://127.0.0.1:${port}'], limit: 1s, breaker: false, hooks: { connect: { fallback: ${connect} } } }]`,
    { file: 'test.yaml', env: {} },
  ).config;

test('who comes while the back-end is away is held until it has spoken, over a reload too', async () => {
  const asked: string[] = [];
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const spare = backEnd([]);
  const port = await listen(spare, 0);
  await close(spare);
  const provisional = configOf(port, '[provisional]');
  const memory = new SharedMemory(provisional, emit, async () => new MemoryJournal());
  const first = createGateway({ config: provisional, memory, emit });
  after(() => memory.close());

  const put = async (gateway: Gateway, hook: string, id: string) => {
    const found = gateway.find(`/app/${hook}`);
    assert.ok(found);
    const call = { ...callOf(hook, id, { custom: { token: id } }), route: found.route, emit };
    const { status, body } = await found.route.handler(call);
    return { status, body: body.toString() };
  };

  for (const id of ['good', 'stranger']) {
    const { status, body } = await put(first, 'connect', id);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body).restClientConfig.publishStream, { restOnError: 'FAIL' });
    for (const hook of ['publishStream', 'playStream', 'call', 'OnDataEvent', 'unheardOf']) {
      assert.equal((await put(first, hook, id)).status, 503, hook);
    }
    assert.equal((await put(first, 'StreamKeepAliveEvent', id)).status, 200);
  }
  assert.deepEqual(memory.sessions.provisional, { app: 2 });

  // From now on nobody is let in so any more; those who were stay held, and are put to the back-end all the same.
  const second = createGateway({ config: configOf(port, 'auto'), memory, emit });
  first.close();
  assert.equal((await put(second, 'publishStream', 'stranger')).status, 503);
  const server = backEnd(asked);
  await listen(server, port);
  after(() => close(server));
  await until(() => memory.sessions.provisional.app === 0, { what: 'both are judged' });
  for (const hook of ['publishStream', 'playStream', 'unheardOf']) {
    assert.equal((await put(second, hook, 'stranger')).status, 403, hook);
    assert.equal((await put(second, hook, 'good')).status, 200, hook);
  }
  const results = events.flatMap(event => (event.type === 'admission' ? [event.result] : []));
  assert.deepEqual(results.toSorted(), ['provisional', 'provisional', 'refused', 'verified']);
  assert.deepEqual(
    asked.filter(each => each.endsWith('stranger')),
    ['connect stranger'],
  );
  second.close();
});
