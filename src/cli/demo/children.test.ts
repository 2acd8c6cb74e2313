import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Children } from './children.ts';

const startBackEnd = async (children: Children): Promise<number> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { pid = 0 } = children.start({ type: 'back-end', name: 'first' }, () => resolve());
  await promise;
  return pid;
};

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('after close no child is left, and none counts as lost', async () => {
  const lost: Error[] = [];
  const children = new Children(error => lost.push(error));
  const pids = await Promise.all([startBackEnd(children), startBackEnd(children)]);
  assert.ok(pids.every(lives));
  await children.close();
  assert.ok(!pids.some(lives));
  assert.deepEqual(lost, []);
});

test('a child that ends by itself is told of', async () => {
  const { promise, resolve } = Promise.withResolvers<Error>();
  const children = new Children(resolve);
  process.kill(await startBackEnd(children), 'SIGKILL');
  assert.match((await promise).message, /the process of the back-end ended early \(SIGKILL\)/);
  await children.close();
});
