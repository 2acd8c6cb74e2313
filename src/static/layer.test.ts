import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { aCall, codeOf, collectEvents, fakeTime, handPlayed, OK, realTime } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Passage } from '../core/passage.ts';
import { KeptAnswers } from './kept-answers.ts';
import { staticFallbacks } from './layer.ts';
import type { LoadedRouteOptions } from './options.ts';

afterEach(realTime);
let kept: KeptAnswers;
beforeEach(() => {
  kept = new KeptAnswers({ bytes: 1 << 20, each: 1000 });
});

const ROUTE: LoadedRouteOptions = {
  glob: '/on',
  fallback: ['cached', { body: {} }],
  keepFor: 60_000,
  limit: 500,
  personal: false,
};

interface Scene {
  readonly path?: string;
  readonly method?: string;
  readonly hasBegun?: boolean;
  readonly upgrade?: readonly string[];
  readonly head?: string;
}

/** A call that passes through, as far as the layer looks at it. */
const passing = (
  { path = '/on', method = 'GET', hasBegun = false, upgrade = [], head = '' }: Scene,
  more = {},
): Call => {
  const request = { method } as IncomingMessage;
  return aCall({ passage: { request, path, upgrade, hasBegun } as unknown as Passage, head, ...more });
};

const play = () => {
  const { handler, calls } = handPlayed();
  const layer = staticFallbacks({ app: 'a', findRoute: path => (path === '/on' ? ROUTE : undefined), kept })(handler);
  return { layer, calls };
};

const saidBy = async (answer: Promise<{ source: string; reason?: string; body: Buffer }>) => {
  const { source, reason, body } = await answer;
  return `${source} ${reason} ${body}`;
};

test('a failure gets the first rung that has an answer, and the limit is one', async () => {
  const time = fakeTime();
  const { layer, calls } = play();
  const answer = saidBy(layer(passing({})));
  await time.tick(499);
  const reason = () => calls[0]?.call.cancel.reason?.code;
  assert.equal(reason(), undefined);
  await time.tick(1);
  assert.equal(reason(), 'limit');
  assert.equal(await answer, 'default limit {}');
});

test('the limit counts from the first byte of the request', async () => {
  const time = fakeTime();
  const { layer, calls } = play();
  const call = passing({});
  await time.tick(400);
  const answer = saidBy(layer(call));
  await time.tick(100);
  assert.equal(calls.length, 1);
  assert.equal(await answer, 'default limit {}');
});

test('once an answer has begun, its limit is over', async () => {
  const time = fakeTime();
  const { layer, calls } = play();
  const answer = layer(passing({}));
  calls[0]?.call.tap?.begin({ status: 200, message: '', headers: [], hasEnd: true });
  await time.tick(5000);
  assert.equal(calls[0]?.call.cancel.reason, undefined);
  calls[0]?.answer();
  assert.equal(await answer, OK);
});

test('a client that leaves takes its call along, with its own reason, and gets nothing', async () => {
  const { layer, calls } = play();
  const call = passing({});
  const code = codeOf(layer(call));
  call.cancel.cancel(new GatewayError('gone'));
  assert.equal(calls[0]?.call.cancel.reason?.code, 'gone');
  assert.equal(await code, 'gone');
});

test('what the client has seen of an answer is not replaced', async () => {
  const { layer, calls } = play();
  const code = codeOf(layer(passing({ hasBegun: true })));
  calls[0]?.fail('reset');
  assert.equal(await code, 'reset');
});

test('other methods, paths without a route and offers to change the protocol get the failure itself', async () => {
  for (const scene of [{ method: 'POST' }, { path: '/off' }, { upgrade: ['websocket'] }]) {
    const { layer, calls } = play();
    const answer = layer(passing(scene));
    calls[0]?.fail('connect');
    const { status, source, reason, headers } = await answer;
    assert.deepEqual([status, source, reason], [504, 'unavailable', 'connect']);
    assert.deepEqual(headers.slice(-2), ['Proxy-Status', 'breakwater;error=connection_timeout;details="connect"']);
  }
});

test('a defect is told, and answered like any other failure', async () => {
  const { layer, calls } = play();
  const { emit, events } = collectEvents();
  const answer = saidBy(layer(passing({}, { emit })));
  calls[0]?.fail('internal');
  assert.equal(await answer, 'default internal {}');
  assert.deepEqual(
    events.map(({ type }) => type),
    ['defect', 'cache'],
  );
});

test('what was chosen by a field is kept under what the back-end was sent', async () => {
  const head = 'Accept: a\r\nX-Forwarded-For: 10.0.0.1\r\n';
  const fill = play();
  const first = fill.layer(passing({ head }));
  const { tap } = fill.calls[0]?.call ?? {};
  tap?.begin({ status: 200, message: '', headers: ['Vary', 'X-Forwarded-For'], hasEnd: true });
  tap?.write(Buffer.from('good'));
  tap?.end(true);
  fill.calls[0]?.answer();
  await first;
  const ask = async (head: string) => {
    const { layer, calls } = play();
    const answer = saidBy(layer(passing({ head })));
    calls[0]?.fail('refused');
    return answer;
  };
  assert.equal(await ask(head), 'cached refused good');
  assert.equal(await ask('X-Forwarded-For: 10.0.0.2\r\n'), 'default refused {}');
});

test('what was asked for of one host is not given to who asks another', async () => {
  const fill = play();
  const first = fill.layer(passing({ head: 'Host: h\r\nX-Forwarded-Host: one\r\n' }));
  const { tap } = fill.calls[0]?.call ?? {};
  tap?.begin({ status: 200, message: '', headers: [], hasEnd: true });
  tap?.end(true);
  fill.calls[0]?.answer();
  await first;
  for (const [head, expected] of [
    ['Host: h\r\nX-Forwarded-Host: one\r\n', 'cached refused '],
    ['Host: h\r\nX-Forwarded-Host: two\r\n', 'default refused {}'],
    ['Host: i\r\nX-Forwarded-Host: one\r\n', 'default refused {}'],
  ] as const) {
    const { layer, calls } = play();
    const answer = saidBy(layer(passing({ head })));
    calls[0]?.fail('refused');
    assert.equal(await answer, expected);
  }
});

test('what is no exchange goes on untouched', async () => {
  const { layer, calls } = play();
  const call = aCall();
  const answer = layer(call);
  assert.equal(calls[0]?.call, call);
  calls[0]?.answer();
  assert.equal(await answer, OK);
});
