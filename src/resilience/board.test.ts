import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aCall } from '../../test/kit/hand-played.ts';
import type { Call } from '../core/call.ts';
import { Board, type Boarded } from './board.ts';

class Member implements Boarded<Member> {
  next: Member | undefined = undefined;
  readonly call: Call;
  readonly bucket: number;

  constructor(body: string, bucket: number) {
    this.call = aCall({ body: Buffer.from(body) });
    this.bucket = bucket;
  }
}

const any = () => true;

test('the first of the equal ones is found that suits', () => {
  const board = new Board<Member>();
  const members = ['a', 'b', 'a'].map(body => new Member(body, 7));
  for (const member of members) board.add(member);
  const find = (suits: (member: Member) => boolean) => board.find(7, aCall({ body: Buffer.from('a') }), suits);
  assert.equal(find(any), members[0]);
  assert.equal(
    find(member => member !== members[0]),
    members[2],
  );
  assert.equal(
    find(() => false),
    undefined,
  );
  assert.equal(board.find(8, aCall({ body: Buffer.from('a') }), any), undefined);
});

test('it finds what a list of its members would, whoever comes and goes', () => {
  const step = fc.record({ body: fc.constantFrom('a', 'b', 'c'), bucket: fc.nat(2), leaves: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const board = new Board<Member>();
      let list: Member[] = [];
      for (const { body, bucket, leaves } of steps) {
        const member = new Member(body, bucket);
        board.add(member);
        list.push(member);
        const gone = list[leaves];
        // Once more is as good as once.
        for (const _ of gone ? [1, 2] : []) board.remove(gone as Member);
        list = list.filter(each => each !== gone);
        for (const sought of list) {
          const first = list.find(each => each.bucket === sought.bucket && each.call.body.equals(sought.call.body));
          assert.equal(board.find(sought.bucket, sought.call, any), first);
        }
        if (gone) assert.notEqual(board.find(gone.bucket, gone.call, any), gone);
      }
    }),
  );
});
