import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { createFaultServer, FAULTS, type FaultServer, HEALTHY } from './fault-server.ts';
import { until } from './poll.ts';
import { post, rawCall } from './raw-call.ts';
import { header } from './request-reader.ts';
import { APP, configFor, type Started, startGateway } from './start.ts';

let backEnd: FaultServer;
let gateway: Started;

beforeEach(async () => {
  backEnd = await createFaultServer();
});
afterEach(async () => {
  await gateway.close();
  await backEnd.close();
});

type Keys = Readonly<Record<string, unknown>>;
const serve = async (app: Keys = {}, root: Keys = {}): Promise<void> => {
  gateway = await startGateway(configFor([backEnd.url], { limit: '1s', ...app }, root));
};
const CALL = post(`${APP.path}/call`, '{"callId":"1"}');
/** Calls of their own: equal ones would be one. */
const callNumber = (i: number) => post(`${APP.path}/call`, `{"callId":"${i}"}`);
const KEPT_OPEN = { answers: 2, deadlineMs: 300 };

test('beyond the most connections a new one gets a whole 503 and its request goes nowhere; the others go on', async () => {
  await serve({}, { limits: { connections: 1 } });
  const first = connect(gateway.port, '127.0.0.1');
  let answered = '';
  first.on('data', text => {
    answered += text;
  });
  await until(() => gateway.breakwater.held.visits === 0 && !first.connecting, { what: 'the first connection' });
  for (let i = 0; i < 20; i++) {
    const { answers } = await rawCall(gateway.port, CALL);
    const [refused] = answers;
    assert.equal(refused?.status, 503);
    assert.match(header(refused?.headers ?? [], 'breakwater-answer') ?? '', /^unavailable; reason=connections$/);
    assert.match(header(refused?.headers ?? [], 'breakwater-call-id') ?? '', /^[0-9a-f-]{36}$/);
  }
  assert.equal(backEnd.count, 0);
  first.write(CALL);
  await until(() => answered.startsWith('HTTP/1.1 200'), { what: 'the answer on the first connection' });
  first.destroy();
  await until(async () => (await rawCall(gateway.port, CALL)).answers[0]?.status === 200, { what: 'room again' });
});

test('who may not call takes no place among the connections', async () => {
  await serve({}, { limits: { connections: 1 }, wcs: { addresses: ['127.0.0.1'] } });
  const strangers = Array.from({ length: 5 }, () =>
    connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.0.2', allowHalfOpen: true }),
  );
  let told = 0;
  for (const stranger of strangers) stranger.on('error', () => {}).once('data', () => told++);
  await until(() => told === strangers.length, { what: 'all of them are told so' });
  assert.equal((await rawCall(gateway.port, CALL)).answers[0]?.status, 200);
  for (const stranger of strangers) stranger.destroy();
});

test('one connection does not take all the room by pipelining', async () => {
  await serve();
  await backEnd.setFault(FAULTS.silent);
  // In two parts, so that node:http has it: the fast path takes one at a time.
  const all = Buffer.concat(Array.from({ length: 40 }, (_, i) => callNumber(i)));
  const { answers } = await rawCall(gateway.port, [all.subarray(0, 10), all.subarray(10)], { answers: 40 });
  const reasons = answers.map(({ headers }) => /reason=(\w+)/.exec(header(headers, 'breakwater-answer') ?? '')?.[1]);
  assert.equal(answers.length, 40);
  assert.deepEqual(Map.groupBy(reasons, reason => reason).get('limit')?.length, 8);
  assert.equal(reasons.filter(reason => reason === 'overload').length, 32);
  assert.equal(backEnd.count, 8);
});

test('a client that floods and leaves is noticed while its call is out', async () => {
  await serve({ limit: '5s' });
  await backEnd.setFault(FAULTS.silent);
  const client = connect(gateway.port, '127.0.0.1');
  client.on('error', () => {});
  // A hook of which no answer is kept: others may go on for the sake of the next caller.
  client.write(post(`${APP.path}/hangup`, '{"callId":"1"}'));
  await until(() => backEnd.count === 1, { what: 'the back-end is asked' });
  client.write(Buffer.alloc(200_000, 'x'));
  await until(() => client.writableLength === 0, { what: 'all is sent' });
  client.destroy();
  await until(() => backEnd.requests[0]?.abandonedAt !== undefined, {
    what: 'the attempt is aborted',
    deadlineMs: 2000,
  });
});

test('a client that floods gets its answer, and is told that it is the last', async () => {
  await serve();
  await backEnd.setFault({ kind: 'healthy', delay: 200 });
  const { answers, ended } = await rawCall(gateway.port, [CALL, Buffer.alloc(100_000, 'x')], KEPT_OPEN);
  assert.deepEqual([answers.length, answers[0]?.status, ended], [1, 200, 'closed']);
  assert.equal(header(answers[0]?.headers ?? [], 'connection'), 'close');
});

test('pipelined calls that are at the back-end when the gateway stops are all answered', async () => {
  await serve();
  await backEnd.setFault({ kind: 'healthy', delay: 300 });
  const two = Buffer.concat([callNumber(1), callNumber(2)]);
  const exchange = rawCall(gateway.port, [two.subarray(0, 10), two.subarray(10)], { answers: 3, deadlineMs: 3000 });
  await until(() => backEnd.count === 2, { what: 'both are at the back-end' });
  const closed = gateway.breakwater.close(2000);
  const { answers } = await exchange;
  await closed;
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual(
    answers.map(({ headers }) => header(headers, 'connection')),
    ['keep-alive', 'close'],
  );
});

test('a back-end that dates its answers or calls itself a gateway is not believed twice', async () => {
  await serve();
  const date = 'Tue, 24 Nov 2026 04:47:11 GMT';
  const headers = ['date', date, 'Breakwater-Answer', 'cached', 'Breakwater-Call-Id', 'mine'];
  await backEnd.setFault({ ...HEALTHY, headers } as never);
  for (const parts of [CALL, [CALL.subarray(0, 10), CALL.subarray(10)]]) {
    const { answers } = await rawCall(gateway.port, parts);
    const all = answers[0]?.headers ?? [];
    const values = (name: string) => all.filter((_, i) => i % 2 === 1 && all[i - 1]?.toLowerCase() === name);
    assert.deepEqual(values('date'), [date]);
    assert.deepEqual(values('breakwater-answer'), ['upstream']);
    assert.equal(values('breakwater-call-id').length, 1);
  }
});

test('names that some servers read as another place are no hooks', async () => {
  await serve();
  for (const name of ['..', '.', '..;', '..;x', '..%2f..%2fmanager', '..%5cx', '%2e%2e', 'a%00'])
    assert.match(
      String((await rawCall(gateway.port, post(`${APP.path}/${name}`, '{}'))).answers[0]?.status),
      /^40[04]$/,
      name,
    );
  assert.equal(backEnd.count, 0);
});
