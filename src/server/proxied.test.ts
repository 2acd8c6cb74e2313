import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, test } from 'node:test';
import { fakeTime, realTime } from '../../test/kit/hand-played.ts';
import { takeProxyHeader } from './proxied.ts';

afterEach(realTime);

test('a PROXY header that is late is given up, one that is there leaves nothing behind', async () => {
  const { tick } = fakeTime();
  const told: string[] = [];
  const end = {
    read: (source: string | undefined) => void told.push(`read ${source}`),
    failed: (why: string) => void told.push(why),
  };
  const [late, quick] = [new PassThrough(), new PassThrough()];
  const listeners = () => ['data', 'end', 'error', 'close'].map(name => quick.listenerCount(name));
  const before = listeners();
  for (const stream of [late, quick]) takeProxyHeader(stream as unknown as Socket, end);
  late.write('PROXY TCP4 1.2.3.4 ');
  quick.write('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nrest');
  await tick(4000);
  assert.deepEqual(told, ['read 1.2.3.4']);
  assert.deepEqual(listeners(), before);
  assert.equal(String(quick.read()), 'rest');
  await tick(1000);
  assert.deepEqual(told, ['read 1.2.3.4', 'it was not there within 5 s']);
});
