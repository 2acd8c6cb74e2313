import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import {
  aCall,
  codeOf,
  collectEvents,
  fakeTime,
  handPlayed,
  OK,
  realTime,
  settle,
} from '../../test/kit/hand-played.ts';
import { Cancel } from '../core/cancel.ts';
import { now } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import { coalesce } from './coalesce.ts';

afterEach(realTime);

test('equal calls in the air share one flight, and each gets the answer', async () => {
  const { handler, calls } = handPlayed();
  const { emit, events } = collectEvents();
  const layer = coalesce()(handler);
  const answers = [layer(aCall({ emit })), layer(aCall({ emit })), layer(aCall({ emit }))];
  assert.equal(calls.length, 1);
  calls[0]?.answer();
  assert.deepEqual(await Promise.all(answers), [OK, OK, OK]);
  assert.equal(events.filter(event => event.type === 'coalesced').length, 2);
});

for (const [what, other] of Object.entries({
  body: { body: Buffer.from('{"appKey":"defaultApq"}') },
  hook: { hook: 'playStream' },
  query: { query: '?a=1' },
  credentials: { authorization: 'Basic b3RoZXI=' },
})) {
  test(`calls that differ in ${what} fly apart`, () => {
    const { handler, calls } = handPlayed();
    const layer = coalesce()(handler);
    void layer(aCall());
    void layer(aCall(other));
    assert.equal(calls.length, 2);
  });
}

test('an answered flight takes nobody on board: equal calls later are calls of their own', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const first = layer(aCall());
  calls[0]?.answer();
  await first;
  void layer(aCall());
  assert.equal(calls.length, 2);
});

test('one who leaves does not end the flight of the others', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const impatient = aCall();
  const first = codeOf(layer(impatient));
  const second = layer(aCall());
  impatient.cancel.cancel(new GatewayError('gone'));
  assert.equal(await first, 'gone');
  assert.equal(calls[0]?.call.cancel.reason, undefined);
  calls[0]?.answer();
  assert.equal(await second, OK);
});

test('a flight that all have left goes on for a moment, and is then ended with their reason', async () => {
  const { tick } = fakeTime();
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const [one, other] = [aCall(), aCall()];
  const codes = [codeOf(layer(one)), codeOf(layer(other))];
  for (const { cancel } of [one, other]) cancel.cancel(new GatewayError('gone'));
  assert.deepEqual(await Promise.all(codes), ['gone', 'gone']);
  await tick(79);
  const reason = () => calls[0]?.call.cancel.reason?.code;
  assert.equal(reason(), undefined);
  await tick(1);
  assert.equal(reason(), 'gone');
});

test('where its answer is kept for the next caller, a flight that all have left goes on to its end', async () => {
  const { tick } = fakeTime();
  const { handler, calls } = handPlayed();
  const layer = coalesce({ isKept: true })(handler);
  const one = aCall();
  const code = codeOf(layer(one));
  one.cancel.cancel(new GatewayError('gone'));
  assert.equal(await code, 'gone');
  await tick(60_000);
  assert.equal(calls[0]?.call.cancel.reason, undefined);
  calls[0]?.answer();
});

test('any other reason ends the flight at once, with what comes of it for all on board', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const told = aCall();
  const codes = [codeOf(layer(told)), codeOf(layer(aCall()))];
  told.cancel.cancel(new GatewayError('closing'));
  assert.deepEqual(await Promise.all(codes), ['closing', 'closing']);
  assert.equal(calls[0]?.call.cancel.reason?.code, 'closing');
});

test('nobody boards a cancelled flight', async () => {
  const { handler, calls } = handPlayed();
  // Lands late although it is cancelled, as one does whose ladder takes its time.
  const layer = coalesce()(call => handler({ ...call, cancel: new Cancel() }));
  const told = aCall();
  const first = layer(told);
  told.cancel.cancel(new GatewayError('closing'));
  const next = layer(aCall());
  assert.equal(calls.length, 2);
  for (const call of calls) call.answer();
  assert.deepEqual(await Promise.all([first, next]), [OK, OK]);
});

test('a failed flight fails all on board and leaves nothing on the board', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const codes = [codeOf(layer(aCall())), codeOf(layer(aCall()))];
  calls[0]?.fail('reset');
  assert.deepEqual(await Promise.all(codes), ['reset', 'reset']);
  void layer(aCall());
  assert.equal(calls.length, 2);
});

test('at any moment there is at most one flight for each body', async () => {
  const steps = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('call', 'answer', 'fail')), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async script => {
      const { handler, calls } = handPlayed();
      const layer = coalesce()(handler);
      const inTheAir = new Map<string, number>();
      const asked: Promise<unknown>[] = [];
      for (const [which, what] of script) {
        const body = `{"n":${which}}`;
        if (what === 'call') asked.push(codeOf(layer(aCall({ body: Buffer.from(body) }))));
        else for (const played of calls.splice(0)) what === 'answer' ? played.answer() : played.fail('reset');
        await settle();
        inTheAir.clear();
        for (const { call } of calls) {
          const key = call.body.toString();
          inTheAir.set(key, (inTheAir.get(key) ?? 0) + 1);
        }
        for (const count of inTheAir.values()) assert.equal(count, 1);
      }
      for (const played of calls) played.answer();
      await Promise.all(asked);
    }),
    { numRuns: 100 },
  );
});

test('a flight that is late by its own limit takes nobody on board: newcomers have a limit of their own', async () => {
  const { handler, calls } = handPlayed();
  const layer = coalesce()(handler);
  const late = aCall({ deadline: now() - 1 });
  void codeOf(layer(late));
  const next = layer(aCall());
  assert.equal(calls.length, 2);
  calls[1]?.answer();
  assert.equal(await next, OK);
});
