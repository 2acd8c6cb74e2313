import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { createFaultServer, type FaultServer } from './fault-server.ts';
import { until } from './poll.ts';
import { compact } from './samples.ts';
import { APP } from './start.ts';
import { WcsClient } from './wcs-client.ts';

const BIN = join(import.meta.dirname, '../bin/breakwater.js');
const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-pipe-'));
const CONNECT = compact('connect.request.json');
const FIRST_LINES = 65_536;

let backEnd: FaultServer;
beforeEach(async () => {
  backEnd = await createFaultServer();
});
afterEach(() => backEnd.close());
after(() => rmSync(FOLDER, { recursive: true }));

const metric = async (admin: string, name: string): Promise<number> => {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const line = text.split('\n').find(each => each.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
};

const freePort = async (): Promise<number> => {
  const server = await createFaultServer();
  await server.close();
  return server.port;
};

/** Standard output as shells give it, and as systemd does. */
const openOutput = (kind: 'pipe' | 'socket'): { readonly stdout: number | 'pipe'; close(): void } => {
  if (kind === 'socket') return { stdout: 'pipe', close: () => {} };
  const file = join(FOLDER, 'pipe');
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(file, constants.O_WRONLY);
  return {
    stdout: writer,
    close: () => {
      closeSync(writer);
      closeSync(reader);
    },
  };
};

describe('a log that nobody reads', () => {
  for (const kind of ['pipe', 'socket'] as const)
    test(`(a ${kind}) costs lines, which are counted, but no call, no memory and no end of the process`, async () => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const file = join(FOLDER, `${kind}.yaml`);
      const apps = [{ ...APP, upstreams: [backEnd.url + APP.path] }];
      const root = {
        listen: `127.0.0.1:${port}`,
        admin: `127.0.0.1:${adminPort}`,
        drain: '3s',
        log: { body: 'redacted' },
      };
      writeFileSync(file, stringify({ ...root, apps }));
      const output = openOutput(kind);
      const child = spawn(process.execPath, [BIN, 'run', '--config', file], {
        stdio: ['ignore', output.stdout, 'inherit'],
      });
      child.stdout?.pause();
      const ended = once(child, 'exit');
      const admin = `http://127.0.0.1:${adminPort}`;
      const wcs = new WcsClient({ url: `http://127.0.0.1:${port}${APP.path}`, connections: 20 });
      try {
        await until(
          () =>
            fetch(`${admin}/readyz`).then(
              ({ ok }) => ok,
              () => false,
            ),
          { what: 'it listens', deadlineMs: 15_000 },
        );
        let slowest = 0;
        let number = 0;
        const send = async (): Promise<void> => {
          const from = performance.now();
          const body = Buffer.from(CONNECT.toString().replace('{', `{"n":${number++},"pad":"${'x'.repeat(3000)}",`));
          const { status } = await wcs.post('stopStream', body);
          assert.equal(status, 200);
          slowest = Math.max(slowest, performance.now() - from);
        };
        const burst = () => Promise.all(Array.from({ length: 20 }, send));
        const dropped = () => metric(admin, 'breakwater_log_lines_total{result="dropped"}');
        while ((await dropped()) === 0) {
          assert.ok(number < FIRST_LINES, 'no line was dropped');
          await burst();
        }
        const before = await metric(admin, 'nodejs_external_memory_bytes');
        const lost = await dropped();
        for (let at = 0; at < 50; at++) await burst();
        assert.equal((await dropped()) - lost, 1000);
        const grown = (await metric(admin, 'nodejs_external_memory_bytes')) - before;
        assert.ok(grown < 32 * 1024 * 1024, `${grown} bytes more`);
        assert.ok(slowest < 2500, `${slowest} ms`);
        child.kill('SIGTERM');
        const stopped = performance.now();
        assert.deepEqual((await ended)[0], 0);
        assert.ok(performance.now() - stopped < 9000, `${performance.now() - stopped} ms to its end`);
      } finally {
        child.kill('SIGKILL');
        wcs.close();
        output.close();
      }
    });
});
