import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { fieldOf, namesIn } from './fields.ts';
import { beginKept } from './keeping.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { Asked } from './may-keep.ts';
import { placeOf } from './place.ts';

afterEach(realTime);

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

const ask = (target: string, fields: string[] = []): Asked => ({ method: 'GET', host: 'h', target, fields });
const aStore = (bytes = MIB) => new KeptAnswers({ bytes, each: MIB });

/** Keeps `text` as the answer to a request, chosen by the fields that `vary` names. */
const teach = (
  store: KeptAnswers,
  asked: Asked,
  text: string,
  { vary = '', personal = false, more = [] as string[] } = {},
) => {
  const fields = [...(vary === '' ? [] : ['Vary', vary]), ...more];
  const kept = beginKept(asked, { status: 200, fields, hasEnd: true, delayMs: 0 }, personal);
  assert.ok(kept);
  store.keep(placeOf('a', asked, personal), asked.fields, { ...kept, body: Buffer.from(text) });
};

const find = (store: KeptAnswers, asked: Asked, { personal = false, keepForMs = HOUR_MS } = {}) =>
  store.find(placeOf('a', asked, personal), asked.fields, keepForMs)?.body.toString();

test('an answer is found for the same app, host and target alone', () => {
  const store = aStore();
  teach(store, ask('/a?b'), 'one');
  assert.equal(find(store, ask('/a?b')), 'one');
  assert.equal(find(store, ask('/a')), undefined);
  assert.equal(find(store, { ...ask('/a?b'), host: 'H' }), 'one');
  assert.equal(find(store, { ...ask('/a?b'), host: 'other' }), undefined);
  assert.equal(store.find(placeOf('b', ask('/a?b'), false), [], HOUR_MS), undefined);
});

test('no target can be taken for another host or app', () => {
  const store = aStore();
  teach(store, { ...ask('/x"]'), host: 'h","/' }, 'one');
  assert.equal(find(store, { ...ask('/","/x"]'), host: 'h' }), undefined);
});

test('an answer is found until it is too old for the route, or by its own word', async () => {
  const time = fakeTime();
  const store = aStore();
  teach(store, ask('/'), 'one', { more: ['Cache-Control', 'max-age=60, must-revalidate', 'Age', '20'] });
  assert.equal(find(store, ask('/'), { keepForMs: 20_005 }), 'one');
  await time.tick(10);
  assert.equal(find(store, ask('/'), { keepForMs: 20_005 }), undefined);
  await time.tick(39_990);
  assert.equal(find(store, ask('/')), 'one');
  await time.tick(100);
  assert.equal(find(store, ask('/')), undefined);
});

test('a newer answer takes the place of the one that the same request had', () => {
  const store = aStore();
  const german = ask('/', ['Accept-Language', 'de']);
  teach(store, german, 'alt', { vary: 'Accept-Language' });
  teach(store, ask('/'), 'old', { vary: 'Accept-Language' });
  teach(store, german, 'neu', { vary: 'Accept-Language' });
  assert.equal(find(store, german), 'neu');
  assert.equal(find(store, ask('/')), 'old');
  teach(store, german, 'for all');
  assert.equal(find(store, ask('/')), 'for all');
});

test('a compressed answer is for clients that asked alike, even where Vary does not say so', () => {
  const store = aStore();
  const gzip = ask('/', ['Accept-Encoding', 'gzip']);
  teach(store, gzip, 'packed', { more: ['Content-Encoding', 'gzip'] });
  assert.equal(find(store, gzip), 'packed');
  assert.equal(find(store, ask('/')), undefined);
});

test('of a page only the newest variants are kept', () => {
  const store = aStore();
  const as = (agent: number) => ask('/', ['User-Agent', `${agent}`]);
  for (let agent = 0; agent < 100; agent++) teach(store, as(agent), 'x', { vary: 'User-Agent' });
  const left = Array.from({ length: 100 }, (_, agent) => find(store, as(agent))).filter(text => text !== undefined);
  assert.equal(left.length, 16);
  assert.equal(find(store, as(99)), 'x');
});

test('a page of large variants keeps the newest ones, and leaves room for others', () => {
  const store = aStore(100_000);
  teach(store, ask('/other'), 'stays');
  const as = (agent: number) => ask('/', ['User-Agent', `${agent}`]);
  for (let agent = 0; agent < 10; agent++) teach(store, as(agent), 'x'.repeat(10_000), { vary: 'User-Agent' });
  const left = Array.from({ length: 10 }, (_, agent) => agent).filter(agent => find(store, as(agent)) !== undefined);
  assert.deepEqual(left, [8, 9]);
  assert.equal(find(store, ask('/other')), 'stays');
});

