import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Roster } from './roster.ts';

test('members are in order of arrival, and leave once', () => {
  const roster = new Roster<string>();
  const leave = roster.add('a');
  roster.add('b');
  assert.deepEqual([roster.first, roster.size, roster.all()], ['a', 2, ['a', 'b']]);
  leave();
  leave();
  assert.deepEqual([roster.first, roster.size, roster.all()], ['b', 1, ['b']]);
});

test('an empty one has no first', () => assert.equal(new Roster().first, undefined));

test('it holds what a Set would hold, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20))), script => {
      const roster = new Roster<object>();
      const model = new Map<object, () => void>();
      for (const [comes, which] of script) {
        const [member, leave] = [...model][which % Math.max(1, model.size)] ?? [];
        if (comes || !member) {
          const newcomer = {};
          model.set(newcomer, roster.add(newcomer));
        } else {
          leave?.();
          model.delete(member);
        }
        assert.equal(roster.size, model.size);
        assert.deepEqual(roster.all(), [...model.keys()]);
      }
    }),
  );
});
