import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../poll.ts';

const BREAKWATER = join(import.meta.dirname, '../../bin/breakwater.js');
const RESOLVER = '127.0.0.99';

/** Only root may give a process a resolver of its own. */
const mayMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '--make-rprivate', '/']).status === 0;

test('a resolver that is silent does not hold up the end of the process', {
  skip: mayMount ? false : 'needs root and the right to mount',
}, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-dns-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const resolver = createSocket('udp4');
  let questions = 0;
  resolver.on('message', () => questions++);
  resolver.bind(53, RESOLVER);
  await once(resolver, 'listening');
  t.after(() => resolver.close());
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${RESOLVER}\n`);
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    events: { dir: join(folder, 'events') },
    apps: [{ name: 'a', path: '/a', upstreams: ['http://back-end.example'] }],
  };
  writeFileSync(join(folder, 'breakwater.yaml'), JSON.stringify(config));
  const script = `mount --make-rprivate / && mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec "$@"`;
  const run = [process.execPath, BREAKWATER, 'run', '--config', join(folder, 'breakwater.yaml')];
  const gateway = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', ...run], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => gateway.kill('SIGKILL'));
  let log = '';
  gateway.stdout.on('data', bytes => {
    log += bytes;
  });
  await until(() => questions > 0 && log.includes('hooks at'), { what: 'a question', deadlineMs: 10_000 });
  const startedAt = performance.now();
  gateway.kill('SIGTERM');
  const [code] = await once(gateway, 'exit');
  const ms = performance.now() - startedAt;
  assert.equal(code, 0);
  assert.match(log, /"msg":"stopped"/);
  // Without a way out it is what the resolver is given: five seconds, twice.
  assert.ok(ms < 3000, `${ms} ms`);
});
