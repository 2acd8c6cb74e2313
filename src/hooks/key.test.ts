import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, requests } from '../../test/samples.ts';
import { CATALOGUE, findHook } from './catalogue.ts';
import { callerKey } from './key.ts';

const connect = findHook('connect');
const BODY = {
  appKey: 'app',
  sessionId: '/10.0.0.1:5000/10.0.0.2:8443',
  nodeId: 'n',
  custom: { token: 't', deep: [1] },
};
const key = (body: object, fields?: readonly string[], authorization?: string, hook = connect) =>
  callerKey(hook, fields, body as Record<string, unknown>, authorization);

const keyed = requests().filter(sample => findHook(sample.hook).keyed);
const anySample = fc.constantFrom(...keyed);
const anyScalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));

test('the samples of every hook with a key of its own are keyed, all others are not', () => {
  for (const { file, hook } of requests()) {
    const made = callerKey(findHook(hook), undefined, JSON.parse(compact(file).toString()), undefined);
    assert.equal(made !== undefined, findHook(hook).keyed, file);
    if (made) assert.match(made, /^[\w-]{43}$/);
  }
});

test('a change of any field that is not volatile changes the key', () => {
  fc.assert(
    fc.property(anySample, fc.nat(), anyScalar, (sample, at, value) => {
      const hook = findHook(sample.hook);
      const body = JSON.parse(compact(sample.file).toString());
      const names = Object.keys(body).filter(name => !hook.volatile.includes(name));
      const name = names[at % names.length] ?? '';
      fc.pre(JSON.stringify(body[name]) !== JSON.stringify(value));
      assert.notEqual(
        key({ ...body, [name]: value }, undefined, undefined, hook),
        key(body, undefined, undefined, hook),
      );
    }),
  );
});

test('a new field changes the key, unless it is volatile', () => {
  fc.assert(
    fc.property(anySample, fc.string(), anyScalar, (sample, name, value) => {
      const hook = findHook(sample.hook);
      const body = JSON.parse(compact(sample.file).toString());
      fc.pre(!Object.hasOwn(body, name) && !hook.volatile.includes(name));
      const wider = Object.fromEntries([...Object.entries(body), [name, value]]);
      assert.notEqual(key(wider, undefined, undefined, hook), key(body, undefined, undefined, hook));
    }),
  );
});

test('a change of volatile fields does not change the key', () => {
  fc.assert(
    fc.property(anySample, anyScalar, (sample, value) => {
      const hook = findHook(sample.hook);
      const body = JSON.parse(compact(sample.file).toString());
      // The session id of a hook outside a session carries the address, which counts; see below.
      const volatile = hook.volatile.filter(name => name !== 'sessionId');
      const changed = { ...body, ...Object.fromEntries(volatile.map(name => [name, value])) };
      assert.equal(key(changed, undefined, undefined, hook), key(body, undefined, undefined, hook));
    }),
  );
});

test('the order of names and the depth they stand at do not matter', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), object => {
      const reversed = Object.fromEntries(Object.entries(object).reverse());
      assert.equal(key({ a: reversed, b: 1 }), key({ b: 1, a: object }));
    }),
  );
});

test('values that look alike have keys of their own', () => {
  const values = [
    {},
    [],
    [{}],
    { a: 1 },
    [{}, 'a', 1],
    ['a', 1],
    { a: '1' },
    { a: [1] },
    '{}',
    null,
    [null],
    0,
    '',
    false,
  ];
  assert.equal(new Set(values.map(custom => key({ custom }))).size, values.length);
});

test('numbers that JavaScript would confuse have keys of their own', () => {
  const texts = ['9007199254740993', '9007199254740992', '9007199254740992.0', '1e400', '1e401'];
  assert.equal(new Set(texts.map(text => key({ login: JSON.rawJSON(text) }))).size, texts.length);
});

test('of the session id only the address of the client counts for a hook that comes without a session', () => {
  const at = (sessionId: unknown) => key({ ...BODY, sessionId });
  const same = [
    '/10.0.0.1:5000/10.0.0.2:8443',
    '/10.0.0.1:5001/10.0.0.2:8443',
    '/10.0.0.1/10.0.0.2-Pci4P605',
    '/10.0.0.1:5000/abcdef-04cfeb85-cf9c-49aa-8144-022dfc0cdd0b',
  ];
  assert.equal(new Set(same.map(at)).size, 1);
  const ipv6 = ['/0:0:0:0:0:0:0:1:5000/x', '/0:0:0:0:0:0:0:1/x', '/[0:0:0:0:0:0:0:1]:5001/x', '/[0:0:0:0:0:0:0:1]/x'];
  assert.equal(new Set(ipv6.map(at)).size, 1);
  const none = ['04cfeb85-cf9c-49aa-8144-022dfc0cdd0b', 'test-HLS', '/nowhere/x', '', '/', 5, null, undefined];
  assert.equal(new Set(none.map(at)).size, 1);
  assert.equal(new Set([...same, ...ipv6, ...none, '/10.0.0.3:5000/10.0.0.2:8443'].map(at)).size, 4);
});

test('inside a session the session is part of the key', () => {
  const play = findHook('playStream');
  const body = { appKey: 'a', nodeId: 'n', sessionId: 's', name: 'x' };
  const made = key(body, undefined, undefined, play);
  assert.notEqual(made, key({ ...body, sessionId: 't' }, undefined, undefined, play));
  assert.notEqual(made, key({ ...body, nodeId: 'm' }, undefined, undefined, play));
});

test('two hooks never share a key', () => {
  const names = CATALOGUE.map(hook => hook.name);
  assert.equal(new Set(names.map(name => key(BODY, ['appKey'], undefined, findHook(name)))).size, names.length);
});

test('credentials are part of the key, unless they are the hash that WCS makes of the body', () => {
  const keys = [undefined, 'Basic dTpw', 'Basic dTpx', 'WCSomething x'].map(text => key(BODY, undefined, text));
  assert.equal(new Set(keys).size, 4);
  for (const text of ['WCS 00ff', 'wcs 11ee', 'WCS']) assert.equal(key(BODY, undefined, text), keys[0]);
  assert.notEqual(key(BODY, ['appKey'], 'Basic dTpw'), key(BODY, ['appKey'], 'Basic dTpx'));
});

test('a configured key covers its fields, nested ones too, and nothing else', () => {
  const fields = ['appKey', 'custom.token'];
  const made = key(BODY, fields);
  assert.equal(key({ ...BODY, sessionId: 'other', more: 1 }, fields), made);
  assert.notEqual(key({ ...BODY, custom: { token: 'u' } }, fields), made);
  assert.notEqual(key(BODY, ['custom.token', 'appKey']), made);
  assert.notEqual(key({ login: 'x' }, ['login']), key({ user: 'x' }, ['user']));
});

test('a field that is missing differs from one that is null, empty or false', () => {
  const bodies = [{}, { login: null }, { login: '' }, { login: false }, { login: [] }].map(rest => ({
    appKey: 'a',
    ...rest,
  }));
  assert.equal(new Set(bodies.map(body => key(body, ['appKey', 'login']))).size, bodies.length);
});

test('a caller with none of the configured fields is not keyed', () => {
  for (const body of [{}, { custom: 'text' }, { custom: null }, { custom: { other: 1 } }]) {
    assert.equal(key(body, ['custom.token', 'toString', '__proto__']), undefined);
  }
});

test('a configured key makes any hook keyed', () => {
  assert.ok(key(BODY, ['appKey'], undefined, findHook('StreamStatusEvent')));
  assert.ok(key(BODY, ['appKey'], undefined, findHook('unheardOf')));
});
