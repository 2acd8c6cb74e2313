import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Collector, Room } from './collector.ts';

test('what was gathered is one body in memory of its own', () => {
  const room = new Room(1000);
  const collector = new Collector(room, 10, '/');
  const chunk = Buffer.from('abc');
  collector.add(chunk);
  collector.add(Buffer.from('def'));
  assert.ok(room.held > 6);
  const body = collector.take();
  chunk.fill('x');
  assert.equal(String(body), 'abcdef');
  assert.equal(body?.buffer.byteLength, 6);
  assert.equal(room.held, 0);
});

test('a body that is the same as the one before it is that one, and takes no room', () => {
  const room = new Room(1000);
  const before = Buffer.from('abcdef');
  const collector = new Collector(room, 10, '/', before);
  collector.add(Buffer.from('abc'));
  collector.add(Buffer.from('def'));
  assert.equal(room.held, 0);
  assert.equal(collector.take(), before);
  assert.deepEqual([...room.collectors], []);
});

test('a body is what has come, whatever was before it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 4 }), (before, pieces) => {
      const room = new Room(10_000);
      const collector = new Collector(room, 100, '/', Buffer.from(before));
      for (const piece of pieces) collector.add(Buffer.from(piece));
      assert.equal(collector.take()?.toString(), pieces.join(''));
      assert.equal(room.held, 0);
    }),
    { numRuns: 500 },
  );
});

test('an empty body is a body', () => assert.equal(new Collector(new Room(1), 1, '/').take()?.length, 0));

test('a body that is too large is given up at once', () => {
  const room = new Room(1000);
  const collector = new Collector(room, 5, '/');
  collector.add(Buffer.from('abc'));
  collector.add(Buffer.from('def'));
  assert.equal(room.held, 0);
  collector.add(Buffer.from('g'));
  assert.equal(collector.take(), undefined);
  assert.equal(room.held, 0);
});

test('the one that takes longest gives way to the others', () => {
  const room = new Room(600);
  const [endless, other, last] = [1, 2, 3].map(at => new Collector(room, 10, `/${at}`)) as [
    Collector,
    Collector,
    Collector,
  ];
  for (const collector of [endless, other]) collector.add(Buffer.alloc(5));
  last.add(Buffer.alloc(5));
  assert.ok(room.held <= 600);
  assert.equal(endless.take(), undefined);
  assert.equal(other.take()?.length, 5);
  assert.equal(last.take()?.length, 5);
  assert.deepEqual([...room.collectors], []);
});

test('what comes byte by byte does not take more than there is room for', () => {
  const room = new Room(1000);
  const collector = new Collector(room, 1000, '/');
  for (let at = 0; at < 100; at++) {
    collector.add(Buffer.from('x'));
    assert.ok(room.held <= 1000);
  }
  assert.equal(collector.take(), undefined);
  assert.equal(room.held, 0);
});

const step = fc.record({ of: fc.nat(4), do: fc.constantFrom('add', 'add', 'add', 'take', 'drop'), bytes: fc.nat(20) });

test('all bodies together never hold more than there is room for, and nothing at the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const room = new Room(600);
      const collectors = Array.from({ length: 5 }, () => new Collector(room, 30, '/'));
      for (const { of, do: what, bytes } of steps) {
        const collector = collectors[of];
        if (what === 'add') collector?.add(Buffer.alloc(bytes));
        else if (what === 'take') collector?.take();
        else collector?.drop();
        assert.ok(room.held >= 0 && room.held <= 600, `${room.held}`);
      }
      for (const collector of collectors) collector.drop();
      assert.equal(room.held, 0);
      assert.deepEqual([...room.collectors], []);
    }),
  );
});
