import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compact, requests } from '../../../test/samples.ts';
import { findHook } from '../../hooks/catalogue.ts';
import { type Hook, hookAt, type Load } from './traffic.ts';

const LOAD: Load = { seconds: 30, rate: 50, nodeId: 'node@192.168.1.101' };
const hooks = (count: number, load = LOAD): Hook[] => Array.from({ length: count }, (_, tick) => hookAt(tick, load));
const bySession = (all: readonly Hook[]) => Map.groupBy(all, ({ sessionId }) => sessionId);

test('a session goes from connect to DISCONNECTED in the order of WCS', () => {
  const session = [...bySession(hooks(1500)).values()].find(
    all => all[0]?.name === 'connect' && all.length > 1 && all[0].standing === 'regular',
  );
  assert.deepEqual(
    session?.map(({ name, body }) => `${name} ${JSON.parse(body).status ?? ''}`.trim()),
    [
      'connect',
      'ConnectionStatusEvent ESTABLISHED',
      'publishStream PENDING',
      'StreamStatusEvent PUBLISHING',
      'StreamKeepAliveEvent PUBLISHING',
      'playStream PENDING',
      'StreamStatusEvent PLAYING',
      'StreamKeepAliveEvent PLAYING',
      'stopStream STOPPED',
      'StreamStatusEvent STOPPED',
      'unPublishStream UNPUBLISHED',
      'StreamStatusEvent UNPUBLISHED',
      'ConnectionStatusEvent DISCONNECTED',
    ],
  );
});

test('every hook is a known one, and no two bodies are equal', () => {
  const all = hooks(1500);
  assert.ok(all.every(({ name }) => findHook(name).known));
  const connects = all.filter(({ name }) => name === 'connect');
  assert.equal(new Set(connects.map(({ sessionId }) => sessionId)).size, connects.length);
  for (const { body, sessionId } of all) assert.equal(JSON.parse(body).sessionId, sessionId);
});

test('the fields of each body are among those that the documents show for it', () => {
  for (const hook of hooks(200)) {
    const samples = requests().filter(sample => sample.hook === hook.name);
    const known = new Set(samples.flatMap(({ file }) => Object.keys(JSON.parse(compact(file).toString()))));
    const stray = Object.keys(JSON.parse(hook.body)).filter(field => !known.has(field) && field !== 'custom');
    assert.deepEqual(stray, [], hook.name);
  }
});

test('regulars come again and again, newcomers once, and intruders only ever try to connect', () => {
  const connects = hooks(1500).filter(({ name }) => name === 'connect');
  const tokens = Map.groupBy(connects, ({ body }) => String(JSON.parse(body).custom.token));
  const visits = (prefix: string) =>
    [...tokens].filter(([token]) => token.startsWith(prefix)).map(([, all]) => all.length);
  assert.ok(visits('member-').every(count => count > 1));
  assert.ok(visits('guest-').length > 0 && visits('guest-').every(count => count === 1));
  const intruders = hooks(1500).filter(({ standing }) => standing === 'intruder');
  assert.ok(intruders.length > 0 && intruders.every(({ name }) => name === 'connect'));
});

test('the same tick of the same load is the same hook, at any rate', () => {
  for (const rate of [1, 7, 50, 1000]) {
    const load = { ...LOAD, rate };
    assert.deepEqual(hookAt(rate * 3, load), hookAt(rate * 3, load));
    assert.equal(new Set(hooks(13, load).map(({ name, body }) => name + body)).size, 13);
  }
});
