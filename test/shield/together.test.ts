import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect as secure } from 'node:tls';
import type { Event } from '../../src/core/events.ts';
import { Readers } from '../../src/server/pace.ts';
import { TlsListener } from '../../src/tls/listener.ts';
import { Authority, type Files } from '../kit/certificates.ts';
import { playBackEnd, Wire } from '../kit/wire.ts';
import { until } from '../poll.ts';
import { rawCall } from '../raw-call.ts';
import { APP, configFor, readConfig, startGateway } from '../start.ts';
import { withoutTool } from '../tools.ts';

const PATH = `${APP.path}/x`;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const dir = mkdtempSync(join(tmpdir(), 'breakwater-together-'));
after(() => rmSync(dir, { recursive: true }));

const listenOn = async (server: Server, at: number | string): Promise<void> => {
  if (typeof at === 'number') server.listen(at, '127.0.0.1');
  else server.listen(at);
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
};

const start = async (config: ReturnType<typeof readConfig>, listener: (event: Event) => void = () => {}) => {
  const gateway = await startGateway(config, { listener });
  closers.push(() => gateway.close());
  return gateway;
};

const wireOf = (socket: ReturnType<typeof connect>): Wire => {
  closers.push(() => socket.destroy());
  return new Wire(socket);
};

describe('what passes through, with TLS', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  let pair: Files;
  before(() => {
    authority = new Authority();
    pair = authority.issue('gateway', { names: 'IP:127.0.0.1' });
  });
  after(() => authority.remove());

  const serveSecurely = async () => {
    const asked: IncomingMessage[] = [];
    const server = createSecureServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) });
    server.on('upgrade', (request, socket) => {
      asked.push(request);
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw/1\r\n\r\n');
      socket.pipe(socket);
    });
    server.on('request', (request, response) => {
      asked.push(request);
      response.end('x'.repeat(8_000_000));
    });
    await listenOn(server, 0);
    return { asked, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  const dial = async (port: number, proxyHeader = '') => {
    const carrier = connect(port, '127.0.0.1');
    await once(carrier, 'connect');
    carrier.write(proxyHeader);
    return wireOf(secure({ socket: carrier, ca: authority.pem, checkServerIdentity: () => undefined }));
  };

  test('a connection changes its protocol behind a PROXY header, with TLS on both sides', async () => {
    const { asked, url } = await serveSecurely();
    const tls = { ca: authority.file };
    const root = { tls: pair, proxyProtocol: true };
    const gateway = await start(configFor([url], { passthrough: true, tls }, root));
    const wire = await dial(gateway.port, 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\n');
    wire.head(`GET ${PATH} HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: raw/1');
    wire.send('early');
    await wire.comes(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nearly$/);
    wire.send('-late');
    await wire.comes(/early-late$/);
    assert.equal(asked[0]?.headers['x-forwarded-for'], '192.0.2.7');
    assert.equal(asked[0]?.headers['x-forwarded-proto'], 'https');
    wire.socket.destroy();
    await until(() => gateway.breakwater.status().then(({ ready }) => ready), { what: 'it lives' });
  });

  test('a failure of TLS is told in words, as for hooks', async () => {
    const { url } = await serveSecurely();
    const told: string[] = [];
    const gateway = await start(configFor([url], { passthrough: true }), event => {
      if (event.type === 'tls-failed') told.push(`${event.app}: ${event.detail}`);
    });
    const { answers } = await rawCall(gateway.port, `GET ${PATH} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(answers[0]?.status, 502);
    assert.match(told.join(), /^EchoApp: its certificate comes from no authority/);
  });

  test('a client that does not read its answer over TLS is let go of with all that waits for it', async () => {
    const { url } = await serveSecurely();
    const tls = { ca: authority.file };
    const gateway = await start(configFor([url], { tls, passthrough: { idle: '200ms' } }, { tls: pair }));
    const wire = await dial(gateway.port);
    await once(wire.socket, 'secureConnect');
    wire.head(`GET ${PATH} HTTP/1.1`, 'Host: a');
    wire.socket.pause();
    await until(() => gateway.breakwater.held.visits > 0, { what: 'the call' });
    await until(() => gateway.breakwater.held.visits === 0, { what: 'the end of the call' });
    wire.socket.resume();
    await wire.end();
    assert.ok(wire.bytes < 8_000_000);
  });

  test('what waits for a client that does not read is not kept by the operating system either', async () => {
    const listener = new TlsListener({ ...pair, clientCa: undefined, minVersion: 'TLSv1.2' }, () => {});
    const told: string[] = [];
    const server = createServer(carrier =>
      listener.secure(carrier, {
        secured: socket => {
          socket.on('error', () => {}).write(Buffer.alloc(32_000_000));
          new Readers(100).bound(socket, ({ code }) => void told.push(code));
        },
        failed: why => void told.push(why),
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(
      () => listener.close(),
      () => server.close(),
    );
    const wire = await dial((server.address() as AddressInfo).port);
    wire.socket.pause();
    await until(() => told.length > 0, { what: 'the end' });
    assert.deepEqual(told, ['unread']);
    wire.socket.resume();
    assert.equal(await wire.end(), 'reset');
  });
});

test('over Unix sockets on both sides a broken answer to an old client is cut, and the gateway goes on', async () => {
  const [front, back] = [join(dir, 'front.sock'), join(dir, 'back.sock')];
  const server = createPlainServer((request, response) => {
    if (request.url?.endsWith('/whole')) response.end('whole');
    else response.write('half', () => setImmediate(() => response.destroy()));
  });
  await listenOn(server, back);
  const app = { ...APP, upstreams: [`unix:${back}`], passthrough: true };
  await start(readConfig({ apps: [app], listen: `unix:${front}` }));
  const ask = async (path: string, version: string): Promise<Wire> => {
    const wire = wireOf(connect(front));
    wire.head(`GET ${APP.path}${path} HTTP/${version}`, 'Host: a');
    await wire.end();
    return wire;
  };
  assert.match((await ask('/half', '1.0')).text, /half$/);
  const wire = wireOf(connect(front));
  wire.head(`GET ${APP.path}/whole HTTP/1.1`, 'Host: a');
  await wire.comes(/whole$/);
});

test('a stream goes on over a reload for longer than any hook may take', async () => {
  const backEnd = await playBackEnd();
  closers.push(() => backEnd.close());
  const config = configFor([backEnd.url], { passthrough: true, limit: '50ms' }, { wcs: { requestTimeout: '100ms' } });
  const gateway = await start(config);
  const wire = wireOf(connect(gateway.port, '127.0.0.1'));
  wire.head(`GET ${PATH} HTTP/1.1`, 'Host: a');
  const asked = await backEnd.next();
  asked.send('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'a', '');
  await wire.comes(/\r\na\r\n$/);
  gateway.breakwater.reload(config);
  // Replaced gateways close a second after the last call that they may have.
  await new Promise(resolve => setTimeout(resolve, 1500));
  asked.send('1', 'b', '0', '', '');
  await wire.comes(/\r\nb\r\n0\r\n\r\n$/);
  await until(() => asked.ended !== 'open', { what: 'the end of a connection that nobody needs' });
});
