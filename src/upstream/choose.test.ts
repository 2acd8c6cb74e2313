import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCall, codeOf, handPlayed, OK } from '../../test/kit/hand-played.ts';
import { Choice, type Upstream } from './choose.ts';

const upstream = (name: string, state: Partial<Pick<Upstream, 'admits' | 'mayHedge' | 'load'>> = {}): Upstream => ({
  name,
  handler: async () => OK,
  admits: true,
  mayHedge: true,
  limit: 64,
  load: 0,
  state: () => ({ app: 'a', upstream: name, breaker: 'closed', inflight: 0, queued: 0, limit: 64 }),
  replace: () => {},
  close: () => {},
  ...state,
});

const chosen = async (choice: Choice, call = aCall()): Promise<string | undefined> => {
  await choice.handler(call);
  return call.attempts.at(-1)?.upstream;
};

test('equals take turns', async () => {
  const choice = new Choice([upstream('a'), upstream('b'), upstream('c')]);
  const turns = [];
  for (let i = 0; i < 6; i++) turns.push(await chosen(choice));
  assert.deepEqual(turns, ['a', 'b', 'c', 'a', 'b', 'c']);
});

test('the least busy one goes first', async () => {
  const choice = new Choice([upstream('a', { load: 5 }), upstream('b', { load: 1 }), upstream('c', { load: 3 })]);
  assert.equal(await chosen(choice), 'b');
  assert.equal(await chosen(choice), 'b');
});

test('one whose breaker refuses is left out while another is willing, however busy', async () => {
  const choice = new Choice([upstream('a', { admits: false }), upstream('b', { load: 60 })]);
  assert.equal(await chosen(choice), 'b');
});

test('a second attempt goes to one not tried, and to a tried one only when all are', async () => {
  const choice = new Choice([upstream('a'), upstream('b', { load: 9 })]);
  const call = aCall();
  assert.equal(choice.hasUntried(call), true);
  assert.equal(await chosen(choice, call), 'a');
  assert.equal(await chosen(choice, call), 'b');
  assert.equal(choice.hasUntried(call), false);
  assert.equal(await chosen(choice, call), 'a');
});

test('a second attempt stays at the one that is well where the other is left alone', async () => {
  const choice = new Choice([upstream('a'), upstream('b', { admits: false })]);
  const call = aCall();
  assert.equal(await chosen(choice, call), 'a');
  assert.equal(choice.hasUntried(call), false);
  assert.equal(await chosen(choice, call), 'a');
});

test('a hedge is possible only if the one whose turn it is can take it', () => {
  const tried = aCall({ attempts: [{ upstream: 'a', sent: true }] });
  assert.equal(new Choice([upstream('a'), upstream('b', { mayHedge: false })]).mayHedge(tried), false);
  assert.equal(new Choice([upstream('a', { mayHedge: false }), upstream('b')]).mayHedge(tried), true);
  assert.equal(new Choice([upstream('a')]).mayHedge(tried), true);
});

test('the gate lets a call through while one upstream would take it, and refuses it at once while none does', async () => {
  const shut = [upstream('a', { admits: false }), upstream('b', { admits: false })];
  const { handler, calls } = handPlayed();
  assert.equal(await codeOf(new Choice(shut).gate(handler)(aCall())), 'breaker');
  assert.equal(calls.length, 0);
  const answer = new Choice([...shut, upstream('c')]).gate(handler)(aCall());
  calls[0]?.answer();
  assert.equal(await answer, OK);
});

test('each attempt is noted with its upstream before it is sent', async () => {
  const call = aCall();
  await new Choice([upstream('a')]).handler(call);
  assert.deepEqual(call.attempts, [{ upstream: 'a', sent: false }]);
});
