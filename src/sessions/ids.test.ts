import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, requests } from '../../test/samples.ts';
import { nodeOf, sessionName, statusOf } from './ids.ts';

const name = (text: string | Buffer, app = 'app') => sessionName(app, Buffer.from(text));
const NAMED = '{"nodeId":"n","sessionId":"s"}';

test('every sample request tells its session, and those of one session tell the same', () => {
  const files = requests().map(({ file }) => file);
  for (const file of files) {
    const { nodeId, sessionId } = JSON.parse(compact(file).toString());
    assert.match(name(compact(file)) ?? '', /^[\w-]{43}$/, file);
    assert.equal(name(compact(file)), name(JSON.stringify({ more: {}, sessionId, nodeId })), file);
  }
});

test('two names are equal only for the same app, node and session', () => {
  // Few letters, so that texts which run into one another come up.
  const word = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\\', 'é', '\u0000', '\ud800', 'nodeId'),
    maxLength: 4,
  });
  const ids = fc.record({ app: word, node: fc.option(word, { nil: undefined }), session: word });
  const nameOfIds = ({ app, node, session }: { app: string; node: string | undefined; session: string }) =>
    name(JSON.stringify({ nodeId: node, sessionId: session }), app);
  fc.assert(
    fc.property(ids, ids, (a, b) => {
      const [one, other] = [nameOfIds(a), nameOfIds(b)];
      if (one === undefined || other === undefined)
        return assert.ok([a, b].some(x => x.session === '' || x.node === ''));
      const isSame = a.app === b.app && a.node === b.node && a.session === b.session;
      assert.equal(one === other, isSame);
    }),
    { numRuns: 5000 },
  );
});

test('whatever a body is, it tells the session that JSON.parse reads in it, or none', () => {
  const value = fc.oneof(fc.string(), fc.jsonValue());
  const key = fc.constantFrom('sessionId', 'nodeId', 'session\\u0049d', 'node\\u0049d', '__proto__', 'appKey', 'x');
  const text = fc.array(fc.tuple(key, value)).map(all => `{${all.map(([k, v]) => `"${k}":${JSON.stringify(v)}`)}}`);
  fc.assert(
    fc.property(text, body => {
      const { nodeId, sessionId } = JSON.parse(body);
      const made = name(body);
      if (made !== undefined) assert.equal(made, name(JSON.stringify({ nodeId, sessionId })));
    }),
    { numRuns: 2000 },
  );
});

test('a body of WCS 4 has no nodeId, and its session is another than one with a nodeId', () => {
  assert.ok(name('{"sessionId":"s"}'));
  assert.notEqual(name('{"sessionId":"s"}'), name(NAMED));
});

test('ids that are spelt with escapes are the same ids', () => {
  assert.equal(name('{"\\u006eodeId":"\\u006e","session\\u0049d":"\\u0073"}'), name(NAMED));
});

test('order, spaces and other members do not matter', () => {
  assert.equal(
    name(' {"x":{"sessionId":"t"}, "sessionId" : "s",\n"nodeId":"n","__proto__":{"sessionId":"t"}} '),
    name(NAMED),
  );
});

test('ids of the wrong type, empty, missing or too long tell no session', () => {
  const values = ['5', 'null', 'true', '{}', '["s"]', '""', `"${'s'.repeat(1023)}"`];
  for (const value of values) {
    assert.equal(name(`{"nodeId":"n","sessionId":${value}}`), undefined, value);
    assert.equal(name(`{"nodeId":${value},"sessionId":"s"}`), undefined, value);
  }
  for (const text of ['{}', '{"nodeId":"n"}', '[]', '', '{', '"s"', 'null', '{"sessionId":"s"}x']) {
    assert.equal(name(text), undefined, text);
  }
  assert.ok(name(`{"sessionId":"${'s'.repeat(1022)}"}`));
});

test('an id that comes twice tells no session, whatever its spelling', () => {
  for (const twice of ['"sessionId":"s"', '"session\\u0049d":"t"', '"nodeId":"n"', '"\\u006eodeId":null']) {
    assert.equal(name(`{"nodeId":"n","sessionId":"s",${twice}}`), undefined, twice);
  }
});

test('ids that are no UTF-8 tell no session, as two of them could be read as one', () => {
  const of = (byte: number) => name(Buffer.from([...Buffer.from('{"sessionId":"'), byte, 0x22, 0x7d]));
  for (const byte of [0x80, 0xc3, 0xfe, 0xff]) assert.equal(of(byte), undefined);
  assert.ok(of(0x73));
});

test('the text under a name is given if there is just one', () => {
  const text = (body: string) => statusOf(Buffer.from(body));
  assert.equal(text('{"status":"FAILED"}'), 'FAILED');
  assert.equal(text('{"st\\u0061tus":"F\\u0041ILED"}'), 'FAILED');
  for (const body of ['{}', '[]', '{"status":1}', '{"a":{"status":"FAILED"}}', '{"status":"FAILED","status":"X"}']) {
    assert.equal(text(body), undefined, body);
  }
});

test('the node is given if the body names just one', () => {
  const node = (body: string) => nodeOf(Buffer.from(body));
  assert.equal(node(NAMED), 'n');
  assert.equal(node(compact('connect.request.json').toString()), 'H4gfHeULtX6ddGGUWwZxhUNyqZHUFH8j@192.168.1.59');
  for (const body of ['{}', '[]', '', '{"nodeId":""}', '{"nodeId":1}', '{"nodeId":"n","nodeId":"m"}']) {
    assert.equal(node(body), undefined, body);
  }
});
