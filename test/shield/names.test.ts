import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Answer, Attempt } from '../../src/core/call.ts';
import { type Client, createClient } from '../../src/upstream/client.ts';
import { openBlackhole } from '../blackhole.ts';
import { type Addressed, listenOn, PlayedDns } from '../kit/addresses.ts';
import { aCall, codeOf } from '../kit/hand-played.ts';
import { until } from '../poll.ts';

const [ONE, TWO, THREE] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const aBackEnd = async (...addresses: readonly string[]): Promise<Addressed> => {
  const backEnd = await listenOn(addresses);
  closers.push(() => backEnd.close());
  return backEnd;
};

const aClient = (port: number, dns: PlayedDns, resolveMs = 60_000): Client => {
  const client = createClient({
    upstream: `http://back-end.example:${port}`,
    connectLimitMs: 1000,
    maxConnections: 64,
    maxAnswerBytes: 100_000,
    names: dns.names,
    resolveMs,
  });
  closers.push(() => client.close());
  return client;
};

const send = (client: Client, attempt: Attempt = { upstream: 'u', sent: false }): Promise<Answer> =>
  client.handler(aCall({ attempt, attempts: [attempt] }));

const sendAtOnce = (client: Client, count: number): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, () => send(client)));

test('connections are spread over all addresses of a name', async () => {
  const backEnd = await aBackEnd(ONE, TWO, THREE);
  const dns = new PlayedDns([ONE, TWO, THREE]);
  const client = aClient(backEnd.port, dns);
  await send(client);
  await sendAtOnce(client, 30);
  for (const address of [ONE, TWO, THREE]) assert.ok((backEnd.seen.get(address) ?? 0) >= 9, String([...backEnd.seen]));
  assert.equal(dns.asked, 1);
});

test('an address that refuses costs nobody a call, and is tried last', async () => {
  const backEnd = await aBackEnd(TWO);
  const client = aClient(backEnd.port, new PlayedDns([ONE, TWO]));
  await send(client);
  const answers = await sendAtOnce(client, 20);
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(backEnd.seen.get(TWO), 21);
});

test('an address that is silent costs a tenth of a second once, not the limit of a connect', async () => {
  const backEnd = await aBackEnd(TWO);
  closers.push(await openBlackhole(backEnd.port)); // on 127.0.0.1
  const dns = new PlayedDns(['127.0.0.1', TWO]);
  const client = aClient(backEnd.port, dns);
  await new Promise(resolve => dns.names.of('back-end.example').whenKnown(resolve));
  const attempt: Attempt = { upstream: 'u', sent: false };
  await send(client, attempt);
  const { ms = 0 } = attempt;
  assert.ok(ms >= 90 && ms < 900, `${ms} ms`);
  assert.deepEqual(dns.names.of('back-end.example').inOrder(), [TWO, '127.0.0.1']);
});

test('where every address refuses, the call fails as refused, with the word of the system', async () => {
  const backEnd = await aBackEnd(THREE);
  const client = aClient(backEnd.port, new PlayedDns([ONE, TWO]));
  const attempt: Attempt = { upstream: 'u', sent: false };
  assert.equal(await codeOf(send(client, attempt)), 'refused');
  assert.equal(attempt.why, 'ECONNREFUSED');
});

test('a name of which nothing is known fails as refused, and is found as soon as DNS is back', async () => {
  const backEnd = await aBackEnd(ONE);
  const dns = new PlayedDns(undefined);
  const client = aClient(backEnd.port, dns);
  const attempt: Attempt = { upstream: 'u', sent: false };
  assert.equal(await codeOf(send(client, attempt)), 'refused');
  assert.equal(attempt.why, 'EAI_AGAIN');
  dns.addresses = [ONE];
  await until(async () => (await codeOf(send(client))) === 'answered', { what: 'an answer' });
});

test('while DNS is gone, calls go to the last known addresses and do not wait for it', async () => {
  const backEnd = await aBackEnd(ONE);
  const dns = new PlayedDns([ONE]);
  const client = aClient(backEnd.port, dns, 20);
  await send(client);
  dns.addresses = undefined;
  const before = dns.asked;
  await until(() => dns.asked > before + 2, { what: 'questions' });
  assert.equal((await sendAtOnce(client, 10)).length, 10);
  const news = dns.events.filter(event => event.type === 'dns' && event.isNews);
  assert.equal(news.length, 1);
});

test('idle connections to an address that is gone are not used again', async () => {
  const backEnd = await aBackEnd(ONE, TWO);
  const dns = new PlayedDns([ONE]);
  const client = aClient(backEnd.port, dns, 20);
  await sendAtOnce(client, 5);
  assert.ok((await backEnd.open(ONE)) > 0);
  dns.addresses = [TWO];
  const name = dns.names.of('back-end.example');
  await until(() => name.has(TWO), { what: 'the new address' });
  const before = backEnd.seen.get(ONE);
  await sendAtOnce(client, 5);
  assert.equal(backEnd.seen.get(ONE), before);
  assert.equal(backEnd.seen.get(TWO), 5);
  await until(async () => (await backEnd.open(ONE)) === 0, { what: 'the old connections to end' });
});

test('a client that is made while DNS is gone has the addresses of the one before', async () => {
  const backEnd = await aBackEnd(ONE);
  const dns = new PlayedDns([ONE]);
  const first = aClient(backEnd.port, dns);
  await send(first);
  dns.addresses = undefined;
  const second = aClient(backEnd.port, dns);
  first.close();
  assert.equal((await send(second)).status, 200);
});

test('an upstream that is written as an address asks nobody', async () => {
  const backEnd = await aBackEnd(ONE);
  const dns = new PlayedDns(undefined);
  const client = createClient({
    upstream: `http://${ONE}:${backEnd.port}`,
    connectLimitMs: 1000,
    maxConnections: 4,
    maxAnswerBytes: 1000,
    names: dns.names,
  });
  closers.push(() => client.close());
  await send(client);
  assert.equal(dns.asked, 0);
});
