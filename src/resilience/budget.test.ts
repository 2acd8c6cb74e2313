import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Budget } from './budget.ts';

test('twenty calls at 5 % pay for exactly one repeat', () => {
  const budget = new Budget(0.05);
  for (let i = 0; i < 19; i++) budget.earn();
  assert.equal(budget.take(), false);
  budget.earn();
  assert.equal(budget.take(), true);
  assert.equal(budget.take(), false);
});

test('a share of nothing never pays', () => {
  const budget = new Budget(0);
  for (let i = 0; i < 1000; i++) budget.earn();
  assert.equal(budget.take(), false);
});

test('a quiet time saves up for a short burst and no more', () => {
  const budget = new Budget(1);
  for (let i = 0; i < 10_000; i++) budget.earn();
  let taken = 0;
  while (budget.take()) taken++;
  assert.equal(taken, 20);
});

test('repeats never exceed the share of the calls so far', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.array(fc.boolean(), { maxLength: 500 }), (percent, script) => {
      const budget = new Budget(percent / 100);
      let [calls, repeats] = [0, 0];
      for (const earns of script) {
        if (earns) {
          budget.earn();
          calls++;
        } else if (budget.take()) repeats++;
        assert.ok(repeats <= (calls * percent) / 100 + 1e-6);
      }
    }),
  );
});
