import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, codeOf, collectEvents, fakeTime, handPlayed, realTime } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { Rate, RateOptions } from './rate.ts';

afterEach(realTime);

const nodeOf = (body: Buffer): string | undefined => /"nodeId":"(\w+)"/.exec(body.toString())?.[1];

const aRate = (options: Partial<RateOptions> = {}) => {
  const read: Buffer[] = [];
  const rate = new Rate(RateOptions.parse({ calls: 10, burst: 2, ...options }), body => {
    read.push(body);
    return nodeOf(body);
  });
  const { handler, calls } = handPlayed();
  return { layered: rate.layer(handler), calls, read };
};

const from = (peer: string, body = '{}', changes: Partial<Call> = {}): Call =>
  aCall({ peer, body: Buffer.from(body), ...changes });

test('what an address asks beyond its burst fails at once with rate, and goes nowhere', async () => {
  fakeTime();
  const { layered, calls, read } = aRate();
  const codes = [1, 2, 3].map(() => codeOf(layered(from('10.0.0.5'))));
  assert.equal(calls.length, 2);
  assert.equal(await codes[2], 'rate');
  void layered(from('10.0.0.6'));
  assert.equal(calls.length, 3);
  assert.equal(read.length, 0, 'bodies read');
});

test('a token comes back after 1/calls of a second', async () => {
  const { tick } = fakeTime();
  const { layered, calls } = aRate();
  for (let i = 0; i < 3; i++) void codeOf(layered(from('10.0.0.5')));
  await tick(100);
  void layered(from('10.0.0.5'));
  assert.equal(calls.length, 3);
});

test('each call over the rate is told with its client', async () => {
  fakeTime();
  const { emit, events } = collectEvents();
  const { layered } = aRate({ burst: 1 });
  for (let i = 0; i < 3; i++) void codeOf(layered(from('10.0.0.5', '{}', { emit })));
  assert.deepEqual(
    events.map(event => event.type === 'rejected' && [event.code, event.peer]),
    [
      ['rate', '10.0.0.5'],
      ['rate', '10.0.0.5'],
    ],
  );
});

test('by node, nodes behind one address are apart, and a node is one at all its addresses; each body is read once', () => {
  fakeTime();
  const { layered, calls, read } = aRate({ by: 'node', burst: 1 });
  for (const [peer, node] of [
    ['10.0.0.5', 'a'],
    ['10.0.0.5', 'b'],
    ['10.0.0.6', 'a'],
  ] as const)
    void codeOf(layered(from(peer, `{"nodeId":"${node}"}`)));
  assert.deepEqual(
    calls.map(({ call }) => call.body.toString()),
    ['{"nodeId":"a"}', '{"nodeId":"b"}'],
  );
  assert.equal(read.length, 3);
});

test('by node, a body without one counts for its address, and a node that is named like an address takes nothing from it', () => {
  fakeTime();
  const { layered, calls } = aRate({ by: 'node', burst: 1 });
  for (const body of ['{"nodeId":"10"}', '{}', '[]']) void codeOf(layered(from('10', body)));
  assert.deepEqual(
    calls.map(({ call }) => call.body.toString()),
    ['{"nodeId":"10"}', '{}'],
  );
});

test('what the gateway sends by itself is nobody’s', () => {
  fakeTime();
  const { layered, calls } = aRate({ burst: 1 });
  for (let i = 0; i < 5; i++) void layered(aCall());
  assert.equal(calls.length, 5);
});
