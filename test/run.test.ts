import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from './poll.ts';

const BIN = join(import.meta.dirname, '../bin/breakwater.js');
const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-run-'));
const FILE = join(FOLDER, 'breakwater.yaml');

/** A back-end that accepts and never answers. */
const silent: Server = createServer(() => {});
/** How many connections it has seen. */
let asked = 0;
silent.on('connection', () => asked++);

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};

const config = (more = ''): string => `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
apps:
  - name: One
    path: /one
    limit: 1s
    upstreams: [http://127.0.0.1:${portOf(silent)}/one]
${more}`;

const ANOTHER = `  - { name: Two, path: /two, upstreams: ["http://127.0.0.1:1/two"] }\n`;

/** `breakwater run` in a process of its own, and what it writes. */
class Running {
  readonly child: ChildProcess;
  readonly #end: Promise<unknown>;
  out = '';
  err = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [BIN, 'run', ...args], { cwd: FOLDER });
    this.#end = once(this.child, 'close');
    this.child.stdout?.on('data', text => {
      this.out += text;
    });
    this.child.stderr?.on('data', text => {
      this.err += text;
    });
  }

  async says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.out), { what: `the log says ${pattern}` });
  }

  /** Where hooks of One go. */
  async url(): Promise<string> {
    await this.says(/WCS calls http/);
    return `${/"listen":"([^"]+)"/.exec(this.out)?.[1]}/one/call`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(): Promise<number | null> {
    await this.#end;
    return this.child.exitCode;
  }
}

const call = (url: string, signal?: AbortSignal): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"callId":"1","appKey":"a","sessionId":"s"}',
    ...(signal && { signal }),
  });

