import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { CATALOGUE, findHook } from './catalogue.ts';
import { autoLadder, FallbackOption, keyOption } from './ladder.ts';

const problems = (schema: z.ZodType, value: unknown): readonly string[] =>
  schema.safeParse(value).error?.issues.map(issue => issue.message) ?? [];

const KNOWN = 'cached, echo, store, refuse, unavailable, provisional, { body: {…} }, { file: x.json } or { echo: {…} }';

/** Hook, then the automatic ladder of a session that is not known, of one that says FAIL or OVERWRITE, and of LOG with NOTIFY. */
const BY_SESSION = [
  ['connect', 'cached unavailable', 'cached unavailable', 'cached unavailable'],
  ['playHLS', 'cached unavailable', 'cached unavailable', 'cached unavailable'],
  ['playRTSP', 'cached unavailable', 'cached unavailable', 'cached unavailable'],
  ['publishStream', 'cached unavailable', 'cached unavailable', 'echo'],
  ['call', 'cached unavailable', 'cached unavailable', 'echo'],
  ['hangup', 'unavailable', 'unavailable', 'echo'],
  ['OnDataEvent', 'unavailable', 'unavailable', 'echo'],
  ['OnCallEvent', 'cached unavailable', 'cached unavailable', 'echo'],
  ['OnTransferEvent', 'unavailable', 'unavailable', 'echo'],
  ['StreamStatusEvent', 'store unavailable', 'store unavailable', 'store unavailable'],
  ['ErrorEvent', 'store unavailable', 'store unavailable', 'store unavailable'],
  ['StreamKeepAliveEvent', 'echo', 'echo', 'echo'],
  ['unheardOf', 'unavailable', 'unavailable', 'unavailable'],
  ['OnUnheardOfEvent', 'unavailable', 'unavailable', 'unavailable'],
  ['UnheardOfEvent', 'store unavailable', 'store unavailable', 'store unavailable'],
] as const;

const ladders = (name: string, keyed: boolean): readonly string[] =>
  [undefined, true, false].map(decides => autoLadder(findHook(name), keyed, decides).join(' '));

test('auto follows what the session says of the hook, and what is not known is taken to decide', () => {
  for (const [name, ...expected] of BY_SESSION) assert.deepEqual(ladders(name, findHook(name).keyed), expected, name);
});

test('a configured key gives every decision a cached rung, and changes nothing else', () => {
  for (const { name } of CATALOGUE) {
    const expected = ladders(name, false).map(words => (words === 'unavailable' ? 'cached unavailable' : words));
    assert.deepEqual(ladders(name, true), expected, name);
  }
});

test('only a known session that says LOG and NOTIFY of a listed hook takes a decision lightly', () => {
  for (const hook of CATALOGUE) {
    const [unseen, decides, harmless] = ladders(hook.name, hook.keyed);
    assert.equal(decides, unseen, hook.name);
    const may = hook.decides === 'by-policy' || hook.kind === 'notification';
    if (!may) assert.equal(harmless, unseen, hook.name);
    if (harmless !== unseen) assert.equal(harmless, 'echo', hook.name);
  }
});

test('fallback takes auto and lists of rungs', () => {
  for (const value of [
    'auto',
    ['cached', 'echo'],
    [{ body: { a: [1] } }],
    [{ file: 'x.json' }, { echo: {} }, 'refuse'],
  ]) {
    assert.deepEqual(FallbackOption.parse(value), value);
  }
});

test('a wrong rung is named by its place, with all rungs that there are', () => {
  assert.deepEqual(problems(FallbackOption, ['cached', 'cach']), [`rung 2 is "cach"; write one of ${KNOWN}`]);
  assert.deepEqual(problems(FallbackOption, [{ body: 1 }]), [`rung 1 is {"body":1}; write one of ${KNOWN}`]);
  assert.deepEqual(problems(FallbackOption, [{ bodi: {} }]), [`rung 1 is {"bodi":{}}; write one of ${KNOWN}`]);
});

test('a fallback that is neither auto nor a list is told both', () => {
  for (const value of ['echo', 5, null]) {
    const wanted = [`is ${JSON.stringify(value)}; write auto or a list of rungs such as [cached, echo]`];
    assert.deepEqual(problems(FallbackOption, value), wanted);
  }
});

test('an empty fallback, an empty file name and a rung with two meanings are refused', () => {
  assert.deepEqual(problems(FallbackOption, []), ['is an empty list; write auto or at least one rung']);
  assert.deepEqual(problems(FallbackOption, [{ file: '' }]), ['is empty; write the path of a JSON file']);
  assert.equal(problems(FallbackOption, [{ echo: {}, body: {} }]).length, 1);
});

test('a long value is shown shortened', () => {
  const [message = ''] = problems(FallbackOption, ['x'.repeat(10_000)]);
  assert.ok(message.length < 300, message);
});

test('a key is a list of field paths', () => {
  assert.deepEqual(keyOption.parse(['appKey', 'custom.token']), ['appKey', 'custom.token']);
  assert.deepEqual(problems(keyOption, []), ['is an empty list; name at least one body field, or leave key out']);
  assert.deepEqual(problems(keyOption, 'appKey'), [
    'is "appKey"; write a list of body fields such as [appKey, custom.token]',
  ]);
  for (const path of ['', '.', 'a.', '.a', 'a..b', 5]) assert.equal(problems(keyOption, [path]).length, 1, `${path}`);
});

test('both options can be written as JSON Schema', () => {
  for (const schema of [FallbackOption, keyOption]) assert.ok(z.toJSONSchema(schema, { io: 'input' }).description);
});
