import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decidesFor, SessionKind, type SessionState } from './sessions.ts';

const STATES: readonly SessionState[] = ['open', 'unverified', 'verified', 'refused'];

test('equal sessions are one object, others are not', () => {
  const kind = new SessionKind();
  const made = kind.make('open', ['call', 'hold']);
  assert.equal(kind.make('open', ['call', 'hold']), made);
  assert.ok(kind.saysTheSame(kind.own(made), made));
  const others = [kind.make('open', ['call']), kind.make('open', []), kind.make('verified', ['call', 'hold'])];
  assert.equal(new Set([made, ...others]).size, 4);
});

test('ten thousand sessions of three configurations are three objects', () => {
  const kind = new SessionKind();
  const rules = [[], ['call'], ['call', 'publishStream']];
  const made = Array.from({ length: 10_000 }, (_, i) => kind.make('open', [...(rules[i % 3] ?? [])]));
  assert.equal(new Set(made).size, 3);
});

test('of more different ones than are remembered, each still says what it should', () => {
  const kind = new SessionKind();
  const made = Array.from({ length: 3000 }, (_, i) => kind.make('open', [`hook${i}`]));
  for (const [i, { deciding }] of made.entries()) assert.ok(deciding.has(`hook${i}`));
});

test('a session comes out of its text as it went in, and as the same object', () => {
  const kind = new SessionKind();
  for (const state of STATES) {
    const session = kind.make(state, ['call', '__proto__']);
    assert.equal(kind.decode(kind.encode(session)), session);
  }
});

test('a text that is damaged, of another release or made up is no session', () => {
  const kind = new SessionKind();
  const text = kind.encode(kind.make('open', ['call']));
  const [version] = JSON.parse(text) as [string];
  const texts = ['', '{}', 'null', '5', '[]', '"open"', text.slice(1), text.replace(version, '1-another')];
  texts.push(JSON.stringify([version]), JSON.stringify([version, 'Open']), JSON.stringify([version, 'open', 5]));
  texts.push(JSON.stringify([version, '__proto__']), JSON.stringify([version, ['open']]));
  for (const other of texts) assert.equal(kind.decode(other), undefined, other);
});

test('another instance may always know better', () => {
  const kind = new SessionKind();
  for (const state of STATES) assert.equal(kind.isDoubtful(), true, state);
  assert.equal(kind.isNewer(), false);
});

test('whether a hook decides is known of sessions that the back-end has admitted, and of no other', () => {
  const kind = new SessionKind();
  const told = (state: SessionState) => ['call', 'hold'].map(hook => decidesFor(kind.make(state, ['call']), hook));
  assert.deepEqual(told('open'), [true, false]);
  assert.deepEqual(told('verified'), [true, false]);
  assert.deepEqual(told('unverified'), [undefined, undefined]);
  assert.deepEqual(told('refused'), [undefined, undefined]);
  assert.equal(decidesFor(undefined, 'call'), undefined);
});

const state = fc.constantFrom<SessionState>(...STATES);

test('whatever hooks are named, a session comes out of its text as it went in', () =>
  fc.assert(
    fc.property(state, fc.uniqueArray(fc.string()), (word, names) => {
      const kind = new SessionKind();
      const session = kind.make(word, names);
      assert.deepEqual(session, { state: word, deciding: new Set(names) });
      assert.deepEqual(new SessionKind().decode(kind.encode(session)), session);
    }),
  ));

test('no text makes the reading throw', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => assert.equal(new SessionKind().decode(text), undefined)),
  ));
