import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { collectEvents, fakeTime, realTime, settle } from '../../test/kit/hand-played.ts';
import { Names } from './names.ts';

afterEach(realTime);

type Told = Parameters<ConstructorParameters<typeof Names>[1] & object>[1];

const NOT_FOUND = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });

/** Names, and a resolver whose questions the test answers by hand. */
const aScene = () => {
  const time = fakeTime();
  const { emit, events } = collectEvents();
  const questions: { readonly host: string; readonly told: Told }[] = [];
  const names = new Names(emit, (host, told) => void questions.push({ host, told }));
  return {
    time,
    names,
    questions,
    events,
    /** Answers the question that was asked first. */
    answer: (...addresses: readonly string[]) => questions.shift()?.told(null, addresses),
    fail: () => questions.shift()?.told(NOT_FOUND, []),
    told: () => events.flatMap(event => (event.type === 'dns' ? [`${event.is} ${event.isNews} ${event.known}`] : [])),
  };
};

test('a name is asked for at once and then every 30 s, a tenth more or less, while somebody watches it', async () => {
  const { time, names, questions, answer } = aScene();
  const stop = names.of('a').watch(30_000);
  assert.equal(questions.length, 1);
  for (let i = 0; i < 5; i++) {
    answer('10.0.0.1');
    await time.tick(26_900);
    assert.equal(questions.length, 0);
    await time.tick(6_200);
    assert.equal(questions.length, 1);
  }
  answer('10.0.0.1');
  stop();
  await time.tick(100_000);
  assert.equal(questions.length, 0);
});

test('of two who watch one name the more curious one counts, and one question serves both', async () => {
  const { time, names, questions, answer } = aScene();
  const stops = [names.of('a').watch(30_000), names.of('a').watch(1_000)];
  assert.equal(questions.length, 1);
  answer('10.0.0.1');
  await time.tick(1_200);
  assert.equal(questions.length, 1);
  answer('10.0.0.1');
  stops[1]?.();
  stops[0]?.();
  await time.tick(60_000);
  assert.equal(questions.length, 0);
});

test('each address has its turn, and those that did not connect come last until DNS is asked again', async () => {
  const { names, answer } = aScene();
  const name = names.of('a');
  name.watch(30_000);
  answer('1', '2', '3');
  assert.deepEqual([name.inOrder(), name.inOrder(), name.inOrder(), name.inOrder()].map(String), [
    '1,2,3',
    '2,3,1',
    '3,1,2',
    '1,2,3',
  ]);
  name.fails('2');
  assert.deepEqual([name.inOrder(), name.inOrder()].map(String), ['3,1,2', '3,1,2']);
  name.ask();
  answer('1', '2', '3');
  assert.equal(String(name.inOrder()), '1,2,3');
});

test('while DNS is gone the last addresses stay, which is told once and counted each time', async () => {
  const { time, names, answer, fail, told } = aScene();
  const name = names.of('a');
  name.watch(1_000);
  answer('1', '2');
  for (let i = 0; i < 3; i++) {
    await time.tick(1_200);
    fail();
  }
  assert.deepEqual(name.addresses, ['1', '2']);
  let error: unknown = 'never called';
  name.whenKnown(reason => {
    error = reason;
  });
  assert.equal(error, undefined);
  await time.tick(1_200);
  answer('2', '3');
  assert.deepEqual(name.addresses, ['2', '3']);
  await time.tick(1_200);
  answer('3', '2');
  await time.tick(1_200);
  answer('4');
  assert.deepEqual(told(), ['failed true 2', 'failed false 2', 'failed false 2', 'found true 2', 'changed true 1']);
  assert.deepEqual([name.has('2'), name.has('4')], [false, true]);
});

test('who needs a name of which nothing is known waits for one question, and asks again after a second at the soonest', async () => {
  const { time, names, questions, answer, fail } = aScene();
  const name = names.of('a');
  const ends: string[] = [];
  const need = () => name.whenKnown(error => ends.push((error as { code?: string } | undefined)?.code ?? 'known'));
  for (let i = 0; i < 10; i++) need();
  assert.deepEqual([questions.length, ends.length], [1, 0]);
  fail();
  assert.deepEqual(ends, new Array(10).fill('ENOTFOUND'));
  need();
  assert.deepEqual([questions.length, ends.length], [0, 11]);
  await time.tick(1_000);
  need();
  assert.equal(questions.length, 1);
  answer('1');
  assert.equal(ends.at(-1), 'known');
});

test('two questions are out at a time, of names that were not found one, so that a dead one holds up nobody', async () => {
  const { names, questions, answer, fail } = aScene();
  for (const host of ['dead', 'gone', 'well', 'fine']) names.of(host).watch(1_000);
  const out = () => questions.map(({ host }) => host);
  assert.deepEqual(out(), ['dead', 'gone']);
  fail();
  fail();
  assert.deepEqual(out(), ['well', 'fine']);
  answer('1');
  answer('2');
  for (const host of ['dead', 'gone', 'well']) names.of(host).ask();
  assert.deepEqual(out(), ['dead', 'well']);
  questions.pop()?.told(null, ['1']);
  assert.deepEqual(out(), ['dead']);
  fail();
  assert.deepEqual(out(), ['gone']);
});

test('whoever ends the process hears that a question is out, which would hold it up', () => {
  const { names, answer } = aScene();
  assert.equal(names.isAsking, false);
  names.of('a').ask();
  assert.equal(names.isAsking, true);
  answer('1');
  assert.equal(names.isAsking, false);
});

test('what the system knows of localhost is found without a DNS', async () => {
  const { emit } = collectEvents();
  const name = new Names(emit).of('localhost');
  await new Promise(resolve => name.whenKnown(resolve));
  assert.ok(name.addresses.every(address => address === '127.0.0.1' || address === '::1'));
  await settle();
  assert.ok(name.addresses.length > 0);
});

test('every order has every address once', () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(5)),
      fc.nat(20),
      (addresses, failing, turns) => {
        const { names, answer } = aScene();
        const name = names.of('a');
        name.ask();
        answer(...addresses);
        for (const at of failing) name.fails(addresses[at] ?? '10.0.0.1');
        for (let i = 0; i < turns; i++) assert.deepEqual(name.inOrder().toSorted(), addresses.toSorted());
      },
    ),
  ));
