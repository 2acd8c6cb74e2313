import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect as secureConnect, TLSSocket } from 'node:tls';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { Authority, type Files } from '../kit/certificates.ts';
import { until } from '../poll.ts';
import { post, rawCall } from '../raw-call.ts';
import { compact, requests } from '../samples.ts';
import { configFor, type Started, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';
import { secureCall, shakeHands } from './secure-client.ts';

const PATH = '/apps/EchoApp/connect';
const HOOK = post(PATH, compact('connect.request.json'));

describe('a listener that speaks TLS', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  let other: Authority;
  let backEnd: FaultServer;
  let gateway: Started;
  let pair: Files;
  let trust: ConnectionOptions;

  before(async () => {
    authority = new Authority();
    other = new Authority('Another authority');
    backEnd = await createFaultServer();
    pair = authority.issue('gateway');
    trust = { ca: authority.pem };
    gateway = await startGateway(configFor([backEnd.url], {}, { tls: pair }));
  });
  after(async () => {
    await gateway.close();
    await backEnd.close();
    authority.remove();
    other.remove();
  });

  const rejected = (code: string, started = gateway): number =>
    started.breakwater.metrics.snapshot().rejected[code as 'tls_handshake'] ?? 0;

  test('answers a hook, and tells the back-end that it came over https', async () => {
    backEnd.reset();
    const { answers } = await secureCall(gateway.port, HOOK, trust);
    assert.equal(answers[0]?.status, 200);
    assert.match(
      backEnd.requests[0]?.headers.join('|') ?? '',
      /X-Forwarded-For\|127\.0\.0\.1\|.*X-Forwarded-Proto\|https/,
    );
    assert.match(gateway.breakwater.url, /^https:/);
  });

  test('shows in /status when its certificate expires', async () => {
    const { certificates = [] } = await gateway.breakwater.status();
    assert.deepEqual(
      certificates.map(({ app }) => app),
      [''],
    );
    assert.ok(Math.abs(Date.parse(certificates[0]?.expires ?? '') - Date.now() - 2 * 86_400_000) < 3_600_000);
  });

  test('serves every sample without node:http, and what is split or wrong as without TLS', async () => {
    let byNode = 0;
    const count = () => void byNode++;
    subscribe('http.server.request.start', count);
    for (const { file, hook } of requests())
      assert.equal(
        (await secureCall(gateway.port, post(`/apps/EchoApp/${hook}`, compact(file)), trust)).answers[0]?.status,
        200,
      );
    assert.equal(byNode, 0);
    const split = await secureCall(gateway.port, [HOOK.subarray(0, 40), HOOK.subarray(40)], trust);
    const get = await secureCall(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', trust);
    unsubscribe('http.server.request.start', count);
    assert.deepEqual([split.answers[0]?.status, get.answers[0]?.status, byNode], [200, 405, 2]);
  });

  test('is refused by a client that trusts another authority, which is counted', async () => {
    const before = rejected('tls_handshake');
    assert.equal(await shakeHands(gateway.port, { ca: other.pem }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const { ended, answers } = await rawCall(gateway.port, HOOK);
    assert.deepEqual([ended === 'closed' || ended === 'reset', answers.length], [true, 0]);
    await until(() => rejected('tls_handshake') > before, { what: 'the handshake is counted' });
  });

  test('speaks TLS 1.2 and 1.3 with ephemeral keys and nothing else', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await shakeHands(gateway.port, { ...trust, maxVersion });
      assert.ok(socket instanceof TLSSocket, String(socket));
      assert.equal(socket.getProtocol(), maxVersion);
      socket.destroy();
    }
    const weak = { ...trust, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    assert.equal(typeof (await shakeHands(gateway.port, weak)), 'string');
    const fixed = { ...trust, maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA' } as const;
    assert.equal(typeof (await shakeHands(gateway.port, fixed)), 'string');
  });

  test('chooses http/1.1, and turns away who wants another protocol alone', async () => {
    const socket = await shakeHands(gateway.port, { ...trust, ALPNProtocols: ['h2', 'http/1.1'] });
    assert.ok(socket instanceof TLSSocket, String(socket));
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
    assert.equal(typeof (await shakeHands(gateway.port, { ...trust, ALPNProtocols: ['h2'] })), 'string');
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`resumes a session of ${maxVersion}`, async () => {
      const first = await shakeHands(gateway.port, { ...trust, maxVersion });
      assert.ok(first instanceof TLSSocket, String(first));
      const session = first.getSession();
      first.destroy();
      assert.ok(session);
      const { answers } = await secureCall(gateway.port, HOOK, { ...trust, maxVersion, session });
      assert.equal(answers[0]?.status, 200);
      assert.equal(await isResumed({ ...trust, maxVersion, session }), true);
    });
  }

  const isResumed = (options: ConnectionOptions): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const socket = secureConnect({ port: gateway.port, host: '127.0.0.1', ...options }, () => {
        resolve(socket.isSessionReused());
        socket.destroy();
      });
      socket.on('error', reject);
    });

  describe('and wants a certificate of its clients', () => {
    let mutual: Started;
    before(async () => {
      mutual = await startGateway(configFor([backEnd.url], {}, { tls: { ...pair, clientCa: authority.file } }));
    });
    after(() => mutual.close());

    const asClient = ({ cert, key }: Files): ConnectionOptions => ({
      ...trust,
      cert: readFileSync(cert),
      key: readFileSync(key),
    });

    test('takes one that its authority has issued', async () => {
      const { answers } = await secureCall(mutual.port, HOOK, asClient(authority.issue('wcs')));
      assert.equal(answers[0]?.status, 200);
    });

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`refuses none, another authority's and an expired one over ${maxVersion}, before any request`, async () => {
        const before = rejected('tls_handshake', mutual);
        backEnd.reset();
        const clients = [
          trust,
          asClient(other.issue('wcs')),
          asClient(authority.issue('old', { begins: -3, ends: -1 })),
        ];
        for (const client of clients)
          assert.equal((await secureCall(mutual.port, HOOK, { ...client, maxVersion })).answers.length, 0);
        await until(() => rejected('tls_handshake', mutual) === before + 3, { what: 'three handshakes are counted' });
        assert.equal(backEnd.count, 0);
      });
    }
  });

  test('closes who may not call before the handshake, which is counted', async () => {
    const shut = await startGateway(configFor([backEnd.url], {}, { tls: pair, wcs: { addresses: ['10.0.0.5'] } }));
    assert.equal((await secureCall(shut.port, HOOK, trust)).answers.length, 0);
    assert.equal(rejected('not_allowed', shut), 1);
    assert.equal(shut.breakwater.held.visits, 0);
    await shut.close();
  });

  test('counts connections in their handshake among all, and closes them when it drains', async () => {
    const small = await startGateway(configFor([backEnd.url], {}, { tls: pair, limits: { connections: 2 } }));
    const silent = [1, 2].map(() => connect(small.port, '127.0.0.1'));
    const ends = silent.map(socket => new Promise(resolve => socket.on('error', () => {}).once('close', resolve)));
    await until(async () => (await secureCall(small.port, HOOK, trust)).answers.length === 0, {
      what: 'the house is full',
    });
    assert.ok(rejected('connections', small) > 0);
    await small.close();
    await Promise.all(ends);
  });
});
