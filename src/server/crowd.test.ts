import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crowd } from './crowd.ts';

test('an address has at most so many connections, others have their own, and a /64 counts as one', () => {
  const crowd = new Crowd(2);
  assert.deepEqual(
    ['10.0.0.5', '::ffff:10.0.0.5', '10.0.0.5', '10.0.0.6'].map(each => crowd.enter(each)),
    [true, true, false, true],
  );
  assert.deepEqual(
    ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'].map(each => crowd.enter(each)),
    [true, true, false, true],
  );
});

test('without a cap everybody comes in and nothing is kept', () => {
  const crowd = new Crowd(0);
  for (let i = 0; i < 1000; i++) assert.ok(crowd.enter('10.0.0.5'));
  assert.equal(crowd.size, 0);
});

test('nobody has more than the cap at any moment, a place that is left can be taken, and nothing is left at the end', () => {
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '::1');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.tuple(address, fc.boolean())), (most, script) => {
      const crowd = new Crowd(most);
      const open = new Map<string, number>();
      for (const [who, enters] of script) {
        const now = open.get(who) ?? 0;
        if (enters) {
          const isIn = crowd.enter(who);
          assert.equal(isIn, now < most);
          if (isIn) open.set(who, now + 1);
        } else if (now > 0) {
          crowd.leave(who);
          open.set(who, now - 1);
        }
      }
      for (const [who, count] of open) for (let i = 0; i < count; i++) crowd.leave(who);
      assert.equal(crowd.size, 0);
    }),
  );
});
