import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aCall, codeOf, handPlayed, OK } from '../../test/kit/hand-played.ts';
import { Choice, type Upstream } from './choose.ts';

const upstream = (
  name: string,
  state: Partial<Pick<Upstream, 'admits' | 'mayHedge' | 'load' | 'share'>> = {},
): Upstream => ({
  name,
  handler: async () => OK,
  admits: true,
  mayHedge: true,
  limit: 64,
  load: 0,
  share: 1,
  state: () => ({ app: 'a', upstream: name, breaker: 'closed', inflight: 0, queued: 0, limit: 64 }),
  replace: () => {},
  close: () => {},
  ...state,
});

const chosen = async (choice: Choice, call = aCall()): Promise<string | undefined> => {
  await choice.handler(call);
  return call.attempts.at(-1)?.upstream;
};

/** Gives the numbers in turn, over and over. */
const rolling = (...numbers: readonly number[]) => {
  let at = 0;
  return () => numbers[at++ % numbers.length] ?? 0;
};

const countsOf = async (choice: Choice, calls: number): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (let i = 0; i < calls; i++) {
    const name = (await chosen(choice)) ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

test('two equals take turns', async () => {
  const choice = new Choice([upstream('a'), upstream('b')]);
  const turns = [];
  for (let i = 0; i < 4; i++) turns.push(await chosen(choice));
  assert.deepEqual(turns, ['a', 'b', 'a', 'b']);
});

test('of more than two, two are taken at random, and of these the less busy one', async () => {
  const all = [upstream('a', { load: 1 }), upstream('b', { load: 5 }), upstream('c', { load: 3 })];
  // The first number says which one, the second which of the others.
  assert.equal(await chosen(new Choice(all, rolling(0.5, 0.9))), 'a');
  assert.equal(await chosen(new Choice(all, rolling(0.5, 0))), 'c');
  assert.equal(await chosen(new Choice(all, rolling(0.9, 0))), 'a');
});

test('of two the less busy one goes first', async () => {
  const choice = new Choice([upstream('a', { load: 5 }), upstream('b', { load: 1 })]);
  assert.equal(await chosen(choice), 'b');
  assert.equal(await chosen(choice), 'b');
});

test('three equals get equal shares', async () => {
  const counts = await countsOf(new Choice(['a', 'b', 'c'].map(name => upstream(name))), 3000);
  for (const name of ['a', 'b', 'c']) assert.ok(Math.abs((counts[name] ?? 0) - 1000) < 150, JSON.stringify(counts));
});

test('one that is left out gets no call while another is in, and all get some while all are out', async () => {
  const out = upstream('b', { share: 0 });
  assert.deepEqual(await countsOf(new Choice([upstream('a', { load: 9 }), out]), 10), { a: 10 });
  const all = [upstream('a', { share: 0 }), out, upstream('c', { share: 0 })];
  assert.deepEqual(Object.keys(await countsOf(new Choice(all), 100)).sort(), ['a', 'b', 'c']);
});

test('one that is left out is asked where the others refuse', async () => {
  const choice = new Choice([upstream('a', { admits: false }), upstream('b', { share: 0 })]);
  assert.equal(await chosen(choice), 'b');
});

test('one that comes back gets its share', async () => {
  const back = upstream('c', { share: 0.3 });
  const counts = await countsOf(new Choice([upstream('a'), upstream('b'), back]), 6000);
  assert.ok(Math.abs((counts.c ?? 0) / 6000 - 0.1) < 0.03, JSON.stringify(counts));
});

test('after a failure elsewhere, one that is left out is better than one that was tried; for a hedge it is not', async () => {
  const choice = new Choice([upstream('a'), upstream('b', { share: 0, mayHedge: false })]);
  const tried = () => aCall({ attempts: [{ upstream: 'a', sent: true }] });
  assert.equal(choice.hasUntried(tried()), true);
  assert.equal(await chosen(choice, tried()), 'b');
  assert.equal(choice.mayHedge(tried()), true);
  assert.equal(await chosen(choice, { ...tried(), isHedge: true }), 'a');
});

test('a hedge goes to one that may get it', async () => {
  const all = [upstream('a'), upstream('b', { mayHedge: false }), upstream('c', { load: 40 })];
  const call = aCall({ attempts: [{ upstream: 'a', sent: true }], isHedge: true });
  const choice = new Choice(all);
  assert.equal(choice.mayHedge(call), true);
  assert.equal(await chosen(choice, call), 'c');
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

test('whatever is out, tried, refusing or busy, some upstream gets the call, and never a worse one than there is', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          admits: fc.boolean(),
          share: fc.constantFrom(0, 0.5, 1),
          load: fc.nat(64),
          mayHedge: fc.boolean(),
          isTried: fc.boolean(),
        }),
        { minLength: 1, maxLength: 7 },
      ),
      fc.boolean(),
      async (states, isHedge) => {
        const all = states.map((state, at) => upstream(String(at), state));
        const attempts = states.flatMap(({ isTried }, at) => (isTried ? [{ upstream: String(at), sent: true }] : []));
        const choice = new Choice(all);
        const call = aCall({ attempts, ...(isHedge && { isHedge }) });
        const untried = choice.hasUntried(call);
        const taken = states[Number(await chosen(choice, call))];
        assert.ok(taken);
        assert.equal(
          taken.admits,
          states.some(({ admits }) => admits),
        );
        if (!isHedge && untried) assert.equal(taken.isTried, false);
        if (isHedge && states.some(({ admits, share }) => admits && share === 1)) assert.notEqual(taken.share, 0);
      },
    ),
  ));

test('each attempt is noted with its upstream before it is sent', async () => {
  const call = aCall();
  await new Choice([upstream('a')]).handler(call);
  assert.deepEqual(call.attempts, [{ upstream: 'a', sent: false }]);
});
