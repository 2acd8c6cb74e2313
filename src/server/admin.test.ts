import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { noGauges } from '../../test/kit/hand-played.ts';
import { until } from '../../test/poll.ts';
import type { Event } from '../core/events.ts';
import { createMetrics } from '../observability/metrics.ts';
import { type AdminSources, createAdmin } from './admin.ts';
import { readPage } from './page.ts';
import { MAX_WATCHERS } from './watchers.ts';

const FEED = { sample: async () => ({}), status: async () => ({}), recent: () => ({ count: 0, answers: [] }) };
const LOOPBACK = { host: '127.0.0.1', port: 0 };

const withAdmin = async (
  changes: Partial<AdminSources>,
  run: (url: string, port: number, events: Event[]) => Promise<void>,
  at = LOOPBACK,
): Promise<void> => {
  const events: Event[] = [];
  const metrics = createMetrics({ version: '1', gauges: noGauges });
  const emit = (event: Event) => void events.push(event);
  const admin = createAdmin({
    metrics,
    status: async () => ({ apps: [] }),
    feed: FEED,
    ready: () => true,
    emit,
    ...changes,
  });
  const { port } = (await admin.start(at)) as typeof LOOPBACK;
  try {
    await run(`http://127.0.0.1:${port}`, port, events);
  } finally {
    await admin.close();
  }
};

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

test('each page is there', async () => {
  await withAdmin({}, async url => {
    for (const [path, type] of [
      ['/', /^text\/html/],
      ['/healthz', /^text\/plain/],
      ['/readyz', /^text\/plain/],
      ['/metrics', /^text\/plain; version=0\.0\.4/],
      ['/status', /^application\/json$/],
    ] as const) {
      const response = await fetch(url + path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('content-type') ?? '', type);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.notEqual(await response.text(), '');
    }
  });
});

test('the status page is JSON that people can read', async () => {
  await withAdmin({}, async url => {
    assert.equal(await (await fetch(`${url}/status`)).text(), '{\n  "apps": []\n}\n');
  });
});

test('readiness follows the gateway, and liveness does not', async () => {
  await withAdmin({ ready: () => false }, async url => {
    assert.equal((await fetch(`${url}/readyz`)).status, 503);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

test('OpenMetrics is given to who asks for it', async () => {
  await withAdmin({}, async url => {
    const ask = async (accept: string) => {
      const response = await fetch(`${url}/metrics`, { headers: { accept } });
      await response.text();
      return response.headers.get('content-type') ?? '';
    };
    const prometheus =
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    assert.match(await ask(prometheus), /openmetrics-text; version=1\.0\.0/);
    assert.match(await ask('text/plain, application/openmetrics-text;q=0.1'), /^text\/plain/);
    assert.match(await ask('text/html'), /^text\/plain/);
    assert.match(await ask('*/*'), /^text\/plain/);
  });
});

test('unknown pages and other methods are JSON errors', async () => {
  await withAdmin({}, async url => {
    const missing = await fetch(`${url}/nowhere`);
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { error: { code: 'not_found', message: 'no such page; / lists them' } });
    const posted = await fetch(`${url}/status`, { method: 'POST', body: 'x'.repeat(100_000) });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get('allow'), 'GET, HEAD');
    assert.equal(((await posted.json()) as { error: { code: string } }).error.code, 'method_not_allowed');
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
  });
});

test('a page that fails is a JSON error, and the error is told', async () => {
  const error = new RangeError('broken');
  const status = async () => {
    throw error;
  };
  await withAdmin({ status }, async (url, _port, events) => {
    const response = await fetch(`${url}/status`);
    assert.equal(response.status, 500);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'internal');
    assert.deepEqual(events, [{ type: 'defect', error }]);
  });
});

test('bytes that are not HTTP end their own connection and nothing else', async () => {
  await withAdmin({}, async (url, port) => {
    for (const bytes of ['\0\x01garbage\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n']) {
      const socket = await open(port);
      socket.end(bytes);
      const [chunk] = await once(socket, 'data');
      assert.match(String(chunk), /^HTTP\/1\.1 400 /, bytes);
      socket.destroy();
    }
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

test('a scraper that hangs does not hinder another one', async () => {
  await withAdmin({}, async (url, port) => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => open(port)));
    for (const socket of sockets) socket.pause().write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
    for (const socket of sockets) socket.destroy();
  });
});

test('closing is prompt although connections are idle, half-way through a request or not read', async () => {
  let closing = 0;
  await withAdmin({}, async (url, port) => {
    await (await fetch(`${url}/healthz`)).text();
    await open(port);
    (await open(port)).write('GET /status HTTP/1.1\r\n');
    (await open(port)).pause().write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50));
    closing = performance.now();
  });
  assert.ok(performance.now() - closing < 8000, `${performance.now() - closing} ms`);
});

