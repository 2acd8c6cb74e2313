import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../test/start.ts';
import { createLikeness, createThroughFinder, type ThroughRoute } from './through.ts';

const to = (app: string, bases: readonly string[] = []) => ({ app, bases }) as ThroughRoute;
const places = [
  { path: '/a', through: to('a') },
  { path: '/a/b', through: to('ab') },
  { path: '/quiet', through: undefined },
];

test('a path leads to the app with the longest path above it, and where no app has it to the others', () => {
  const find = createThroughFinder(places, to('others'));
  const found = (path: string) => [find(path)?.route.app, find(path)?.rest];
  assert.deepEqual(found('/a'), ['a', '']);
  assert.deepEqual(found('/a/x'), ['a', '/x']);
  assert.deepEqual(found('/a/b/c//'), ['ab', '/c//']);
  assert.deepEqual(found('/ab'), ['others', '/ab']);
  assert.deepEqual(found('/quiet/x'), [undefined, undefined]);
  assert.equal(createThroughFinder(places, undefined)('/x'), undefined);
});

test('a path resembles that of a hook if it is one to a lenient server', () => {
  const apps = {
    apps: [{ name: 'a', path: '/Rest/A', upstreams: ['http://127.0.0.1:9/back'], hooks: { Own: {}, 'my*': {} } }],
  };
  const likeness = createLikeness(readConfig(apps).apps);
  const resembles = (path: string) => likeness(path, { route: to('a'), rest: path, leadsOut: false });
  for (const path of [
    '/rest/a/connect',
    '/Rest//A/CONNECT',
    '/Rest/A/x/../publishStream',
    '/Rest/A/own',
    '/Rest/A/my1;x',
  ])
    assert.equal(resembles(path), true, path);
  for (const path of ['/Rest/A/login', '/connect', '/Rest/A/connect/x']) assert.equal(resembles(path), false, path);
});

test('a path leads to a hook if it does so behind the path of an upstream, by whatever way', () => {
  const upstreams = ['http://127.0.0.1:9/rest/b', 'unix:/run/b.sock:/sock'];
  const likeness = createLikeness(readConfig({ apps: [{ name: 'b', path: '/b', upstreams }] }).apps);
  const resembles = (base: string, rest: string) =>
    likeness(`/front${rest}`, { route: to('others', ['/x', base]), rest, leadsOut: false });
  assert.equal(resembles('', '/Rest/b/connect'), true);
  assert.equal(resembles('/rest', '/b//connect'), true);
  assert.equal(resembles('/sock', '/connect'), true);
  assert.equal(resembles('/rest', '/connect'), false);
  assert.equal(resembles('', '/rest/b/login'), false);
});
