import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import type { Event } from '../src/core/events.ts';
import { createFaultServer, FAULTS, type FaultServer, HEALTHY } from './fault-server.ts';
import { until } from './poll.ts';
import { header } from './request-reader.ts';
import { compact } from './samples.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';
import { WcsClient } from './wcs-client.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-delivery-'));
after(() => rmSync(FOLDER, { recursive: true }));

const STATUS = JSON.parse(compact('StreamStatusEvent.request.json').toString());
const CONNECT = compact('connect.request.json');

let backEnd: FaultServer;
let gateway: Started;
let wcs: WcsClient;
let events: Event[];
let dir: string;

beforeEach(async () => {
  backEnd = await createFaultServer();
  events = [];
  dir = mkdtempSync(join(FOLDER, 'journal-'));
});
afterEach(async () => {
  wcs.close();
  await gateway.close();
  await backEnd.close();
});

type Keys = Readonly<Record<string, unknown>>;
const serve = async (app: Keys = {}, more: Keys = {}): Promise<void> => {
  const listener = (event: Event) => void events.push(event);
  const root = { events: { dir, ...more } };
  gateway = await startGateway(configFor([backEnd.url], { limit: '400ms', ...app }, root), { listener });
  wcs = new WcsClient({ url: gateway.url });
};

let number = 0;
const anEvent = (sessionId: string): Buffer => Buffer.from(JSON.stringify({ ...STATUS, sessionId, number: number++ }));
const send = (sessionId: string, body = anEvent(sessionId)) => wcs.post('StreamStatusEvent', body);

/** The numbers of the events that the back-end has taken, of one session. */
const taken = (sessionId: string): number[] =>
  backEnd.requests
    .map(({ body }) => JSON.parse(body.toString()))
    .filter(body => body.sessionId === sessionId)
    .map(body => body.number);

const allDelivered = (count: number) =>
  until(() => events.filter(event => event.type === 'event' && event.result === 'delivered').length >= count, {
    what: `${count} events are delivered`,
    deadlineMs: 10_000,
  });

test('events that a dead back-end cannot take are stored, and come to it byte for byte when it is back', async () => {
  await serve();
  await backEnd.setFault(FAULTS.refused);
  const body = anEvent('s1');
  const answer = await send('s1', body);
  assert.deepEqual([answer.status, answer.from], [200, 'stored; reason=refused']);
  assert.ok(answer.body.equals(body));
  const later = await send('s1');
  assert.equal(later.from, 'stored; reason=queued');
  await backEnd.setFault(HEALTHY);
  await allDelivered(2);
  const [first, second] = backEnd.requests;
  assert.ok(first?.body.equals(body));
  assert.equal(header(first?.headers ?? [], 'breakwater-call-id'), answer.headers['breakwater-call-id']);
  assert.equal(header(first?.headers ?? [], 'idempotency-key'), answer.headers['breakwater-call-id']);
  assert.equal(header(first?.headers ?? [], 'breakwater-replayed'), '1');
  const receivedAt = Date.parse(header(first?.headers ?? [], 'breakwater-received-at') ?? '');
  assert.ok(Math.abs(Date.now() - receivedAt) < 60_000);
  assert.equal(header(second?.headers ?? [], 'breakwater-call-id'), later.headers['breakwater-call-id']);
});

test('a session keeps its order through an outage, and live events go straight again after it', async () => {
  await serve();
  const first = number;
  await send('s1');
  await backEnd.setFault(FAULTS.silent);
  await Promise.all(Array.from({ length: 10 }, () => send('s1')));
  await backEnd.setFault(HEALTHY);
  await send('s1');
  await allDelivered(11);
  assert.deepEqual(
    taken('s1').filter((n, i, all) => all.indexOf(n) === i),
    Array.from({ length: 12 }, (_, i) => first + i),
  );
  assert.equal((await send('s1')).source, 'upstream');
});

test('an attempt that ends late is not sent again', async () => {
  await serve();
  await backEnd.setFault({ kind: 'healthy', delay: 600 });
  assert.equal((await send('s1')).from, 'stored; reason=limit');
  await allDelivered(1);
  assert.equal(backEnd.count, 1);
});

test('what is stored outlives the process, and is delivered by the next', async () => {
  await serve();
  await backEnd.setFault(FAULTS.refused);
  const body = anEvent('s1');
  await send('s1', body);
  wcs.close();
  await gateway.close();
  await backEnd.setFault(HEALTHY);
  await serve();
  await allDelivered(1);
  assert.ok(backEnd.requests[0]?.body.equals(body));
  await until(
    async () =>
      (
        (await (await fetch(`${gateway.breakwater.adminUrl}/status`)).json()) as { events: { pending: number }[] }
      ).events.every(({ pending }) => pending === 0),
    {
      what: 'nothing is left',
    },
  );
});

