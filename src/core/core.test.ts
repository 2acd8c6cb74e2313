import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { aCall, fakeTime, OK, realTime } from '../../test/kit/hand-played.ts';
import { sentAttempts } from './call.ts';
import { after } from './clock.ts';
import { asGatewayError, CODES, ERRORS, GatewayError } from './errors.ts';
import { createIds } from './id.ts';
import { type Layer, stack } from './layer.ts';
import { errorAnswer } from './refusal.ts';

afterEach(realTime);

test('the first layer listed is the outermost', async () => {
  const order: string[] = [];
  const layer =
    (name: string): Layer =>
    next =>
    async call => {
      order.push(`${name} in`);
      const answer = await next(call);
      order.push(`${name} out`);
      return answer;
    };
  await stack([layer('outer'), layer('inner')], async () => OK)(aCall());
  assert.deepEqual(order, ['outer in', 'inner in', 'inner out', 'outer out']);
});

test('a timer never runs early, not even by a fraction of a millisecond', async () => {
  const time = fakeTime();
  let ran = 0;
  after(1.5, () => ran++);
  await time.tick(1);
  assert.equal(ran, 0);
  await time.tick(1);
  assert.equal(ran, 1);
});

test('a stopped timer does not run, and a negative wait is none', async () => {
  const time = fakeTime();
  let ran = 0;
  after(5, () => assert.fail('was stopped'))();
  after(-5, () => ran++);
  await time.tick(10);
  assert.equal(ran, 1);
});

test('ids are UUIDs of version 7 that sort by time and never repeat', () => {
  const next = createIds();
  const before = Date.now();
  const ids = Array.from({ length: 5000 }, next);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
  const times = ids.map(id => Number.parseInt(id.slice(0, 13).replace('-', ''), 16));
  assert.ok(times.every(time => time >= before && time <= Date.now()));
});

test('only what is provably unsent is marked so, and every upstream fault has an outcome', () => {
  const unsent = CODES.filter(code => 'unsent' in ERRORS[code]);
  assert.deepEqual(unsent, ['connect', 'refused', 'breaker', 'overload', 'rate', 'queued']);
  for (const code of CODES) if (ERRORS[code].fault === 'upstream') assert.ok('outcome' in ERRORS[code], code);
});

test('a foreign error becomes internal and keeps its cause', () => {
  const foreign = new TypeError('boom');
  const error = asGatewayError(foreign);
  assert.equal(error.code, 'internal');
  assert.equal(error.cause, foreign);
  assert.equal(asGatewayError(error), error);
});

test('only of a defect it is told where it was noticed, and other errors keep their stacks', () => {
  assert.doesNotMatch(new GatewayError('limit').stack ?? '', /core\.test\.ts/);
  assert.match(new GatewayError('internal').stack ?? '', /core\.test\.ts/);
  assert.match(new Error('any other').stack ?? '', /core\.test\.ts/);
});

test('an error answers as JSON with its status and says why', () => {
  const answer = errorAnswer(new GatewayError('overload'));
  assert.equal(answer.status, 503);
  assert.equal(answer.source, 'unavailable');
  assert.equal(answer.reason, 'overload');
  assert.deepEqual(JSON.parse(answer.body.toString()), {
    error: { code: 'overload', message: ERRORS.overload.message },
  });
});

test('attempts count when they were sent', () => {
  const attempts = [
    { upstream: 'a', sent: true },
    { upstream: 'b', sent: false },
  ];
  assert.equal(sentAttempts(aCall({ attempts })), 1);
});
