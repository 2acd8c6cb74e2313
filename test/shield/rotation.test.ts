import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { Event } from '../../src/core/events.ts';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { Authority, type Files } from '../kit/certificates.ts';
import { until } from '../poll.ts';
import { configFor, type Started, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';
import { shakeHands } from './secure-client.ts';

type Certificate = Extract<Event, { readonly type: 'certificate' }>;

const WORKERS = 8;

describe('a certificate that is replaced', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  let backEnd: FaultServer;
  let gateway: Started;
  let used: Files;
  const told: Certificate[] = [];

  before(async () => {
    authority = new Authority();
    backEnd = await createFaultServer();
  });
  after(async () => {
    await backEnd.close();
    authority.remove();
  });

  /** A gateway whose files are links through a folder that is a link, as Kubernetes mounts a secret. */
  const begin = async () => {
    const dir = join(authority.dir, `mount-${told.length}-${performance.now()}`);
    mkdirSync(dir);
    const swap = ({ cert, key }: Files) => {
      const version = join(dir, `..${performance.now()}`);
      mkdirSync(version);
      copyFileSync(cert, join(version, 'tls.crt'));
      copyFileSync(key, join(version, 'tls.key'));
      symlinkSync(version, join(dir, '..new'));
      renameSync(join(dir, '..new'), join(dir, '..data'));
    };
    swap(authority.issue('first'));
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(dir, name));
    used = { cert: join(dir, 'tls.crt'), key: join(dir, 'tls.key') };
    const config = configFor([backEnd.url], {}, { tls: used });
    const listener = (event: Event) => void (event.type === 'certificate' && told.push(event));
    gateway = await startGateway(config, { listener });
    return { swap, config, close: () => gateway.close() };
  };

  beforeEach(() => {
    told.length = 0;
  });

  const nameInUse = async (): Promise<string> => {
    const socket = await shakeHands(gateway.port, { ca: authority.pem });
    if (!(socket instanceof TLSSocket)) return socket;
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };

  const inUse = (name: string) =>
    until(async () => (await nameInUse()) === name, { what: `${name} is in use`, deadlineMs: 10_000, everyMs: 50 });

  const counted = async (result: string): Promise<number> => {
    const { body } = await gateway.breakwater.metrics.render(false);
    return Number(
      new RegExp(`^breakwater_tls_certificate_reloads_total{result="${result}"} (\\d+)$`, 'm').exec(body)?.[1] ?? 0,
    );
  };

  /** One call; resolves with its status, or with what went wrong. */
  const call = (agent: Agent): Promise<number | string> =>
    new Promise(resolve => {
      const headers = { 'Content-Type': 'application/json' };
      const options = { method: 'POST', port: gateway.port, path: '/apps/EchoApp/connect', headers, agent };
      const sent = request({ host: '127.0.0.1', ...options, ca: authority.pem }, response => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', error => resolve(String(error)));
      sent.end(`{"appKey":"a","login":"${performance.now()}"}`);
    });

  test('is in use within seconds, and no call on connections old or new notices', async () => {
    const { swap, close } = await begin();
    const results = new Map<number | string, number>();
    let isOver = false;
    const work = async (keepAlive: boolean) => {
      const agent = new Agent({ keepAlive, maxSockets: 1, maxCachedSessions: 0 });
      while (!isOver) {
        const result = await call(agent);
        results.set(result, (results.get(result) ?? 0) + 1);
      }
      agent.destroy();
    };
    const workers = Array.from({ length: WORKERS }, (_, at) => work(at % 2 === 0));
    for (const name of ['second', 'third']) {
      swap(authority.issue(name));
      await inUse(name);
    }
    isOver = true;
    await Promise.all(workers);
    assert.deepEqual([...results.keys()], [200]);
    assert.deepEqual([await counted('applied'), await counted('refused')], [2, 0]);
    await close();
  });

  test('does not come into use while it is broken, does not fit its key or has expired; the log says why', async () => {
    const { swap, close } = await begin();
    const broken = authority.issue('broken');
    writeFileSync(broken.cert, '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
    const bad: readonly (readonly [Files, RegExp])[] = [
      [broken, /tls\.crt holds a certificate that cannot be read; write the path of/],
      [
        { cert: authority.issue('one').cert, key: authority.issue('two').key },
        /tls\.key is not the key of .*tls\.crt; /,
      ],
      [authority.issue('old', { begins: -9, ends: -1 }), /tls\.crt has expired on \d{4}-\d\d-\d\d .*; renew it/],
      [authority.issue('early', { begins: 1, ends: 9 }), /tls\.crt holds from \d{4}-.* only; look at the clock/],
    ];
    for (const [at, [files, why]] of bad.entries()) {
      swap(files);
      await until(() => told.length > at, { what: `${why} is told`, deadlineMs: 10_000 });
      assert.equal(told[at]?.is, 'refused');
      assert.match(told[at]?.detail ?? '', why);
      assert.equal(await nameInUse(), 'first');
    }
    assert.equal(await counted('refused'), bad.length);
    swap(authority.issue('good', { ends: 90 }));
    await inUse('good');
    const { body } = await gateway.breakwater.metrics.render(false);
    const expiry = Number(/^breakwater_tls_certificate_expiry_timestamp_seconds{app=""} (\S+)$/m.exec(body)?.[1]);
    assert.ok(Math.abs(expiry - (Date.now() / 1000 + 90 * 86_400)) < 3600, String(expiry));
    await close();
  });

  test('comes into use at once with a reload', async () => {
    const { swap, config, close } = await begin();
    swap(authority.issue('reloaded'));
    gateway.breakwater.reload(config);
    assert.equal(await nameInUse(), 'reloaded');
    await close();
  });
});
