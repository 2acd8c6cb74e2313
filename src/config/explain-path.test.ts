import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backedOf } from './draft.ts';
import { explainPath } from './explain-path.ts';
import { parseConfig } from './load.ts';

const TEXT = `
defaults: { passthrough: { routes: { "/a/all*": { fallback: [unavailable] } } } }
apps:
  - name: a
    path: /a
    upstreams: [http://127.0.0.1:1/b, "unix:/run/b.sock", "http://127.0.0.1:3"]
    connectLimit: 1s
    concurrency: { max: 10 }
    passthrough:
      routes:
        "/a/*": { fallback: [{ body: {} }] }
        "/a/one": { fallback: [cached, { body: [] }], personal: true, limit: 3s }
  - { name: b, path: /b, upstreams: ["http://127.0.0.1:1"], passthrough: false }
passthrough: { upstreams: ["http://127.0.0.1:2"], routes: { "/*": { fallback: [cached] } } }
`;
const loaded = parseConfig(TEXT, { file: 'test.yaml', env: {} });

const parts = (name: string, { config, draft } = loaded) => {
  const backed = [...config.apps, ...[config.passthrough ?? []].flat()].find(each => each.name === name);
  const whole = backedOf(draft).find(({ options }) => options.name === name);
  assert.ok(backed && whole);
  return { backed, whole };
};

const explained = (name: string, target: string, of = loaded) => {
  const { backed, whole } = parts(name, of);
  return explainPath(of, whole, backed, target);
};

/** What the route says: it is told last. */
const factsOf = (name: string, path: string) => {
  const facts = explained(name, path)?.map(fact => `${fact.name}: ${fact.value} (${fact.from})`);
  const begin = facts?.findIndex(fact => /^(?:route|fallback): /.test(fact));
  return facts?.slice(begin);
};

const factOf = (name: string, target: string, what: string, of = loaded) =>
  explained(name, target, of)?.find(fact => fact.name === what);

test('the most specific glob has the word for a path, and it alone', () => {
  assert.deepEqual(factsOf('a', '/a/one'), [
    'route: /a/one (test.yaml:12 apps[0].passthrough.routes."/a/one")',
    'route limit: 3s (test.yaml:12 apps[0].passthrough.routes."/a/one".limit)',
    'keepFor: 10m (built-in: 10m)',
    'personal: true (test.yaml:12 apps[0].passthrough.routes."/a/one".personal)',
    'fallback: cached, then { body: … } (test.yaml:12 apps[0].passthrough.routes."/a/one".fallback)',
  ]);
});

test('a route of defaults holds for an app, and says where it is', () => {
  assert.deepEqual(factsOf('a', '/a/all/of'), [
    'route: /a/all* (test.yaml:2 defaults.passthrough.routes."/a/all*")',
    'route limit: 30s (built-in: 30s, as passthrough.firstByte)',
    'fallback: unavailable (test.yaml:2 defaults.passthrough.routes."/a/all*".fallback)',
  ]);
});

test('paths that no app has are told too, and where nothing passes through there is nothing to tell', () => {
  assert.equal(
    factsOf('passthrough', '/x')?.at(-1),
    'fallback: cached (test.yaml:14 passthrough.routes."/*".fallback)',
  );
  assert.equal(factsOf('b', '/b/x'), undefined);
});

test('a path without a route fails as it does, and why no route has it is told', () => {
  const text = TEXT.replace('"/a/*"', '"/a/x"');
  const other = parseConfig(text, { file: 'test.yaml', env: {} });
  const fallback = factOf('a', '/a/two', 'fallback', other);
  assert.deepEqual(
    [fallback?.value, fallback?.from],
    ['none', 'built-in: no glob of passthrough.routes fits the path'],
  );
  const plain = parseConfig(TEXT.replace(/, routes: .* } }$/m, ' }'), { file: 'test.yaml', env: {} });
  assert.equal(factOf('passthrough', '/x', 'fallback', plain)?.from, 'built-in: passthrough.routes has no globs');
});

test('what else would fit is told beside the glob that holds', () => {
  const meaning = (path: string) => factOf('a', path, 'route')?.meaning;
  assert.equal(meaning('/a/one'), 'the most specific glob that fits the path, and it alone counts; it hides /a/*');
  assert.equal(meaning('/a/two'), 'the only glob that fits the path');
});

test('the URLs that a path leads to are told as the upstreams will get them', () => {
  const to = (name: string, target: string) => factOf(name, target, 'upstreams')?.value;
  assert.equal(
    to('a', '/a/./x%2f?y=/z?'),
    'http://127.0.0.1:1/b/./x%2f?y=/z?, unix:/run/b.sock:/./x%2f?y=/z?, http://127.0.0.1:3/./x%2f?y=/z?',
  );
  assert.equal(to('a', '/a?y'), 'http://127.0.0.1:1/b?y, unix:/run/b.sock:/?y, http://127.0.0.1:3/?y');
  assert.equal(to('passthrough', '/x'), 'http://127.0.0.1:2/x');
});

test('each limit is told with the line or the rule that it comes from', () => {
  const of = (what: string) => {
    const fact = factOf('a', '/a/two', what);
    return `${fact?.value} (${fact?.from})`;
  };
  assert.equal(of('connect'), '1s (test.yaml:7 apps[0].connectLimit)');
  assert.equal(of('first byte'), '30s (built-in: 30s)');
  assert.equal(of('route limit'), '30s (built-in: 30s, as passthrough.firstByte)');
  const own = parseConfig(TEXT.replace('passthrough:\n', 'passthrough:\n      firstByte: 5s\n'), {
    file: 'test.yaml',
    env: {},
  });
  const limit = factOf('a', '/a/two', 'route limit', own);
  assert.deepEqual([limit?.value, limit?.from], ['5s', 'test.yaml:10 apps[0].passthrough.firstByte']);
});

test('how much of the room it may have is told, and it may have all where no hooks come', () => {
  assert.match(factOf('a', '/a/two', 'priority')?.meaning ?? '', /takes 75% of the 10, so 7 at most/);
  assert.match(factOf('passthrough', '/x', 'priority')?.meaning ?? '', /may have all room/);
});

test('a path to which a POST is a hook says so, and others do not', () => {
  assert.equal(factOf('a', '/a/connect?x', 'hook')?.value, 'a POST to it is the hook connect');
  for (const [name, target] of [
    ['a', '/a/page'],
    ['a', '/a/x/connect'],
    ['passthrough', '/connect'],
  ] as const)
    assert.equal(factOf(name, target, 'hook'), undefined, target);
});
