import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { until } from '../poll.ts';
import { post, rawCall } from '../raw-call.ts';
import { configFor, readConfig, startGateway } from '../start.ts';

const HOOK = post('/apps/EchoApp/connect', '{"appKey":"a"}');

describe('Unix sockets', () => {
  const dir = mkdtempSync(join(tmpdir(), 'breakwater-sockets-'));
  const path = join(dir, 'hooks.sock');
  const listen = `unix:${path}`;
  let backEnd: FaultServer;

  before(async () => {
    backEnd = await createFaultServer();
  });
  after(async () => {
    await backEnd.close();
    rmSync(dir, { recursive: true });
  });

  const over = (socketPath: string, bytes: Buffer | string) => rawCall(0, bytes, { open: () => connect(socketPath) });

  test('a listener takes hooks, may be connected to by user and group, and is gone when it closes', async () => {
    const gateway = await startGateway(configFor([backEnd.url], {}, { listen }));
    backEnd.reset();
    assert.equal((await over(path, HOOK)).answers[0]?.status, 200);
    assert.equal((await over(path, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).answers[0]?.status, 405);
    assert.match(backEnd.requests[0]?.headers.join('|') ?? '', /X-Forwarded-For\|unix\|/);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal(gateway.breakwater.url, listen);
    await gateway.close();
    assert.equal(existsSync(path), false);
  });

  test('a socket that a dead process has left is replaced', async () => {
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal(existsSync(path), true);
    const gateway = await startGateway(configFor([backEnd.url], {}, { listen }));
    assert.equal((await over(path, HOOK)).answers[0]?.status, 200);
    await gateway.close();
  });

  test('a socket that somebody listens on, a file and a missing folder are refused with the remedy', async () => {
    const gateway = await startGateway(configFor([backEnd.url], {}, { listen }));
    const start = (at: string) => startGateway(configFor([backEnd.url], {}, { listen: at }));
    await assert.rejects(
      start(listen),
      /listen: cannot listen at unix:.*hooks\.sock: another process listens there; stop it/,
    );
    assert.equal((await over(path, HOOK)).answers[0]?.status, 200);
    await gateway.close();
    writeFileSync(join(dir, 'file'), 'kept');
    await assert.rejects(start(`unix:${join(dir, 'file')}`), /that is no socket; remove it, or choose another path/);
    assert.ok(existsSync(join(dir, 'file')));
    await assert.rejects(start(`unix:${join(dir, 'none/x.sock')}`), /its folder does not exist; make it/);
  });

  test('an upstream is asked under its base path, with Host: localhost', async () => {
    const socket = join(dir, 'app.sock');
    const seen: string[] = [];
    const app = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.host}`);
      response.setHeader('Content-Type', 'application/json');
      request.pipe(response);
    }).listen(socket);
    await once(app, 'listening');
    const upstreams = [`unix:${socket}:/apps/Echo%20App/`];
    const gateway = await startGateway(readConfig({ apps: [{ name: 'EchoApp', path: '/apps/EchoApp', upstreams }] }));
    const { answers } = await rawCall(gateway.port, HOOK);
    assert.deepEqual([answers[0]?.status, answers[0]?.body.toString()], [200, '{"appKey":"a"}']);
    assert.deepEqual(seen, ['/apps/Echo%20App/connect localhost']);
    app.closeAllConnections();
    app.close();
    await once(app, 'close');
    assert.equal((await rawCall(gateway.port, HOOK)).answers[0]?.headers.join().includes('reason='), true);
    await gateway.close();
  });

  test('the admin listener answers on one, by any name', async () => {
    const admin = join(dir, 'admin.sock');
    const gateway = await startGateway(configFor([backEnd.url], {}, { admin: `unix:${admin}` }));
    const status = await new Promise((resolve, reject) => {
      get({ socketPath: admin, path: '/healthz', headers: { Host: 'whatever.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      ).once('error', reject);
    });
    assert.equal(status, 200);
    const check = join(import.meta.dirname, '../../deploy/image/healthcheck.js');
    const env = { ...process.env, BREAKWATER_ADMIN_URL: `unix:${admin}` };
    const child = spawn(process.execPath, [check], { env });
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    await gateway.close();
    assert.throws(() => execFileSync(process.execPath, [check], { env, stdio: 'pipe' }));
    await until(() => !existsSync(admin), { what: 'the socket is gone' });
  });
});