test('what is taken back is gone for its person, what has changed for everybody', () => {
  const store = aStore();
  const [ann, bob] = ['ann', 'bob'].map(name => ask('/', ['Authorization', name])) as [Asked, Asked];
  for (const who of [ann, bob]) teach(store, who, 'hers', { personal: true });
  store.takeBack(placeOf('a', ann, true));
  assert.equal(find(store, ann, { personal: true }), undefined);
  assert.equal(find(store, bob, { personal: true }), 'hers');
  teach(store, ann, 'again', { personal: true });
  teach(store, ask('/other'), 'stays');
  store.hasChanged(placeOf('a', ann, false).resource);
  assert.equal(find(store, ann, { personal: true }), undefined);
  assert.equal(find(store, bob, { personal: true }), undefined);
  assert.equal(find(store, ask('/other')), 'stays');
  store.hasChanged(placeOf('a', ask('/other'), false).resource);
  assert.deepEqual([store.bytes, store.resources], [0, 0]);
});

test('what is kept of one person is not found where persons are not told apart, nor the other way round', () => {
  const store = aStore();
  teach(store, ask('/'), 'for all');
  assert.equal(find(store, ask('/'), { personal: true }), undefined);
  teach(store, ask('/mine', ['Cookie', 'a']), 'mine', { personal: true });
  assert.equal(find(store, ask('/mine', ['Cookie', 'a'])), undefined);
});

const value = fc.constantFrom(undefined, '', 'a', 'b', 'a, b');
const names = ['Accept', 'Accept-Language', 'Authorization', 'Cookie'] as const;
const request = fc
  .record({ target: fc.constantFrom('/1', '/2'), values: fc.tuple(value, value, value, value) })
  .map(({ target, values }) =>
    ask(
      target,
      names.flatMap((name, at) => (values[at] === undefined ? [] : [name, values[at]])),
    ),
  );
const step = fc.record({
  asked: request,
  vary: fc.subarray(['accept', 'Accept-Language'], { minLength: 0 }).map(list => list.join(', ')),
  personal: fc.boolean(),
});

/** True if `other` says the same as `step` in all that the answer to `step` was chosen by, and is of the same person. */
const isAlike = (step: { asked: Asked; vary: string; personal: boolean }, other: Asked, personal: boolean): boolean => {
  const chosenBy = [...namesIn(step.vary), ...(personal ? ['authorization', 'cookie'] : [])];
  const saysTheSame = chosenBy.every(name => fieldOf(step.asked.fields, name) === fieldOf(other.fields, name));
  return saysTheSame && step.personal === personal && step.asked.target === other.target;
};

test('an answer is never given to a request that says otherwise in what it was chosen by, or to another person', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), request, fc.boolean(), (steps, asked, personal) => {
      const store = aStore();
      let live: { at: string; step: (typeof steps)[number] }[] = [];
      for (const [at, step] of steps.entries()) {
        teach(store, step.asked, `${at}`, step);
        live = live.filter(earlier => !isAlike(earlier.step, step.asked, step.personal));
        live.push({ at: `${at}`, step });
      }
      const fitting = live.filter(({ step }) => isAlike(step, asked, personal));
      assert.equal(find(store, asked, { personal }), fitting.at(-1)?.at);
    }),
    { numRuns: 1000 },
  );
});

test('what is held stays within its bytes, whatever comes', () => {
  const piece = fc.record({
    target: fc.nat(50),
    agent: fc.nat(20),
    bytes: fc.nat(30_000),
    hold: fc.boolean(),
    changes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 0, max: 100_000 }), (pieces, bytes) => {
      const store = new KeptAnswers({ bytes, each: 20_000 });
      const held = [];
      for (const piece of pieces) {
        const asked = ask(`/${piece.target}`, ['User-Agent', `${piece.agent}`]);
        const collector = store.gather(placeOf('a', asked, false), undefined);
        collector?.add(Buffer.alloc(piece.bytes));
        assert.ok(store.bytes <= bytes, `${store.bytes} of ${bytes}`);
        if (piece.hold) held.push(collector);
        else {
          const body = collector?.take();
          if (body) teach(store, asked, body.toString(), { vary: 'User-Agent' });
        }
        if (piece.changes) store.hasChanged(placeOf('a', asked, false).resource);
        assert.ok(store.bytes <= bytes, `${store.bytes} of ${bytes}`);
      }
      for (const collector of held) collector?.drop();
      for (let target = 0; target <= 50; target++) store.hasChanged(placeOf('a', ask(`/${target}`), false).resource);
      assert.deepEqual([store.bytes, store.resources], [0, 0]);
    }),
  );
});
