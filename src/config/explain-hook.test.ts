import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explainHook, explainThrough } from './explain-hook.ts';
import { parseConfig } from './load.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-explain-'));
after(() => rmSync(FOLDER, { recursive: true }));
const SECRET = 'swordfish-0123456789';
writeFileSync(
  join(FOLDER, 'wcs.properties'),
  `rest_request_timeout=10\nrest_hook_send_hash=true\nrest_hook_secret_key=${SECRET}\n`,
);

const APP = 'apps:\n  - name: a\n    path: /a\n    upstreams: [http://127.0.0.1:1]\n';

/** The facts of one hook by their names, each as its value and where it comes from. */
const factsOf = (text: string, hook: string) => {
  const file = join(FOLDER, 'test.yaml');
  const loaded = parseConfig(text, { file, env: {} });
  const [app] = loaded.draft.apps;
  assert.ok(app);
  const facts = explainHook(loaded, app, hook).map(fact => ({ ...fact, from: fact.from.replace(`${FOLDER}/`, '') }));
  assert.ok(!JSON.stringify(facts).includes(SECRET));
  return (name: string) =>
    facts.filter(fact => fact.name === name).map(({ value, from }) => `${value} (${from.replace('built-in: ', '')})`);
};

const BY_AUTO = 'auto, which chooses by what the answer means';

test('auto is told for each thing that the session may say of a hook', () => {
  assert.deepEqual(factsOf(APP, 'playStream')('fallback'), [
    `auto, if the session says FAIL or OVERWRITE or is not known: cached, then unavailable (${BY_AUTO})`,
    `auto, if the session says LOG and NOTIFY: echo (${BY_AUTO})`,
  ]);
});

test('auto is one ladder for hooks that always decide, for notifications and for unknown names', () => {
  const ladderOf = (hook: string) => factsOf(APP, hook)('fallback');
  assert.deepEqual(ladderOf('connect'), [`auto: cached, then unavailable (${BY_AUTO})`]);
  assert.deepEqual(ladderOf('StreamStatusEvent'), [`auto: store, then unavailable (${BY_AUTO})`]);
  assert.deepEqual(ladderOf('StreamKeepAliveEvent'), [`auto: echo (${BY_AUTO})`]);
  assert.deepEqual(ladderOf('unheardOf'), [`auto: unavailable (${BY_AUTO})`]);
});

test('a written ladder holds whatever the session says', () => {
  const text = `${APP}    fallback: [cached, { echo: {} }]\n`;
  assert.deepEqual(factsOf(text, 'sendMessage')('fallback'), ['{ echo: … } (test.yaml:5 apps[0].fallback)']);
});

