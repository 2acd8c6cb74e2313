import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawCall } from '../raw-call.ts';
import { header } from '../request-reader.ts';
import { APP } from '../start.ts';
import { backEnd, gateway, rejected, serveWithin } from './within-limits.ts';

const serve = (limits: object): Promise<void> => serveWithin(limits, { passthrough: true });

const GET = `GET ${APP.path}/pages/1 HTTP/1.1\r\nHost: a\r\n\r\n`;

test('what passes through beyond the rate is a 429 with Retry-After, counted, and the back-end is not asked', async () => {
  await serve({ rate: { calls: 1, burst: 2 } });
  const { answers } = await rawCall(gateway.port, [GET, GET, GET], { answers: 3, pauseMs: 50 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 429],
  );
  assert.equal(header(answers[2]?.headers ?? [], 'retry-after'), '1');
  assert.deepEqual([backEnd.count, rejected], [2, ['rate']]);
});

test('a client beyond its rate gets the 429 on a route with an answer too', async () => {
  const routes = { [`${APP.path}/pages/*`]: { fallback: ['cached', { body: { closed: true } }] } };
  await serveWithin({ rate: { calls: 1, burst: 1 } }, { passthrough: { routes } });
  const { answers } = await rawCall(gateway.port, [GET, GET], { answers: 2, pauseMs: 50 });
  const [, refused] = answers;
  assert.equal(refused?.status, 429);
  assert.equal(header(refused?.headers ?? [], 'retry-after'), '1');
  assert.equal(header(refused?.headers ?? [], 'proxy-status'), 'breakwater;error=http_request_denied;details="rate"');
  assert.deepEqual([backEnd.count, rejected], [1, ['rate']]);
});

test('an upload slower than bodyRate is cut with 408, and counted once', async () => {
  await serve({ bodyRate: '1KiB' });
  const head = `PUT ${APP.path}/files/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n`;
  const parts = [head, ...Array.from({ length: 60 }, () => 'x')];
  const { answers, ms } = await rawCall(gateway.port, parts, { pauseMs: 200, deadlineMs: 14_000 });
  assert.deepEqual(
    answers.map(({ status }) => status),
    [408],
  );
  assert.ok(ms > 4900 && ms < 12_000, `${ms} ms`);
  assert.deepEqual(rejected, ['request_timeout']);
});