describe('breakwater run', () => {
  let running: Running | undefined;
  const start = (...args: string[]): Running => {
    running = new Running(...args);
    return running;
  };

  before(async () => {
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    writeFileSync(FILE, config());
  });
  afterEach(async () => {
    running?.signal('SIGKILL');
    await running?.end();
    writeFileSync(FILE, config());
  });
  after(() => {
    silent.close();
    rmSync(FOLDER, { recursive: true });
  });

  test('SIGTERM answers what is in flight, with Connection: close, then ends with 0', async () => {
    const run = start();
    const url = await run.url();
    const before = asked;
    const answer = call(url);
    await until(() => asked > before, { what: 'the back-end is asked' });
    run.signal('SIGTERM');
    const { status, headers } = await answer;
    assert.deepEqual([status, headers.get('connection')], [503, 'close']);
    assert.equal(await run.end(), 0);
    assert.match(run.out, /"signal":"SIGTERM".*stopping.*\n(?:.*\n)*.*"stopped"/);
  });

  // npm and a supervisor both pass one stop on to the process.
  test('the same wish twice within moments is one', async () => {
    const run = start();
    const url = await run.url();
    const before = asked;
    const answer = call(url);
    await until(() => asked > before, { what: 'the back-end is asked' });
    run.signal('SIGINT');
    run.signal('SIGTERM');
    assert.equal((await answer).status, 503);
    assert.equal(await run.end(), 0);
    assert.equal(run.err, '');
  });

  test('a second signal later ends it at once, with 1', async () => {
    writeFileSync(FILE, config().replace('limit: 1s', 'limit: 10s'));
    const run = start();
    const url = await run.url();
    const before = asked;
    const answer = call(url).catch(() => 'cut off');
    await until(() => asked > before, { what: 'the back-end is asked' });
    run.signal('SIGTERM');
    await run.says(/stopping/);
    const again = setInterval(() => run.signal('SIGTERM'), 50);
    assert.equal(await run.end(), 1);
    clearInterval(again);
    assert.equal(await answer, 'cut off');
    assert.match(run.err, /^breakwater: SIGTERM again: ending at once/);
  });

  // An attempt whose answer is worth keeping outlives a caller who has gone.
  test('it does not wait for an attempt that nobody waits for', async () => {
    writeFileSync(FILE, config().replace('limit: 1s', 'limit: 14s').replace('admin:', 'drain: 2s\nadmin:'));
    const run = start();
    const url = (await run.url()).replace(/call$/, 'connect');
    const before = asked;
    const leaver = new AbortController();
    const gone = call(url, leaver.signal).catch(() => 'gone');
    await until(() => asked > before, { what: 'the back-end is asked' });
    leaver.abort();
    assert.equal(await gone, 'gone');
    await run.says(/"msg":"abandoned"/);
    const at = performance.now();
    run.signal('SIGTERM');
    assert.equal(await run.end(), 0);
    assert.ok(performance.now() - at < 8000, 'it ended at the limit of the attempt');
  });

  test('SIGHUP puts a changed file in force and tells where each app is', async () => {
    const run = start();
    await run.url();
    writeFileSync(FILE, config(ANOTHER));
    run.signal('SIGHUP');
    await run.says(/in force, all of it/);
    await run.says(/"app":"Two".*update app -l/);
  });

  test('SIGHUP with a bad file says why, and the running one stays', async () => {
    const run = start();
    const url = await run.url();
    writeFileSync(FILE, config('    limitt: 1s\n'));
    run.signal('SIGHUP');
    await run.says(/reload refused, the running configuration stays: .*breakwater\.yaml:9:5 apps\[0\]\.limitt/);
    assert.equal((await call(url)).status, 503);
  });

  test('SIGHUP does not open the door because the key is gone from the file of WCS, unless that file says so', async () => {
    const properties = join(FOLDER, 'flashphoner.properties');
    const signed = 'rest_hook_send_hash=true\nrest_hook_secret_key=0123456789abcdef\n';
    writeFileSync(properties, signed);
    writeFileSync(FILE, `wcs: { properties: ${properties} }${config()}`);
    const run = start();
    const url = await run.url();
    assert.equal((await call(url)).status, 403);
    writeFileSync(properties, 'rest_hook_send_hash=true\n');
    run.signal('SIGHUP');
    await run.says(/reload refused, the running configuration stays: .*has no key/);
    assert.equal((await call(url)).status, 403);
    writeFileSync(properties, '');
    run.signal('SIGHUP');
    await run.says(/has no key any more.*rest_hook_send_hash=false/);
    assert.equal((await call(url)).status, 403);
    writeFileSync(properties, 'rest_hook_send_hash=false\n');
    run.signal('SIGHUP');
    await run.says(/hooks are taken unsigned from now on/);
    await run.says(/in force, all of it/);
    assert.equal((await call(url)).status, 503);
  });

  test('a taken port ends it with 1 also where a Redis is looked for', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    for (const key of ['listen', 'admin']) {
      const taken = config().replace(`${key}: 127.0.0.1:0`, `${key}: 127.0.0.1:${portOf(other)}`);
      writeFileSync(FILE, `cache: { redis: { url: "redis://127.0.0.1:1/0" } }${taken}`);
      const run = start();
      assert.equal(await run.end(), 1);
      assert.match(run.err, new RegExp(`^breakwater: .*127\\.0\\.0\\.1:${portOf(other)}`));
    }
    other.close();
  });

  test('a wrong file ends it with 2 and nothing started, a taken port with 1, each with one clear line', async () => {
    writeFileSync(FILE, 'apps: []\n');
    const wrong = start();
    assert.equal(await wrong.end(), 2);
    assert.match(wrong.err, /^\S*breakwater\.yaml:1:\d+ apps: .*\n$/);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    writeFileSync(FILE, config().replace('127.0.0.1:0', `127.0.0.1:${portOf(other)}`));
    const taken = start();
    assert.equal(await taken.end(), 1);
    assert.match(taken.err, new RegExp(`^breakwater: .*127\\.0\\.0\\.1:${portOf(other)}.*\\n$`));
    other.close();
  });

  test('without --config and without a file it says that it runs the example', async () => {
    rmSync(FILE);
    const run = start();
    await until(() => run.out.includes('packaged example') || run.err !== '', { what: 'it says what it runs' });
    // The packaged ports may be taken on this machine; then it has said so.
    assert.match(`${run.out}${run.err}`, /packaged example|is taken|in use/);
  });
});
