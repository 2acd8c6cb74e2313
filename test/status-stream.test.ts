import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { createFaultServer, type FaultServer } from './fault-server.ts';
import { until } from './poll.ts';
import { compact } from './samples.ts';
import { configFor, type Started, startGateway } from './start.ts';
import { WcsClient } from './wcs-client.ts';

const WATCHERS = 20;
const CONNECT = compact('connect.request.json');

let backEnd: FaultServer;
let started: Started;
let wcs: WcsClient;

beforeEach(async () => {
  backEnd = await createFaultServer();
  started = await startGateway(configFor([backEnd.url]));
  wcs = new WcsClient({ url: started.url });
});

afterEach(async () => {
  wcs.close();
  await started.close();
  await backEnd.close();
});

/** Opens a stream and never reads from it. */
const hang = async () => {
  const { port, host } = new URL(started.breakwater.adminUrl);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
  socket.pause();
  socket.write(`GET /status/stream HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until(() => socket.bytesWritten > 0, { what: 'the request to be sent' });
  return socket;
};

test('while pages watch that do not read, calls are answered as quickly as without them', async t => {
  const load = () => wcs.load({ hook: 'connect', calls: 400, concurrency: 8 });
  await load();
  const without = await load();
  const sockets = await Promise.all(Array.from({ length: WATCHERS }, hang));
  const full = async () => (await fetch(`${started.breakwater.adminUrl}/status/stream`)).status === 503;
  await until(full, { what: 'all places to be taken', everyMs: 100 });
  const beside = await load();
  for (const socket of sockets) socket.destroy();
  t.diagnostic(
    `p50 ${without.latency.p50.toFixed(2)} ms without, ${beside.latency.p50.toFixed(2)} ms with ${WATCHERS}`,
  );
  assert.deepEqual([beside.answers, beside.errors], [400, {}]);
  assert.ok(beside.latency.p50 < without.latency.p50 * 3 + 5, 'no call waits for a watcher');
});

test('a stream tells of a call within two seconds, and ends when the gateway does', async () => {
  const response = await fetch(`${started.breakwater.adminUrl}/status/stream`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  let text = '';
  const reading = (async () => {
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()))
      text += chunk;
  })();
  await backEnd.setFault({ kind: 'refused' });
  const { headers } = await wcs.post('connect', CONNECT);
  const callId = String(headers['breakwater-call-id']);
  await until(() => text.includes(callId) && /"failed":[1-9]/.test(text), { what: 'the call', deadlineMs: 2000 });
  assert.doesNotMatch(text, /defaultApp/);
  await started.breakwater.close(0);
  await reading;
  assert.match(text, /event: end\ndata: \{\}\n\n$/);
});
