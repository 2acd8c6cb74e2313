import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { classify, classifyError } from './classify.ts';

const answer = (status: number, body: string): Answer => ({
  status,
  headers: [],
  body: Buffer.from(body),
  source: 'upstream',
});

const thrown = (run: () => unknown): GatewayError => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw assert.fail('no GatewayError was thrown');
};

for (const body of ['{}', '{"a":1}', '[]', '"text"', '12345678901234567890.0', ' {"a":"\\/"}\n']) {
  test(`200 with ${JSON.stringify(body)} is ok`, () => assert.equal(classify(answer(200, body)), 'ok'));
}

for (const body of ['', '<html>', '{"a":1', '{} {}', 'OK', '{"a":01}']) {
  test(`200 with ${JSON.stringify(body)} is a failure that keeps what was sent`, () => {
    const error = thrown(() => classify(answer(200, body)));
    assert.equal(error.code, 'body');
    assert.equal(error.answer?.body.toString(), body);
  });
}

for (const status of [400, 401, 403, 404, 405, 409, 429]) {
  test(`${status} is the back-end's own word`, () => assert.equal(classify(answer(status, 'no JSON')), 'verdict'));
}

for (const status of [500, 502, 503, 599, 201, 204, 301, 302, 304]) {
  test(`${status} is a failure`, () => {
    const error = thrown(() => classify(answer(status, '{}')));
    assert.equal(error.code, 'status');
    assert.equal(error.answer?.status, status);
    assert.match(error.message, new RegExp(String(status)));
  });
}

const wire = { connected: true, reused: false, answered: false, ms: 5 };
const broken = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

test('without a connection nothing was sent, whatever the system calls it', () => {
  for (const code of ['ECONNREFUSED', 'EHOSTUNREACH', 'ENOTFOUND', 'CERT_HAS_EXPIRED', 'ECONNRESET']) {
    const error = classifyError(broken(code), { ...wire, connected: false });
    assert.equal(error.code, 'refused');
    assert.equal(error.row.unsent, true);
  }
});

test('a reused connection that ends without a byte is stale, not the upstream’s failure', () => {
  const error = classifyError(broken('ECONNRESET'), { ...wire, reused: true });
  assert.equal(error.code, 'stale');
  assert.notEqual(error.row.fault, 'upstream');
});

test('one that ends while the back-end has the request is a reset, however often it was used', () => {
  assert.equal(classifyError(broken('ECONNRESET'), { ...wire, reused: true, ms: 101 }).code, 'reset');
});

test('a new connection that ends without a byte, and any that ends within an answer, is a reset', () => {
  assert.equal(classifyError(broken('ECONNRESET'), wire).code, 'reset');
  const cut = classifyError(broken('ECONNRESET'), { ...wire, reused: true, answered: true });
  assert.equal(cut.code, 'reset');
  assert.match(cut.message, /cut short/);
});

test('the original error stays as the cause', () => {
  const original = broken('ECONNRESET');
  assert.equal(classifyError(original, wire).cause, original);
});