test('what is at the back-end when the process ends is noted, and not sent again by the next', async () => {
  await serve({ limit: '2s' });
  await backEnd.setFault(FAULTS.refused);
  await send('s1');
  await backEnd.setFault({ kind: 'healthy', delay: 600 });
  await until(() => backEnd.count === 1, { what: 'the event is out', deadlineMs: 10_000 });
  wcs.close();
  await gateway.breakwater.close(3000);
  await serve();
  await backEnd.setFault(HEALTHY);
  assert.equal((await send('s1')).from, 'upstream');
  assert.deepEqual([backEnd.count, taken('s1').length], [2, 2]);
});

test('an event that says the same as an earlier one is another, if something came in between', async () => {
  await serve({ limit: '2s' });
  await backEnd.setFault({ kind: 'healthy', delay: 100 });
  const [mute, unmute] = [anEvent('s1'), anEvent('s1')];
  const answers = [mute, unmute, mute].map(body => send('s1', body));
  await Promise.all(answers);
  const [first, second] = [JSON.parse(mute.toString()).number, JSON.parse(unmute.toString()).number];
  assert.deepEqual(taken('s1').toSorted(), [first, first, second].toSorted());
});

test('a back-end that rejects an event for good gets the next one, and the event is a dead letter', async () => {
  await serve();
  await backEnd.setFault(FAULTS.refused);
  await send('s1');
  await send('s1');
  let count = 0;
  await backEnd.setFault(() => ({ kind: 'healthy', status: count++ === 0 ? 410 : 200 }));
  await allDelivered(1);
  const dead = events.flatMap(event => (event.type === 'event' && event.result === 'dead' ? [event.reason] : []));
  assert.deepEqual(dead, ['rejected: the back-end answered 410']);
  await until(
    async () =>
      /breakwater_events_dead\{app="EchoApp"\} 1\n/.test(
        await (await fetch(`${gateway.breakwater.adminUrl}/metrics`)).text(),
      ),
    { what: 'the dead letter is counted' },
  );
});

test('with acknowledge: first, an event is answered before anybody is asked, where WCS ignores the answer', async () => {
  await serve({ hooks: { '*StatusEvent': { acknowledge: 'first' } } });
  const { sessionId, nodeId } = JSON.parse(CONNECT.toString());
  const of = (session: string) =>
    Buffer.from(JSON.stringify({ ...STATUS, nodeId, sessionId: session, number: number++ }));
  assert.equal((await send('', of(sessionId))).source, 'upstream');
  await wcs.post('connect', CONNECT);
  await backEnd.setFault(FAULTS.silent);
  const answer = await send('', of(sessionId));
  assert.equal(answer.from, 'stored');
  await backEnd.setFault(HEALTHY);
  await allDelivered(1);
});

test('a full journal tells WCS the truth, and nothing that was acknowledged is lost', async () => {
  await serve({}, { maxBytes: '1MiB' });
  await backEnd.setFault(FAULTS.refused);
  const large = (session: string) =>
    Buffer.from(JSON.stringify({ ...STATUS, sessionId: session, sdp: 'x'.repeat(200_000) }));
  const sources = [];
  for (let i = 0; i < 8; i++) sources.push((await send('', large(`s${i}`))).source);
  const stored = sources.filter(source => source === 'stored').length;
  assert.ok(stored >= 4 && stored < 8, sources.join(' '));
  assert.equal(sources.at(-1), 'unavailable');
  await backEnd.setFault(HEALTHY);
  await allDelivered(stored);
  assert.equal((await send('', large('s9'))).source, 'upstream');
});

test('a second gateway on the same folder does not start, and says why', async () => {
  await serve();
  const other = startGateway(configFor([backEnd.url], {}, { events: { dir } }));
  await assert.rejects(other, error => error instanceof Error && error.message.includes(dir));
});

test('a keep-alive is never stored', async () => {
  await serve();
  await backEnd.setFault(FAULTS.refused);
  assert.equal((await wcs.post('StreamKeepAliveEvent', anEvent('s1'))).source, 'echo');
  assert.equal(events.filter(({ type }) => type === 'event').length, 0);
  assert.ok(APP.path);
});

test('notifications of a client over its rate are stored, and reach the back-end all and in order', async () => {
  const limits = { rate: { calls: 1, burst: 2 } };
  gateway = await startGateway(configFor([backEnd.url], {}, { events: { dir }, limits }), {
    listener: event => void events.push(event),
  });
  wcs = new WcsClient({ url: gateway.url });
  const first = number;
  const answers: string[] = [];
  for (let sent = 0; sent < 6; sent++) answers.push((await send('one')).from);
  assert.deepEqual(answers.slice(0, 3), ['upstream', 'upstream', 'stored; reason=rate']);
  await until(() => taken('one').length === 6, { what: 'all six are there', deadlineMs: 10_000 });
  assert.deepEqual(
    taken('one'),
    Array.from({ length: 6 }, (_, at) => first + at),
  );
});
