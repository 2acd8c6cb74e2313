import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { now } from '../src/core/clock.ts';
import type { Event } from '../src/core/events.ts';
import { createFaultServer } from './fault-server.ts';
import { until } from './poll.ts';
import { configFor, startGateway } from './start.ts';

const HEAD = 'POST /apps/EchoApp/connect HTTP/1.1\r\nHost: gateway\r\n';
const REST = 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const LIMIT_MS = 2000;
const PAUSE_MS = 50;

test('the limit counts from the first byte of a request, on each request of a connection', async t => {
  const backEnd = await createFaultServer();
  const answered: Extract<Event, { type: 'answered' }>[] = [];
  const listener = (event: Event) => void (event.type === 'answered' && answered.push(event));
  const gateway = await startGateway(configFor([backEnd.url], { limit: `${LIMIT_MS}ms` }), { listener });
  const socket = connect(gateway.port, '127.0.0.1');
  t.after(async () => {
    socket.destroy();
    await gateway.close();
    await backEnd.close();
  });
  socket.resume();
  for (const nth of [1, 2]) {
    const sentAt = now();
    socket.write(HEAD);
    await until(() => now() - sentAt >= PAUSE_MS, { deadlineMs: 5000, what: 'a pause between two pieces' });
    const restSentAt = now();
    socket.write(REST);
    await until(() => answered.length === nth, { deadlineMs: 5000, what: `answer ${nth}` });
    const { call } = answered[nth - 1] ?? assert.fail();
    assert.ok(
      call.arrivedAt >= sentAt && call.arrivedAt < restSentAt,
      `arrived ${call.arrivedAt - sentAt} ms after it was sent`,
    );
    assert.equal(call.deadline, call.arrivedAt + LIMIT_MS);
  }
});
