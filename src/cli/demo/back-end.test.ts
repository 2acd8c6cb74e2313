import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { after } from '../../core/clock.ts';
import { BackEnd, delayMs, draw, judge } from './back-end.ts';
import { type Hook, hookAt } from './traffic.ts';
import { post } from './wcs.ts';

const HOOK: Hook = hookAt(0, { seconds: 30, rate: 50, nodeId: 'n' });
const STOLEN = JSON.stringify({ sessionId: 's', custom: { token: 'stolen-1' } });

test('a connect comes back whole and with restClientConfig, other hooks as they are, a stolen token gets 403', () => {
  const answer = judge('connect', HOOK.body);
  assert.equal(answer.status, 200);
  const { restClientConfig, ...rest } = JSON.parse(answer.body);
  assert.deepEqual(rest, JSON.parse(HOOK.body));
  assert.equal(restClientConfig.publishStream.restOnError, 'FAIL');
  assert.deepEqual(judge('StreamStatusEvent', HOOK.body), { status: 200, body: HOOK.body });
  assert.equal(judge('connect', STOLEN).status, 403);
});

test('what is no JSON gets 400, and JSON of another kind is borne', () => {
  assert.equal(judge('connect', '{').status, 400);
  for (const body of ['null', '1', '[]', '{"custom":null}']) assert.equal(judge('connect', body).status, 200, body);
});

test('luck depends on the call and the back-end alone', () => {
  assert.deepEqual(draw('first', 'body'), draw('first', 'body'));
  assert.notDeepEqual(draw('first', 'body'), draw('second', 'body'));
  const tails = Array.from({ length: 2000 }, (_, i) => delayMs('tail', draw('first', `${i}`))).filter(ms => ms >= 600);
  assert.ok(tails.length > 60 && tails.length < 140, `${tails.length} of 2000, wanted about 100`);
  assert.ok(tails.every(ms => ms <= 2000));
  assert.ok(
    Array.from({ length: 500 }, (_, i) => delayMs('well', draw('first', `${i}`))).every(ms => ms >= 3 && ms <= 10),
  );
});

test('it answers, stalls, refuses and comes back at the same port as it is told', async t => {
  const backEnd = new BackEnd('first');
  await backEnd.start();
  const agent = new Agent({ keepAlive: true });
  t.after(async () => {
    agent.destroy();
    await backEnd.stop();
  });
  const call = () => post(`http://127.0.0.1:${backEnd.port}/apps/demo`, HOOK, agent);
  const { port } = backEnd;
  assert.deepEqual({ ...(await call()), waitMs: 0 }, { end: 'answered', status: 200, source: 'upstream', waitMs: 0 });
  await backEnd.behave('stall');
  const stalled = call();
  const silent = new Promise<'silent'>(resolve => after(100, () => resolve('silent')));
  assert.equal(await Promise.race([stalled, silent]), 'silent');
  await backEnd.behave('down');
  assert.equal((await stalled).end, 'failed');
  assert.equal((await call()).end, 'failed');
  await backEnd.behave('well');
  assert.equal(backEnd.port, port);
  assert.equal((await call()).end, 'answered');
});
