import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aCall, OK } from '../../test/kit/hand-played.ts';
import type { Answer, Call } from '../core/call.ts';
import { AccessLine, levelOf } from './access-line.ts';

const lines = new AccessLine('none');

const print = (call: Partial<Call>, answer: Partial<Answer> = {}, ms = 12.3456): Record<string, unknown> =>
  JSON.parse(lines.answered({ type: 'answered', call: aCall(call), answer: { ...OK, ...answer }, ms }));

test('a line tells a call from end to end', () => {
  const before = Date.now();
  const { time, ...line } = print(
    {
      attempts: [
        { upstream: 'http://user:pw@10.0.0.1/x', sent: true, outcome: 'timeout', ms: 9 },
        { upstream: 'http://10.0.0.2/x', sent: true },
        { upstream: 'http://10.0.0.3/x', sent: false },
      ],
    },
    { status: 200, source: 'cached', reason: 'limit', ageSeconds: 61.4 },
  );
  assert.ok(Number(time) >= before && Number(time) <= Date.now());
  assert.deepEqual(line, {
    level: 40,
    msg: 'answered',
    callId: '01900000-0000-7000-8000-000000000000',
    app: 'EchoApp',
    hook: 'connect',
    code: 200,
    source: 'cached',
    reason: 'limit',
    age: 61,
    ms: 12.346,
    attempts: [
      { upstream: 'http://10.0.0.1/x', outcome: 'timeout', ms: 9 },
      { upstream: 'http://10.0.0.2/x', outcome: 'pending' },
      { upstream: 'http://10.0.0.3/x', outcome: 'unsent' },
    ],
    in: 23,
    out: 2,
  });
});

test('a call that was abandoned has a line of its own', () => {
  const { time, ...line } = JSON.parse(lines.abandoned({ type: 'abandoned', call: aCall(), code: 'gone', ms: 1 }));
  assert.equal(typeof time, 'number');
  assert.deepEqual(line, {
    level: 30,
    msg: 'abandoned',
    callId: '01900000-0000-7000-8000-000000000000',
    app: 'EchoApp',
    hook: 'connect',
    reason: 'gone',
    ms: 1,
    attempts: [],
    in: 23,
  });
});

test('the level is a warning unless the back-end answered for itself', () => {
  assert.equal(levelOf(OK), 30);
  assert.equal(levelOf({ ...OK, source: 'hedge' }), 30);
  assert.equal(levelOf({ ...OK, source: 'echo', reason: 'limit' }), 40);
  assert.equal(levelOf({ ...OK, status: 500, reason: 'status' }), 40);
});

test('whatever a hook is called, and however long it took, its line is one line of JSON', () => {
  const unit = fc.integer({ min: 0, max: 0xffff }).map(unit => String.fromCharCode(unit));
  const name = fc.oneof(fc.string({ unit }), fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800'));
  fc.assert(
    fc.property(name, fc.double(), (hook, ms) => {
      const answered = { type: 'answered', call: aCall({ hook }), answer: OK, ms } as const;
      const text = lines.answered(answered);
      assert.equal(text.indexOf('\n'), text.length - 1);
      assert.equal(JSON.parse(text).hook, hook.slice(0, 100));
    }),
  );
});

test('milliseconds are printed with three decimals', () => {
  for (const [ms, shown] of [
    [0, 0],
    [0.0004, 0],
    [0.9996, 1],
    [2999.9999, 3000],
    [15_000.0015, 15_000.002],
  ])
    assert.equal(print({}, {}, ms).ms, shown);
});

test('a made-up hook is cut at 100 characters', () => {
  assert.equal(print({ hook: 'x'.repeat(5000) }).hook, 'x'.repeat(100));
});

test('bodies and headers stay out, unless bodies are asked for, and then without secrets', () => {
  const call = { body: Buffer.from('{"login":"anna","password":"s3cret"}'), headers: ['Authorization', 'WCS s3cret'] };
  const answer = { ...OK, body: Buffer.from('{"login":"anna","token":"s3cret"}') };
  assert.doesNotMatch(JSON.stringify(print(call, answer)), /anna|s3cret/);
  const event = { type: 'answered', call: aCall(call), answer, ms: 1 } as const;
  const line = JSON.parse(new AccessLine('redacted').answered(event));
  assert.equal(line.request, '{"login":"anna","password":"[redacted]"}');
  assert.equal(line.answer, '{"login":"anna","token":"[redacted]"}');
});
