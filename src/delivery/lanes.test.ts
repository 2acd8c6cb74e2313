import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../test/kit/hand-played.ts';
import { Lanes } from './lanes.ts';

test('one goes at a time through a lane, in the order of their coming; lanes go side by side', async () => {
  const lanes = new Lanes();
  const went: string[] = [];
  const enter = async (lane: string, who: string) => {
    const leave = await lanes.enter(lane);
    went.push(who);
    return leave;
  };
  const [a, b, c, other] = [enter('one', 'a'), enter('one', 'b'), enter('one', 'c'), enter('other', 'x')];
  await settle();
  assert.deepEqual(went, ['a', 'x']);
  (await a)();
  await settle();
  assert.deepEqual(went, ['a', 'x', 'b']);
  (await b)();
  (await c)();
  (await other)();
  assert.deepEqual(went, ['a', 'x', 'b', 'c']);
  assert.equal(lanes.size, 0);
});

test('who is stored lets the next one in at once, and that one knows that something is stored', async () => {
  const lanes = new Lanes();
  const leave = await lanes.enter('one');
  const next = lanes.enter('one');
  lanes.mark('one');
  const leaveNext = await next;
  assert.equal(lanes.hasStored('one'), true);
  assert.equal(lanes.hasStored('other'), false);
  leave();
  leaveNext();
  assert.equal(lanes.size, 1);
});

test('a lane of which nothing is left is forgotten, unless something was stored in the meantime', () => {
  const lanes = new Lanes();
  lanes.mark('one');
  const early = lanes.leaving('one');
  lanes.mark('one');
  early();
  assert.equal(lanes.hasStored('one'), true);
  lanes.leaving('one')();
  assert.equal(lanes.hasStored('one'), false);
  assert.equal(lanes.size, 0);
  lanes.leaving('never')();
});

test('a mark that is taken back holds nobody up, but another of its lane does', () => {
  const lanes = new Lanes();
  const [first, second] = [lanes.mark('one'), lanes.mark('one')];
  first();
  assert.equal(lanes.hasStored('one'), true);
  second();
  assert.deepEqual([lanes.hasStored('one'), lanes.haveStored, lanes.size], [false, false, 0]);
});

test('what was cleared is not taken back from what came after', () => {
  const lanes = new Lanes();
  const first = lanes.mark('one');
  lanes.leaving('one')();
  lanes.mark('one');
  first();
  assert.equal(lanes.hasStored('one'), true);
});

test('lanes that nothing is left of are cleared at once, but those that were marked meanwhile', () => {
  const lanes = new Lanes();
  for (const name of ['gone', 'left', 'anew']) lanes.mark(name);
  const tell = lanes.leavingAll();
  lanes.mark('anew');
  tell(new Set(['left']));
  assert.deepEqual(
    ['gone', 'left', 'anew'].map(name => lanes.hasStored(name)),
    [false, true, true],
  );
  assert.equal(lanes.size, 2);
});
