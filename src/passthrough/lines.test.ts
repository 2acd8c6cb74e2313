import assert from 'node:assert/strict';
import { get } from 'node:http';
import { afterEach, test } from 'node:test';
import { openBlackhole } from '../../test/blackhole.ts';
import { listenOn, PlayedDns } from '../../test/kit/addresses.ts';
import { until } from '../../test/poll.ts';
import { Lines } from './lines.ts';

const HOST = 'back-end.example';
const [HERE, ONE, TWO] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const serve = async (dns: PlayedDns, addresses: readonly string[]) => {
  const backEnd = await listenOn(addresses);
  const name = dns.names.of(HOST);
  const lines = new Lines({ target: { hostname: HOST, port: backEnd.port, name }, connectLimitMs: 1000, most: 4 });
  closers.push(
    () => backEnd.close(),
    () => lines.close(),
    name.watch(20),
  );
  await until(() => name.addresses.length > 0, { what: 'addresses' });
  const ask = () =>
    new Promise((resolve, reject) => {
      get({ agent: lines }, answer => answer.resume().once('end', resolve)).once('error', reject);
    });
  return { backEnd, name, ask };
};

test('an address that is silent costs a tenth of a second, and is tried last from then on', async () => {
  const { backEnd, name, ask } = await serve(new PlayedDns([HERE, ONE]), [ONE]);
  closers.push(await openBlackhole(backEnd.port)); // on HERE
  for (const _ of name.addresses) await ask();
  assert.equal(backEnd.seen.get(ONE), 2);
  assert.equal(name.inOrder()[0], ONE);
});

test('a connection to an address that the name has no more serves no second request', async () => {
  const dns = new PlayedDns([ONE]);
  const { backEnd, name, ask } = await serve(dns, [ONE, TWO]);
  await ask();
  dns.addresses = [TWO];
  await until(() => name.has(TWO), { what: 'the new address' });
  for (let i = 0; i < 5; i++) await ask();
  assert.ok((backEnd.seen.get(ONE) ?? 0) <= 2, String([...backEnd.seen]));
  await until(async () => (await backEnd.open(ONE)) === 0, { what: 'the end of the old connection' });
});
