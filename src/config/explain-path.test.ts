import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainPath } from './explain-path.ts';
import { parseConfig } from './load.ts';

const TEXT = `
defaults: { passthrough: { routes: { "/a/all*": { fallback: [unavailable] } } } }
apps:
  - name: a
    path: /a
    upstreams: [http://127.0.0.1:1/b]
    passthrough:
      routes:
        "/a/*": { fallback: [{ body: {} }] }
        "/a/one": { fallback: [cached, { body: [] }], personal: true, limit: 3s }
  - { name: b, path: /b, upstreams: ["http://127.0.0.1:1"], passthrough: false }
passthrough: { upstreams: ["http://127.0.0.1:2"], routes: { "/*": { fallback: [cached] } } }
`;
const loaded = parseConfig(TEXT, { file: 'test.yaml', env: {} });

const factsOf = (name: string, path: string) => {
  const { apps, passthrough } = loaded.config;
  const backed = apps.find(app => app.name === name) ?? passthrough;
  assert.ok(backed);
  return explainPath(loaded, backed, path)?.map(fact => `${fact.name}: ${fact.value} (${fact.from})`);
};

test('the most specific glob has the word for a path, and it alone', () => {
  assert.deepEqual(factsOf('a', '/a/one'), [
    'route: /a/one (test.yaml:10 apps[0].passthrough.routes."/a/one")',
    'route limit: 3s (test.yaml:10 apps[0].passthrough.routes."/a/one".limit)',
    'keepFor: 10m (built-in: 10m)',
    'personal: true (test.yaml:10 apps[0].passthrough.routes."/a/one".personal)',
    'fallback: cached, then { body: … } (test.yaml:10 apps[0].passthrough.routes."/a/one".fallback)',
  ]);
});

test('a route of defaults holds for an app, and says where it is', () => {
  assert.deepEqual(factsOf('a', '/a/all/of'), [
    'route: /a/all* (test.yaml:2 defaults.passthrough.routes."/a/all*")',
    'route limit: 30s (built-in: passthrough.firstByte)',
    'fallback: unavailable (test.yaml:2 defaults.passthrough.routes."/a/all*".fallback)',
  ]);
});

test('paths that no app has are told too, and where nothing passes through there is nothing to tell', () => {
  assert.equal(
    factsOf('passthrough', '/x')?.at(-1),
    'fallback: cached (test.yaml:12 passthrough.routes."/*".fallback)',
  );
  assert.equal(factsOf('b', '/b/x'), undefined);
});

test('a path without a route fails as it does', () => {
  const { apps } = parseConfig(TEXT.replace('"/a/*"', '"/a/x"'), { file: 'test.yaml', env: {} }).config;
  assert.ok(apps[0]);
  assert.deepEqual(
    explainPath(loaded, apps[0], '/a/two')?.map(({ name, value }) => `${name}: ${value}`),
    ['fallback: none'],
  );
});