test('equal calls share one attempt by what the catalogue says, or where an unknown hook is idempotent', () => {
  const coalesce = (hook: string, more = '') => factsOf(APP + more, hook)('coalesce')[0]?.replace(/ \(.*/, '');
  assert.equal(coalesce('connect'), 'on');
  assert.equal(coalesce('publishStream'), 'on');
  assert.equal(coalesce('StreamStatusEvent'), 'repeats only');
  assert.equal(coalesce('playHLS', '    idempotent: true\n'), 'repeats only');
  assert.equal(coalesce('unheardOf'), 'off');
  assert.equal(coalesce('unheardOf', '    idempotent: true\n'), 'on');
});

test('a learned limit is told with its bounds, and who goes first where not all find room', () => {
  assert.deepEqual(factsOf(APP, 'connect')('concurrency'), ['64 at a time, 256 waiting (64 at a time, 256 waiting)']);
  const auto = `${APP}    concurrency: { max: auto, ceiling: 40 }\n    hooks: { ErrorEvent: { priority: low } }\n`;
  assert.deepEqual(factsOf(auto, 'connect')('concurrency'), [
    '4 to 40 at a time, 256 waiting (test.yaml:5 apps[0].concurrency)',
  ]);
  const priority = (hook: string) => factsOf(auto, hook)('priority');
  const rule = 'auto: high for decisions, normal for notifications';
  assert.deepEqual(priority('connect'), [`high (${rule})`]);
  assert.deepEqual(priority('StreamStatusEvent'), [`normal (${rule})`]);
  assert.deepEqual(priority('ErrorEvent'), ['low (test.yaml:6 apps[0].hooks.ErrorEvent.priority)']);
});

test('who may call is told with the line that says so', () => {
  const guards = `wcs:\n  secret: [${SECRET}, ${SECRET}]\n  addresses: [10.0.0.0/8]\n`;
  const fact = factsOf(`${guards}${APP}    restUsername: me\n    restPassword: ${SECRET}\n`, 'connect');
  assert.deepEqual(
    ['addresses', 'signature', 'credentials', 'callers'].flatMap(name => fact(name)),
    [
      '10.0.0.0/8 (test.yaml:3 wcs.addresses)',
      'Authorization: WCS <hash>, by one of 2 secrets (test.yaml:2 wcs.secret)',
      'Authorization: Basic, of me (test.yaml:8 apps[0].restUsername)',
    ],
  );
});

test('without any guard, anyone may call', () => {
  assert.deepEqual(factsOf(APP, 'connect')('callers'), [
    'anyone (none of wcs.addresses, wcs.secret, restUsername and tls.clientCa is written)',
  ]);
});

test("what comes from WCS's own file is told with its line", () => {
  const fact = factsOf(`wcs: { properties: wcs.properties }\n${APP}`, 'connect');
  assert.deepEqual(fact('signature'), ['Authorization: WCS <hash>, by the secret (wcs.properties:3)']);
  assert.deepEqual(fact('limit'), ['8s (four fifths of wcs.properties:1)']);
});

test('where other things are let through, a name that nobody knows is one of them', () => {
  const through = `${APP}    passthrough: { idle: 5m }\n    hooks: { "my*": {} }\n`;
  assert.deepEqual(factsOf(through, 'login')('idle'), ['5m (test.yaml:5 apps[0].passthrough.idle)']);
  assert.deepEqual(factsOf(through, 'login')('callers'), ['anyone (what is no hook is for the back-end to judge)']);
  assert.deepEqual(factsOf(through, 'login')('fallback'), []);
  const health = `${through}    health: { path: /health }\nlimits: { rate: { calls: 3, burst: 5 } }\n`;
  assert.match(factsOf(health, 'login')('health')[0] ?? '', /^GET \/health every 5s/);
  assert.match(factsOf(health, 'login')('rate')[0] ?? '', /^3 calls a second of one address, 5 at once/);
  for (const hook of ['connect', 'myHook']) assert.notDeepEqual(factsOf(through, hook)('fallback'), [], hook);
  assert.notDeepEqual(factsOf(APP, 'login')('fallback'), []);
});

const SHARED = `limits: { rate: { calls: 5, burst: 9, by: node } }
trustedProxies: [10.0.0.9]
`;
const OTHERS = `passthrough:
  upstreams: [https://10.0.0.1, https://app.example]
  concurrency: auto
  tls: { insecure: true }
`;

test('what passes through is told with all that holds for it, of an app and where no app has the path', () => {
  const loaded = parseConfig(`${SHARED}${APP}    passthrough: true\n${OTHERS}`, { file: 'test.yaml', env: {} });
  const told = (backed = loaded.draft.others) => {
    assert.ok(backed);
    const all = explainThrough(loaded, backed);
    return (name: string) => all.filter(fact => fact.name === name).map(({ value, from }) => `${value} (${from})`);
  };
  for (const facts of [told(), told(loaded.draft.apps[0])]) {
    assert.deepEqual(facts('rate'), ['5 calls a second of one address, 9 at once (test.yaml:1 limits.rate)']);
    assert.deepEqual(facts('proxies'), ['10.0.0.9 (test.yaml:2 trustedProxies)']);
    assert.deepEqual(facts('priority'), ['low (built-in: hooks go first)']);
    assert.equal(facts('ejection').length, 1);
  }
  assert.deepEqual(told()('concurrency'), ['4 to 256 at a time, 256 waiting (test.yaml:10 passthrough.concurrency)']);
  assert.deepEqual(told()('tls'), ['any certificate (test.yaml:11 passthrough.tls)']);
  assert.deepEqual(told()('resolve'), ['every 30s (built-in: 30s)']);
});
