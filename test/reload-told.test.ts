import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Event } from '../src/core/events.ts';
import { until } from './poll.ts';
import { compact } from './samples.ts';
import { APP, configFor, readConfig, type Started, startGateway } from './start.ts';

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const BREAKER = { minCalls: 1, openFor: '60s' };
const EVENT = compact('StreamStatusEvent.request.v2022.json');

let gateway: Started | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

/** A gateway whose back-end is away, and what it tells. */
const serve = async () => {
  const events: Event[] = [];
  gateway = await startGateway(configFor([NOWHERE], { breaker: BREAKER }), { listener: event => events.push(event) });
  const of = <Type extends Event['type']>(type: Type) =>
    events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
  const call = async (hook: string, body: Buffer) => {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${gateway?.url}/${hook}`, { method: 'POST', body: new Uint8Array(body), headers });
    await answer.arrayBuffer();
    return answer.headers.get('breakwater-answer') ?? '';
  };
  return { ...gateway, of, call };
};

test('a reload that begins with a closed breaker in place of an open one says so, and it is counted', async () => {
  const { breakwater, of, call } = await serve();
  await call('connect', compact('connect.request.json'));
  await until(() => of('breaker').some(({ to }) => to === 'open'), { what: 'the breaker opens' });
  breakwater.reload(configFor([NOWHERE], { breaker: BREAKER, limit: '2s' }));
  const { to, isReplaced } = of('breaker').at(-1) ?? assert.fail();
  assert.deepEqual([to, isReplaced], ['closed', true]);
  const metrics = await (await fetch(`${breakwater.adminUrl}/metrics`)).text();
  assert.match(metrics, /^breakwater_breaker_transitions_total\{app="EchoApp",upstream="[^"]+",to="closed"\} 1$/m);
  assert.match(metrics, /^breakwater_breaker_state\{app="EchoApp",upstream="[^"]+"\} 0$/m);
});

test('stored events of an app that a reload takes out are told of at once, not when its last calls may have ended', async () => {
  const { breakwater, of, call } = await serve();
  assert.match(await call('StreamStatusEvent', EVENT), /^stored/);
  const other = { ...APP, name: 'Other', path: '/other', upstreams: [`${NOWHERE}/other`], fallback: ['refuse'] };
  breakwater.reload(readConfig({ apps: [other] }));
  const isTold = () => of('journal').some(({ detail }) => /of the app EchoApp, which is not configured/.test(detail));
  await until(isTold, { what: 'the events are told of', deadlineMs: 4000 });
});
