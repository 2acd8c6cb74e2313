import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak.ts';

test('after a short soak in every fault nothing is held, no call is lost and the process ends by itself', async t => {
  const { calls, answers, heapBytes, problems } = await soak({
    seconds: 1,
    faultMs: 400,
    say: line => t.diagnostic(line),
  });
  assert.deepEqual(problems, []);
  assert.ok(calls > 1000, `${calls} calls`);
  assert.equal(answers, calls);
  assert.equal(heapBytes.length, 1);
});
