import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, requests } from '../../test/samples.ts';
import { CATALOGUE, findHook } from './catalogue.ts';
import { bodyKey, fieldsKey } from './key.ts';

const connect = findHook('connect');
const BODY = {
  appKey: 'app',
  sessionId: '/10.0.0.1:5000/10.0.0.2:8443',
  nodeId: 'n',
  custom: { token: 't', deep: [1] },
};
const keyOfText = (text: string, authorization = '', hook = connect) => bodyKey(hook, Buffer.from(text), authorization);
const key = (body: object, authorization?: string, hook = connect) =>
  keyOfText(JSON.stringify(body), authorization, hook);
const named = (body: object, fields: readonly string[], authorization = '', hook = 'connect') =>
  fieldsKey(hook, fields, body as Record<string, unknown>, authorization);

const keyed = requests().filter(sample => findHook(sample.hook).keyed);
/** A sample request, its hook, and its members as text. */
const anyRequest = fc.constantFrom(...keyed).map(({ file, hook }) => {
  const body: object = JSON.parse(compact(file).toString());
  return { hook: findHook(hook), body, members: Object.entries(body).map(([name, value]) => member(name, value)) };
});
const member = (name: string, value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
const object = (members: readonly string[]): string => `{${members}}`;
const nameOf = (text: string): string => text.slice(1, text.indexOf('":'));

test('the samples of every hook with a key of its own are keyed, all others are not', () => {
  for (const { file, hook } of requests()) {
    const made = bodyKey(findHook(hook), compact(file), '');
    assert.equal(made !== undefined, findHook(hook).keyed, file);
    if (made) assert.match(made, /^[\w-]{43}$/);
  }
});

/** Written out by hand: whatever is taken out of the key here, one caller may get the verdict on another for. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  connect: 'nodeId sessionId',
  publishStream: 'mediaSessionId sdp createDate status info',
  playStream: 'mediaSessionId sdp createDate status info',
  snapshot: 'mediaSessionId sdp createDate status info',
  playHLS: 'nodeId sessionId mediaSessionId sdp createDate status info',
  playRTSP: 'nodeId sessionId mediaSessionId sdp createDate status info',
  call: 'callId parentCallId mediaSessionId sdp sipSDP sipMessageRaw status info',
  answer: 'callId parentCallId mediaSessionId sdp sipSDP sipMessageRaw status info',
  transfer: 'callId parentCallId mediaSessionId sdp sipSDP sipMessageRaw status info',
  OnCallEvent: 'callId parentCallId mediaSessionId sdp sipSDP sipMessageRaw status info',
};

test('what the key of each hook leaves out is what is written here, and nothing else', () => {
  const leftOut = CATALOGUE.filter(hook => hook.keyed).map(({ name, volatile }) => [name, volatile.join(' ')]);
  assert.deepEqual(Object.fromEntries(leftOut), LEFT_OUT);
});

test('a body that is no JSON object has no key', () => {
  for (const text of ['', '[]', '{', '"{}"', '{"appKey":"a"', '<html>']) assert.equal(keyOfText(text), undefined, text);
});

test('no change of any member that is not volatile keeps the key', () => {
  fc.assert(
    fc.property(anyRequest, fc.nat(), fc.jsonValue(), ({ hook, body, members }, at, value) => {
      const steady = members.filter(text => !hook.volatile.includes(nameOf(text)));
      const old = steady[at % steady.length] ?? '';
      const changed = member(nameOf(old), value);
      fc.pre(changed !== old);
      const others = (texts: readonly string[]) => texts.filter(text => text !== old);
      const bodies = [members, others(members), members.map(text => (text === old ? changed : text))];
      bodies.push([...members, changed], [changed, ...members]);
      const keys = bodies.map(texts => keyOfText(object(texts), '', hook));
      assert.equal(new Set(keys).size, keys.length);
      assert.equal(keys[0], key(body, '', hook));
    }),
  );
});

test('no change of any byte outside of the volatile members keeps the key', () => {
  fc.assert(
    fc.property(anyRequest, fc.nat(), fc.nat({ max: 255 }), ({ hook, members }, at, byte) => {
      const steady = Buffer.from(object(members.filter(text => !hook.volatile.includes(nameOf(text)))));
      const changed = Buffer.from(steady);
      changed[at % changed.length] = byte;
      fc.pre(!changed.equals(steady));
      assert.notEqual(bodyKey(hook, changed, ''), bodyKey(hook, steady, ''));
    }),
    { numRuns: 2000 },
  );
});

test('a new member changes the key, unless it is volatile', () => {
  fc.assert(
    fc.property(anyRequest, fc.string(), fc.jsonValue(), ({ hook, body, members }, name, value) => {
      fc.pre(!Object.hasOwn(body, name) && !hook.volatile.includes(name));
      assert.notEqual(keyOfText(object([...members, member(name, value)]), '', hook), key(body, '', hook));
    }),
  );
});

test('a volatile member, whatever it is and wherever it stands or not, does not change the key', () => {
  fc.assert(
    fc.property(anyRequest, fc.nat(), fc.jsonValue(), ({ hook, body, members }, at, value) => {
      // The session id of a hook outside a session carries the address, which counts; see below.
      const names = hook.volatile.filter(name => name !== 'sessionId');
      const steady = members.filter(text => !names.includes(nameOf(text)));
      const place = at % (steady.length + 1);
      const bodies = names.map(name => [...steady.slice(0, place), member(name, value), ...steady.slice(place)]);
      const keys = [steady, ...bodies].map(texts => keyOfText(object(texts), '', hook));
      assert.deepEqual(new Set(keys), new Set([key(body, '', hook)]));
    }),
  );
});

test('only a name that is spelt plainly is taken for a volatile one, and only at the top', () => {
  const texts = ['{"a":1}', '{"a":1,"nodeI\\u0064":"x"}', '{"a":1,"nodeI\\u0064":"y"}', '{"a":1,"nodeid":"x"}'];
  texts.push('{"a":1,"b":{"nodeId":"x"}}', '{"a":1,"b":{"nodeId":"y"}}', '{"a":1,"nodeId ":"x"}');
  assert.equal(new Set(texts.map(text => keyOfText(text))).size, texts.length);
});

test('another spelling of the same body is a miss', () => {
  const texts = [
    '{"a":"x","b":1}',
    '{"b":1,"a":"x"}',
    '{"a":"\\u0078","b":1}',
    '{"a" :"x","b":1}',
    '{"a":"x","b":1.0}',
  ];
  texts.push('{"a":"x","b":1,"b":1}', '{"a":"x","b":2,"b":1}');
  assert.equal(new Set(texts.map(text => keyOfText(text))).size, texts.length);
  assert.equal(keyOfText(' { "a":"x" ,\n"b":1 } '), keyOfText('{"a":"x","b":1}'));
});

test('bytes that are no UTF-8 stay apart', () => {
  const keyOfByte = (byte: number) => bodyKey(connect, Buffer.from([...Buffer.from('{"a":"'), byte, 0x22, 0x7d]), '');
  assert.notEqual(keyOfByte(0xfe), keyOfByte(0xff));
});

test('values that look alike have keys of their own', () => {
  const values = [{}, [], [{}], { a: 1 }, ['a', 1], { a: '1' }, { a: [1] }, '{}', null, [null], 0, '', false, '"a"'];
  assert.equal(new Set(values.map(custom => key({ custom }))).size, values.length);
  assert.equal(new Set(values.map(custom => named({ custom }, ['custom']))).size, values.length);
});

test('numbers that JavaScript would confuse have keys of their own', () => {
  const texts = ['9007199254740993', '9007199254740992', '9007199254740992.0', '1e400', '1e401'];
  assert.equal(new Set(texts.map(text => keyOfText(`{"login":${text}}`))).size, texts.length);
  assert.equal(new Set(texts.map(text => named({ login: JSON.rawJSON(text) }, ['login']))).size, texts.length);
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
  const none = ['04cfeb85-cf9c-49aa-8144-022dfc0cdd0b', 'test-HLS', '/nowhere/x', '', '/', 5, null];
  assert.equal(new Set(none.map(at)).size, 1);
  assert.equal(new Set([...same, ...ipv6, ...none, undefined, '/10.0.0.3:5000/10.0.0.2:8443'].map(at)).size, 5);
});

test('a session id that is spelt with escapes counts as a whole, lest an address hide in it', () => {
  const ids = [
    '"\\/10.0.0.1:5000\\/x"',
    '"\\/10.0.0.2:5000\\/x"',
    '"/10.0.0.\\u0031:5000/x"',
    '"/10.0.0.1:5000/x"',
    '"x"',
  ];
  assert.equal(new Set(ids.map(id => keyOfText(`{"a":1,"sessionId":${id}}`))).size, ids.length);
});

test('of a session id that comes twice both addresses count', () => {
  const of = (...ids: readonly string[]) => keyOfText(object(ids.map(id => member('sessionId', id))));
  const keys = [of('/10.0.0.1/x'), of('/10.0.0.1/x', '/10.0.0.2/x'), of('/10.0.0.2/x', '/10.0.0.1/x')];
  assert.equal(new Set(keys).size, 3);
});

test('an id without an address beside one that is spelt otherwise makes another key, as nobody can tell which counts', () => {
  const one = '"session\\u0049d":"/10.0.0.1:5000/x"';
  const keys = [one, `${one},"sessionId":null`, `${one},"sessionId":"x","sessionId":"y"`].map(text =>
    keyOfText(`{${text}}`),
  );
  assert.equal(new Set(keys).size, 3);
});

test('inside a session the session is part of the key', () => {
  const play = findHook('playStream');
  const body = { appKey: 'a', nodeId: 'n', sessionId: 's', name: 'x' };
  const made = key(body, '', play);
  assert.notEqual(made, key({ ...body, sessionId: 't' }, '', play));
  assert.notEqual(made, key({ ...body, nodeId: 'm' }, '', play));
});

test('two hooks never share a key', () => {
  const names = CATALOGUE.map(hook => hook.name);
  assert.equal(new Set(names.map(name => named(BODY, ['appKey'], '', name))).size, names.length);
  const hooks = CATALOGUE.filter(hook => hook.keyed);
  assert.equal(new Set(hooks.map(hook => key({ appKey: 'a' }, '', hook))).size, hooks.length);
});

test('credentials are part of the key, unless they are the hash that WCS makes of the body', () => {
  const keys = ['', 'Basic dTpw', 'Basic dTpx', 'WCSomething x'].map(text => key(BODY, text));
  assert.equal(new Set(keys).size, 4);
  for (const text of ['WCS 00ff', 'wcs 11ee', 'WCS']) assert.equal(key(BODY, text), keys[0]);
  assert.notEqual(named(BODY, ['appKey'], 'Basic dTpw'), named(BODY, ['appKey'], 'Basic dTpx'));
});

test('a configured key covers its fields, nested ones too, and nothing else', () => {
  const fields = ['appKey', 'custom.token'];
  const made = named(BODY, fields);
  assert.equal(named({ ...BODY, sessionId: 'other', more: 1 }, fields), made);
  assert.notEqual(named({ ...BODY, custom: { token: 'u' } }, fields), made);
  assert.notEqual(named(BODY, ['custom.token', 'appKey']), made);
  assert.notEqual(named({ login: 'x' }, ['login']), named({ user: 'x' }, ['user']));
});

test('a field that is missing differs from one that is null, empty or false', () => {
  const bodies = [{}, { login: null }, { login: '' }, { login: false }, { login: [] }].map(rest => ({
    appKey: 'a',
    ...rest,
  }));
  assert.equal(new Set(bodies.map(body => named(body, ['appKey', 'login']))).size, bodies.length);
});

test('a caller with none of the configured fields is not keyed', () => {
  for (const body of [{}, { custom: 'text' }, { custom: null }, { custom: { other: 1 } }]) {
    assert.equal(named(body, ['custom.token', 'toString', '__proto__']), undefined);
  }
});

test('a configured key makes any hook keyed', () => {
  for (const hook of ['StreamStatusEvent', 'unheardOf']) assert.ok(named(BODY, ['appKey'], '', hook));
});

test('a configured key and the default one never meet', () => {
  const body = { appKey: 'a' };
  assert.notEqual(named(body, ['appKey']), key(body));
});
