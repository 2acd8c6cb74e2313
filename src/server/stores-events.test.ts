import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, readConfig } from '../../test/start.ts';
import { storesEvents } from './stores-events.ts';

const stores = (app: object): boolean =>
  storesEvents(readConfig({ apps: [{ ...APP, upstreams: ['http://127.0.0.1:3'], ...app }] }));

test('a journal is needed as soon as one hook may be stored', () => {
  assert.equal(stores({}), true);
  assert.equal(stores({ fallback: ['echo'] }), false);
  assert.equal(stores({ fallback: ['echo'], hooks: { CallStatusEvent: { fallback: ['store'] } } }), true);
  assert.equal(stores({ fallback: ['echo'], hooks: { CallStatusEvent: { acknowledge: 'first' } } }), true);
});

test('auto for hooks that decide needs none', () => {
  const notifications = { '*Event': { fallback: ['echo'] } };
  assert.equal(stores({ fallback: ['echo'], hooks: { connect: { fallback: 'auto' }, ...notifications } }), false);
});
