import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancel } from './cancel.ts';
import { GatewayError } from './errors.ts';

const LIMIT = new GatewayError('limit');
const GONE = new GatewayError('gone');

test('the first reason stays', () => {
  const cancel = new Cancel();
  cancel.cancel(LIMIT);
  cancel.cancel(GONE);
  assert.equal(cancel.reason, LIMIT);
});

test('listeners hear the reason once, in order, and late ones at once', () => {
  const cancel = new Cancel();
  const heard: string[] = [];
  cancel.onCancel(reason => heard.push(`first ${reason.code}`));
  cancel.onCancel(reason => heard.push(`second ${reason.code}`));
  cancel.cancel(LIMIT);
  cancel.cancel(GONE);
  cancel.onCancel(reason => heard.push(`late ${reason.code}`));
  assert.deepEqual(heard, ['first limit', 'second limit', 'late limit']);
});

test('a released listener hears nothing and is not held', () => {
  const cancel = new Cancel();
  const release = cancel.onCancel(() => assert.fail('must not be called'));
  release();
  release();
  assert.equal(cancel.size, 0);
  cancel.cancel(LIMIT);
});

test('a fork is cancelled with its parent for the same reason, and alone without it', () => {
  const parent = new Cancel();
  const [one, other] = [parent.fork(), parent.fork()];
  one.cancel(GONE);
  assert.equal(parent.reason, undefined);
  parent.cancel(LIMIT);
  assert.equal(one.reason, GONE);
  assert.equal(other.reason, LIMIT);
});

test('a fork of a cancelled token is cancelled from birth', () => {
  const parent = new Cancel();
  parent.cancel(LIMIT);
  assert.equal(parent.fork().reason, LIMIT);
});
