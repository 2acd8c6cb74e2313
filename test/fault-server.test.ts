import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { delayOf } from './fault-answers.ts';
import { createFaultServer, FAULTS, HEALTHY } from './fault-server.ts';
import { until } from './poll.ts';
import { post, type RawCallOptions, rawCall } from './raw-call.ts';
import { header } from './request-reader.ts';

const BODY = '{"nodeId":"n","sessionId":"/5.44.168.45:52199/83.149.18.86:8888"}';

describe('fault server', async () => {
  const server = await createFaultServer();
  after(() => server.close());
  beforeEach(async () => {
    await server.setFault(HEALTHY);
    server.reset();
  });

  const call = (options: RawCallOptions = {}) => rawCall(server.port, post('/apps/EchoApp/connect', BODY), options);
  const isUp = async () => (await call({ deadlineMs: 200 })).answers.length === 1;

  test('healthy: echoes the body and records the request as it came', async () => {
    const request = post('/x/connect', BODY, ['X-Odd:  Value ', 'Breakwater-Attempt: 2']);
    const { answers, ended } = await rawCall(server.port, request);
    assert.equal(answers[0]?.status, 200);
    assert.equal(answers[0]?.body.toString(), BODY);
    assert.equal(ended, 'open');
    const [seen] = server.requests;
    assert.equal(seen?.target, '/x/connect');
    assert.equal(seen?.body.toString(), BODY);
    assert.equal(seen?.attempt, '2');
    assert.ok(seen?.headers.includes('X-Odd'));
    assert.equal(server.count, 1);
  });

  test('healthy: reads chunked requests and three at once, and answers in order', async () => {
    const chunked = 'POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n';
    const two = Buffer.concat([Buffer.from(chunked), post('/b', '{"b":1}'), post('/d', '{"d":1}')]);
    const { answers } = await rawCall(server.port, [two.subarray(0, 70), two.subarray(70)], { answers: 3 });
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      ['{}', '{"b":1}', '{"d":1}'],
    );
  });

  test('healthy: takes as long as its distribution of delays says', async () => {
    const delays = Array.from({ length: 1000 }, (_, count) => delayOf('95=5,4=50,1=2000', count));
    assert.equal(delays.filter(ms => ms === 5).length, 950);
    assert.equal(delays.filter(ms => ms === 50).length, 40);
    assert.equal(delays.filter(ms => ms === 2000).length, 10);
    await server.setFault({ kind: 'healthy', delay: 60 });
    assert.ok((await call()).ms >= 59);
  });

  test('healthy: frames the answer in chunks, or by the end of the connection', async () => {
    await server.setFault({ kind: 'healthy', framing: 'chunked' });
    const chunked = await call();
    assert.equal(header(chunked.answers[0]?.headers ?? [], 'transfer-encoding'), 'chunked');
    assert.equal(chunked.answers[0]?.body.toString(), BODY);
    await server.setFault({ kind: 'healthy', framing: 'close' });
    const untilClose = await call();
    assert.match(untilClose.bytes.toString(), /^HTTP\/1\.0 200 /);
    assert.equal(untilClose.answers[0]?.body.toString(), BODY);
    assert.equal(untilClose.ended, 'closed');
  });

  test('healthy: closes with notice, and without notice at the second request', async () => {
    await server.setFault({ kind: 'healthy', closes: true });
    assert.equal((await call({ answers: 2 })).ended, 'closed');
    await server.setFault({ kind: 'healthy', requestsPerConnection: 1 });
    const twice = await rawCall(server.port, [post('/a', '{}'), post('/b', '{}')], { answers: 2 });
    assert.equal(twice.answers.length, 1);
    assert.notEqual(twice.ended, 'open');
  });

  test('refused: a connect is refused, open connections break, and it comes back on the same port', async () => {
    const open = rawCall(server.port, 'POST / HTTP/1.1\r\n');
    await until(() => server.open === 1, { what: 'one connection is open' });
    await server.setFault(FAULTS.refused);
    assert.equal((await open).ended, 'reset');
    assert.equal((await call()).ended, 'refused');
    await server.setFault(HEALTHY);
    assert.equal((await call()).answers.length, 1);
  });

  test('blackholed: a connect is neither made nor refused', async () => {
    await server.setFault(FAULTS.blackholed);
    const [one, two] = await Promise.all([call({ deadlineMs: 400 }), call({ deadlineMs: 400 })]);
    assert.equal(one?.ended, 'unconnected');
    assert.equal(two?.ended, 'unconnected');
    await server.setFault(HEALTHY);
    assert.equal((await call()).answers.length, 1);
  });

  test('silent: takes the request and sends no byte', async () => {
    await server.setFault(FAULTS.silent);
    const { bytes, ended } = await call({ deadlineMs: 200 });
    assert.equal(bytes.length, 0);
    assert.equal(ended, 'open');
    assert.equal(server.count, 1);
    await until(() => server.requests[0]?.abandonedAt, { what: 'the request counts as abandoned' });
  });

  test('stalls: sends the headers of a good answer and no byte of its body', async () => {
    await server.setFault(FAULTS.stalls);
    const { bytes, ended } = await call({ deadlineMs: 200 });
    assert.match(bytes.toString(), /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 65\r\n\r\n$/s);
    assert.equal(ended, 'open');
  });

  test('drips: sends a byte now and then', async () => {
    await server.setFault({ kind: 'drips', everyMs: 20 });
    const { bytes, answers } = await call({ deadlineMs: 300 });
    assert.ok(bytes.length >= 2 && bytes.length <= 16, `${bytes.length} bytes`);
    assert.equal(answers.length, 0);
    await server.setFault({ kind: 'drips', everyMs: 1 });
    assert.equal((await call()).answers[0]?.body.toString(), BODY);
  });

  test('resets: breaks the connection once it has the request', async () => {
    await server.setFault(FAULTS.resets);
    const { bytes, ended } = await call();
    assert.equal(bytes.length, 0);
    assert.equal(ended, 'reset');
    assert.equal(server.count, 1);
  });

  test('cut: closes half-way through the body', async () => {
    await server.setFault(FAULTS.cut);
    const { bytes, ended } = await call();
    assert.match(bytes.toString(), /Content-Length: 65\r\n\r\n\{.{31}$/s);
    assert.equal(ended, 'closed');
  });

  test('garbage: sends what is not HTTP', async () => {
    await server.setFault(FAULTS.garbage);
    const { bytes, ended } = await call();
    assert.ok(bytes.length > 0);
    assert.doesNotMatch(bytes.toString(), /^HTTP/);
    assert.equal(ended, 'closed');
  });

  test('not JSON, 500 and 503 are answers of good form', async () => {
    await server.setFault(FAULTS.notJson);
    assert.match((await call()).answers[0]?.body.toString() ?? '', /^<html>/);
    await server.setFault(FAULTS.status500);
    assert.equal((await call()).answers[0]?.status, 500);
    await server.setFault(FAULTS.status503);
    const [busy] = (await call()).answers;
    assert.equal(busy?.status, 503);
    assert.equal(header(busy?.headers ?? [], 'retry-after'), '5');
  });

  test('flaps: is up, then down, then up again, until told otherwise', async () => {
    await server.setFault({ kind: 'flaps', upMs: 150, downMs: 150 });
    assert.ok(await isUp());
    await until(async () => !(await isUp()), { what: 'it is down' });
    await until(isUp, { what: 'it is up again' });
    await until(async () => !(await isUp()), { what: 'it is down again' });
    await server.setFault(HEALTHY);
    assert.ok(await isUp());
  });

  test('may treat each request by its looks', async () => {
    await server.setFault(({ target }) => (target === '/bad' ? { kind: 'resets' } : { kind: 'healthy' }));
    assert.equal((await rawCall(server.port, post('/bad', '{}'))).ended, 'reset');
    assert.equal((await rawCall(server.port, post('/good', '{}'))).answers.length, 1);
  });

  test('survives what is not HTTP', async () => {
    assert.equal((await rawCall(server.port, '\r\n\r\n\0\r\n\r\n')).answers[0]?.status, 400);
    assert.ok(await isUp());
  });

  test('close leaves no connection and no listener, whatever the fault', async () => {
    for (const fault of [FAULTS.flaps, FAULTS.blackholed, FAULTS.refused, FAULTS.silent]) {
      const other = await createFaultServer();
      await other.setFault(fault);
      await other.close();
      assert.equal(other.open, 0);
      assert.equal((await rawCall(other.port, post('/', '{}'))).ended, 'refused');
    }
  });
});
