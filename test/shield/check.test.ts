import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type Client, createClient } from '../../src/upstream/client.ts';
import { createFaultServer, FAULTS, type FaultServer, HEALTHY } from '../fault-server.ts';
import { until } from '../poll.ts';

let backEnd: FaultServer;
let client: Client;

before(async () => {
  backEnd = await createFaultServer();
  client = createClient({
    upstream: `${backEnd.url}/apps/EchoApp`,
    connectLimitMs: 300,
    maxConnections: 1,
    maxAnswerBytes: 100,
  });
});

afterEach(() => backEnd.setFault(HEALTHY));

after(async () => {
  client.close();
  await backEnd.close();
});

test('it asks with GET for the path on the server, on a connection of its own that ends', async () => {
  assert.equal(await client.check('/health?full', 1000).ask(), undefined);
  const request = backEnd.requests.at(-1);
  assert.deepEqual([request?.method, request?.target], ['GET', '/health?full']);
  await until(() => backEnd.open === 0, { what: 'the end of the connection' });
});

test('any 2xx is well, however long its body; all else is not, and says what it was', async () => {
  for (const [status, problem] of [
    [200, undefined],
    [204, undefined],
    [301, 'it answered 301'],
    [404, 'it answered 404'],
    [503, 'it answered 503'],
  ] as const) {
    await backEnd.setFault({ kind: 'healthy', status, body: status === 204 ? '' : 'x'.repeat(5000) });
    assert.equal(await client.check('/health', 1000).ask(), problem);
  }
});

test('a server that refuses, resets or talks no HTTP is not well', async () => {
  await backEnd.setFault(FAULTS.refused);
  assert.equal(await client.check('/health', 1000).ask(), 'ECONNREFUSED');
  await backEnd.setFault(FAULTS.resets);
  assert.equal(await client.check('/health', 1000).ask(), 'ECONNRESET');
  await backEnd.setFault(FAULTS.garbage);
  assert.match((await client.check('/health', 1000).ask()) ?? '', /not HTTP\/1\.1/);
});

test('a server that is silent is not well when the time is over, and its connection ends', async () => {
  await backEnd.setFault(FAULTS.silent);
  const startedAt = performance.now();
  assert.equal(await client.check('/health', 100).ask(), 'no answer within 100 ms');
  assert.ok(performance.now() - startedAt < 1000);
  await until(() => backEnd.open === 0, { what: 'the end of the connection' });
});

test('a check that is under way ends with the gateway', async () => {
  await backEnd.setFault(FAULTS.silent);
  const check = client.check('/health', 60_000);
  const asked = check.ask();
  await until(() => backEnd.open === 1, { what: 'the connection' });
  check.close();
  assert.equal(await asked, 'the gateway is stopping');
  await until(() => backEnd.open === 0, { what: 'the end of the connection' });
});
