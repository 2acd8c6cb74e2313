import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  aCall,
  codeOf,
  collectEvents,
  type FakeTime,
  fakeTime,
  handPlayed,
  OK,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { coalesce } from './coalesce.ts';

let time: FakeTime;
beforeEach(() => {
  time = fakeTime();
});
afterEach(realTime);

const leave = ({ cancel }: Call) => cancel.cancel(new GatewayError('gone'));
const repeatsIn = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'repeat' ? [event.result] : []));

/** The layer after an answer that it gave and that nobody could take. */
const afterAnUnwrittenAnswer = async (areGenuine: boolean) => {
  const { handler, calls } = handPlayed();
  const layer = coalesce({ areGenuine })(handler);
  const first = aCall();
  const answer = layer(first);
  calls[0]?.answer();
  await answer;
  leave(first);
  return { layer, calls };
};

for (const areGenuine of [false, true]) {
  const whose = areGenuine ? 'a hook whose equal calls both count' : 'any other hook';

  test(`WCS's repeat after its connection broke joins the call in flight: ${whose}`, async () => {
    const { handler, calls } = handPlayed();
    const { emit, events } = collectEvents();
    const layer = coalesce({ areGenuine })(handler);
    const first = aCall({ emit });
    const lost = codeOf(layer(first));
    leave(first);
    await time.tick(30);
    const repeat = layer(aCall({ emit }));
    await time.tick(100);
    assert.equal(calls.length, 1);
    calls[0]?.answer();
    assert.equal(await repeat, OK);
    assert.equal(await lost, 'gone');
    assert.deepEqual(repeatsIn(events), ['joined']);
  });

  test(`an answer that came while nobody was there waits for the repeat: ${whose}`, async () => {
    const { handler, calls } = handPlayed();
    const { emit, events } = collectEvents();
    const layer = coalesce({ areGenuine })(handler);
    const first = aCall({ emit });
    void codeOf(layer(first));
    leave(first);
    calls[0]?.answer();
    await settle();
    assert.equal(await layer(aCall({ emit })), OK);
    assert.equal(calls.length, 1);
    assert.deepEqual(repeatsIn(events), ['redelivered']);
  });

  test(`an answer that could not be written is given to the repeat, once: ${whose}`, async () => {
    const { layer, calls } = await afterAnUnwrittenAnswer(areGenuine);
    const repeat = aCall();
    assert.equal(await layer(repeat), OK);
    // Whose connection breaks as well.
    leave(repeat);
    assert.equal(await layer(aCall()), OK);
    assert.equal(calls.length, 1);
    void layer(aCall());
    assert.equal(calls.length, 2);
  });

  test(`an answer is not kept for longer than a client takes to come back: ${whose}`, async () => {
    const { layer, calls } = await afterAnUnwrittenAnswer(areGenuine);
    const keptMs = areGenuine ? 300 : 3000;
    await time.tick(keptMs - 1);
    const repeat = aCall();
    assert.equal(await layer(repeat), OK);
    leave(repeat);
    await time.tick(keptMs);
    void layer(aCall());
    assert.equal(calls.length, 2);
  });
}

test('two equal genuine calls in flight are two, and so is each repeat of them', async () => {
  const { handler, calls } = handPlayed();
  const { emit, events } = collectEvents();
  const layer = coalesce({ areGenuine: true })(handler);
  const [one, other] = [aCall({ emit }), aCall({ emit })];
  const lost = [codeOf(layer(one)), codeOf(layer(other))];
  assert.equal(calls.length, 2);
  leave(one);
  leave(other);
  const repeats = [layer(aCall({ emit })), layer(aCall({ emit }))];
  void layer(aCall({ emit }));
  assert.equal(calls.length, 3);
  for (const call of calls) call.answer();
  assert.deepEqual(await Promise.all(repeats), [OK, OK]);
  assert.deepEqual(await Promise.all(lost), ['gone', 'gone']);
  assert.deepEqual(repeatsIn(events), ['joined', 'joined']);
});

test('an answered call has no repeat: an equal one later is a call of its own', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const answer = layer(aCall());
  calls[0]?.answer();
  await answer;
  void layer(aCall());
  assert.equal(calls.length, 2);
});

test('undelivered answers are few: past 256 they are dropped', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const bodies = Array.from({ length: 300 }, (_, i) => Buffer.from(`{"n":${i}}`));
  const all = bodies.map(body => aCall({ body }));
  for (const call of all) {
    void codeOf(layer(call));
    leave(call);
  }
  for (const call of calls) call.answer();
  await settle();
  for (const body of bodies) void codeOf(layer(aCall({ body })));
  assert.equal(calls.length, 300 + 300 - 256);
});
