import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Event } from '../../src/core/events.ts';
import { Authority, type Files } from '../kit/certificates.ts';
import { post, rawCall } from '../raw-call.ts';
import { configFor, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';
import { createSecureBackEnd, type SecureBackEnd } from './secure-back-end.ts';

const HOOK = post('/apps/EchoApp/connect', '{"appKey":"a","login":"b"}');

/** Answers and what was said of TLS, of a gateway in front of one back-end. */
interface Seen {
  readonly statuses: readonly (number | undefined)[];
  readonly told: readonly string[];
  readonly why: readonly (string | undefined)[];
}

describe('an upstream over TLS', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  let other: Authority;
  let pair: Files;
  let backEnd: SecureBackEnd;

  before(async () => {
    authority = new Authority();
    other = new Authority('Another authority');
    pair = authority.issue('back-end', { names: 'IP:127.0.0.1,DNS:app.example' });
    backEnd = await createSecureBackEnd(pair);
  });
  after(async () => {
    await backEnd.close();
    authority.remove();
    other.remove();
  });

  const config = (port: number, tls: object, host = '127.0.0.1') =>
    configFor([`https://${host}:${port}`], { tls, fallback: ['unavailable'], limit: '3s', connectLimit: '2s' });

  const see = async (port: number, tls: object, { calls = 1, host = '127.0.0.1' } = {}): Promise<Seen> => {
    const told: string[] = [];
    const why: (string | undefined)[] = [];
    const listener = (event: Event) => {
      if (event.type === 'tls-failed') told.push(event.detail);
      if (event.type === 'attempt') why.push(event.attempt.why);
    };
    const gateway = await startGateway(config(port, tls, host), { listener });
    const statuses = [];
    for (let i = 0; i < calls; i++) statuses.push((await rawCall(gateway.port, HOOK)).answers[0]?.status);
    await gateway.close();
    return { statuses, told, why };
  };

  test('with a certificate of the named authority is asked', async () => {
    assert.deepEqual((await see(backEnd.port, { ca: authority.file })).statuses, [200]);
  });

  const refusals: readonly (readonly [string, () => Promise<Seen>, RegExp])[] = [
    ['of an authority that nobody named', () => see(backEnd.port, {}), /no authority that is trusted.*\(UNABLE_TO_/],
    ['of another authority', () => see(backEnd.port, { ca: other.file }), /no authority that is trusted/],
    [
      'made out to another name',
      () => see(backEnd.port, { ca: authority.file, serverName: 'other.example' }),
      /another name; .*tls\.serverName \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    ],
    ['that has expired', () => seeOf({ begins: -5, ends: -1 }), /has expired; renew it there \(CERT_HAS_EXPIRED\)/],
    ['that is not valid yet', () => seeOf({ begins: 1, ends: 5 }), /does not hold yet/],
  ];

  const seeOf = async (time: { readonly begins: number; readonly ends: number }): Promise<Seen> => {
    const own = await createSecureBackEnd(authority.issue('own', time));
    const seen = await see(own.port, { ca: authority.file });
    await own.close();
    return seen;
  };

  for (const [what, run, why] of refusals) {
    test(`with a certificate ${what} is not, and the log says why`, async () => {
      const { statuses, told, why: codes } = await run();
      assert.deepEqual(statuses, [503]);
      assert.match(told[0] ?? '', why);
      assert.ok(codes[0], 'the line of the call names the code');
    });
  }

  test('that speaks no TLS is told as that', async () => {
    const plain = createServer().listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const { statuses, told } = await see(port, { ca: authority.file });
    plain.close();
    assert.deepEqual(statuses, [503]);
    assert.match(told[0] ?? '', /speaks no TLS; write http:/);
  });

  test('is asked by the name that is written, which its certificate must have', async () => {
    const from = backEnd.connections.length;
    const named = await see(backEnd.port, { ca: authority.file, serverName: 'app.example' });
    assert.deepEqual(named.statuses, [200]);
    assert.equal(backEnd.connections[from]?.asked, 'app.example');
  });

  test('is believed without a look only where insecure says so', async () => {
    const own = await createSecureBackEnd(other.issue('own', { begins: -5, ends: -1, names: 'DNS:other.example' }));
    assert.deepEqual((await see(own.port, { insecure: true })).statuses, [200]);
    await own.close();
  });

  test('gets the certificate that it wants, and without one the failure is told', async () => {
    const own = await createSecureBackEnd(pair, { clientCa: other.pem });
    const client = other.issue('breakwater');
    assert.deepEqual((await see(own.port, { ca: authority.file, ...client })).statuses, [200]);
    assert.equal(own.connections[0]?.client, 'breakwater');
    const without = await see(own.port, { ca: authority.file });
    assert.deepEqual(without.statuses, [503]);
    assert.match(without.told[0] ?? '', /tls\.cert/);
    await own.close();
  });

  test('resumes its session on the next connection', async () => {
    const own = await createSecureBackEnd(pair, { mostCalls: 1 });
    const { statuses } = await see(own.port, { ca: authority.file }, { calls: 4 });
    await own.close();
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    assert.deepEqual(
      own.connections.map(({ isResumed }) => isResumed),
      [false, true, true, true],
    );
  });

  test('is held against the new authority after a reload', async () => {
    const file = join(authority.dir, 'trusted.pem');
    copyFileSync(other.file, file);
    const gateway = await startGateway(config(backEnd.port, { ca: file }));
    assert.equal((await rawCall(gateway.port, HOOK)).answers[0]?.status, 503);
    copyFileSync(authority.file, file);
    gateway.breakwater.reload(config(backEnd.port, { ca: file }));
    assert.equal((await rawCall(gateway.port, HOOK)).answers[0]?.status, 200);
    await gateway.close();
  });
});
