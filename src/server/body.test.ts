import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { codeOf } from '../../test/kit/hand-played.ts';
import { Cancel } from '../core/cancel.ts';
import { BodyRoom, readBody } from './body.ts';

const MIB = 1024 * 1024;

const aRequest = () => new PassThrough() as unknown as IncomingMessage & PassThrough;

test('all bodies on their way together have a bound, and leave room when they have come or failed', async () => {
  const room = new BodyRoom();
  const limits = { maxBytes: 200 * MIB, limitMs: 5000, bytesPerSecond: 0, room };
  const first = aRequest();
  const whole = readBody(first, limits, new Cancel());
  first.write(Buffer.alloc(200 * MIB));
  const second = aRequest();
  const refused = codeOf(readBody(second, limits, new Cancel()));
  second.write(Buffer.alloc(100 * MIB));
  assert.equal(await refused, 'overload');
  second.end();
  first.end();
  assert.equal((await whole).length, 200 * MIB);
  assert.equal(room.take(256 * MIB), true);
});

test('a body over the limit gives back what it held', async () => {
  const room = new BodyRoom();
  const request = aRequest();
  const refused = codeOf(readBody(request, { maxBytes: 10, limitMs: 5000, bytesPerSecond: 0, room }, new Cancel()));
  request.end(Buffer.alloc(11));
  assert.equal(await refused, 'too_large');
  assert.equal(room.take(256 * MIB), true);
});