test('closing what was never started is no error', async () => {
  const metrics = createMetrics({ version: '1', gauges: noGauges });
  await createAdmin({ metrics, status: async () => ({}), feed: FEED, ready: () => true, emit: () => {} }).close();
});

test('a port that is taken is an error that names key, address and remedy', async () => {
  await withAdmin({}, async (_url, port) => {
    const metrics = createMetrics({ version: '1', gauges: noGauges });
    const second = createAdmin({ metrics, status: async () => ({}), feed: FEED, ready: () => true, emit: () => {} });
    const message = `admin: cannot listen at 127.0.0.1:${port}: another process has this port; stop it or choose another port`;
    await assert.rejects(second.start({ host: '127.0.0.1', port }), { name: 'GatewayError', message });
  });
});

/** The status of a page that is asked for under the name `host`. */
const askAs = (port: number, host: string, path = '/status'): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, headers: { Host: host } }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });

test('on a loopback address it answers to loopback names alone, whatever DNS says of others', async () => {
  await withAdmin({}, async (_url, port) => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', `127.0.0.1:${port}`, '[::1]', '[::1]:9090'])
      assert.equal(await askAs(port, host), 200, host);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
    ])
      for (const path of ['/', '/status', '/status/stream', '/metrics'])
        assert.equal(await askAs(port, host, path), 403, host);
  });
});

test('opened by its operator it answers to any name', async () => {
  const opened = { host: '0.0.0.0', port: 0 };
  await withAdmin({}, async (_url, port) => assert.equal(await askAs(port, 'ops.example'), 200), opened);
});

test('the page may load nothing but its own files, and all of them are under 60 kB', async () => {
  await withAdmin({}, async url => {
    let bytes = 0;
    for (const { path, type } of readPage()) {
      const response = await fetch(url + path);
      bytes += (await response.arrayBuffer()).byteLength;
      assert.equal(response.headers.get('content-type'), type);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.match(
        response.headers.get('content-security-policy') ?? '',
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      );
      assert.doesNotMatch(response.headers.get('content-security-policy') ?? '', /unsafe|https?:|\*/);
    }
    assert.ok(bytes > 20_000 && bytes < 60_000, `${bytes} bytes`);
    const html = await (await fetch(url)).text();
    assert.doesNotMatch(html, /\son\w+=|style=|<script(?![^>]* src=)|https?:/);
  });
});

test(`${MAX_WATCHERS} may watch; the next is told why not, and scrapes go on`, async () => {
  await withAdmin({}, async url => {
    const streams = await Promise.all(Array.from({ length: MAX_WATCHERS }, () => fetch(`${url}/status/stream`)));
    assert.deepEqual([...new Set(streams.map(({ status }) => status))], [200]);
    const refused = await fetch(`${url}/status/stream`);
    assert.equal(refused.status, 503);
    const { error } = (await refused.json()) as { error: object };
    assert.deepEqual(error, { code: 'connections', message: `${MAX_WATCHERS} watch already; close a page` });
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
    for (const { body } of streams) await body?.cancel();
    await until(
      async () => {
        const { status, body } = await fetch(`${url}/status/stream`);
        await body?.cancel();
        return status === 200;
      },
      { what: 'a place for another watcher' },
    );
  });
});

test("a script of another site gets no stream, nor takes up anybody's place", async () => {
  await withAdmin({}, async url => {
    const ask = async (site: string) => {
      const { status, body } = await fetch(`${url}/status/stream`, { headers: { 'Sec-Fetch-Site': site } });
      await body?.cancel();
      return status;
    };
    assert.deepEqual([await ask('cross-site'), await ask('same-site'), await ask('same-origin')], [403, 403, 200]);
  });
});

test('closing ends each stream at once, with a word', async () => {
  const texts: Promise<string>[] = [];
  let closing = 0;
  await withAdmin({}, async url => {
    for (let count = 0; count < 5; count++) texts.push((await fetch(`${url}/status/stream`)).text());
    closing = performance.now();
  });
  for (const text of texts) assert.match(await text, /event: end\ndata: \{\}\n\n$/);
  assert.ok(performance.now() - closing < 800, `${performance.now() - closing} ms`);
});
