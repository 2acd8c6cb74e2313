import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact } from '../../test/samples.ts';
import { CATALOGUE } from '../hooks/catalogue.ts';
import { readRules } from './rules.ts';

const read = (text: string | Buffer) => readRules(Buffer.from(text));
/** What is read of `hooks` as the text of a `restClientConfig`. */
const readConfig = (hooks: string) => read(`{"appKey":"a","restClientConfig":${hooks},"custom":{}}`);
const entry = (onError: string, policy: string) => JSON.stringify({ restOnError: onError, restPolicy: policy });

test('without a configuration no hook decides, as WCS then logs and notes', () => {
  for (const text of ['{}', '{"restClientConfig":null}', '{"restClientConfig":{}}', '{"a":{"restClientConfig":1}}']) {
    assert.deepEqual(read(text), { deciding: [], doubts: [] }, text);
  }
  assert.deepEqual(read('{"restClientConfig":{"publishStream":null,"playStream":{}}}'), { deciding: [], doubts: [] });
});

test('a hook decides under FAIL and under OVERWRITE, and not under LOG with NOTIFY or DISABLE, old spelling too', () => {
  for (const policy of ['NOTIFY', 'DISABLE', 'DISABLED']) {
    assert.deepEqual(readConfig(`{"call":${entry('LOG', policy)}}`), { deciding: [], doubts: [] });
    assert.deepEqual(readConfig(`{"call":${entry('FAIL', policy)}}`), { deciding: ['call'], doubts: [] });
  }
  for (const onError of ['LOG', 'FAIL']) {
    assert.deepEqual(readConfig(`{"call":${entry(onError, 'OVERWRITE')}}`), { deciding: ['call'], doubts: [] });
  }
});

test('the sample of the documentation is understood', () => {
  const sample = compact('restClientConfig.StreamKeepAliveEvent.json');
  assert.deepEqual(read(sample), { deciding: ['StreamKeepAliveEvent'], doubts: [] });
});

test('all hooks of the catalogue are read, in one order', () => {
  const names = CATALOGUE.map(({ name }) => name);
  const config = (all: readonly string[]) => `{${all.map(name => `"${name}":${entry('FAIL', 'NOTIFY')}`)}}`;
  assert.deepEqual(readConfig(config(names)).deciding, names.toSorted());
  assert.deepEqual(readConfig(config(names.toReversed())), readConfig(config(names)));
});

test('names that nobody knows are left out, __proto__ among them', () => {
  const names = ['__proto__', 'constructor', 'toString', 'unheardOf', 'x'.repeat(10_000), 'Call', 'call '];
  const config = `{${[...names, 'call'].map(name => `"${name}":${entry('FAIL', 'NOTIFY')}`)}}`;
  assert.deepEqual(readConfig(config), { deciding: ['call'], doubts: [] });
  assert.deepEqual(readConfig('{"call":{"__proto__":{"restOnError":"FAIL"}}}'), { deciding: [], doubts: [] });
});

test('escaped names and values are the same names and values', () => {
  const text = '{"\\u0072estClientConfig":{"c\\u0061ll":{"restOn\\u0045rror":"F\\u0041IL"}}}';
  assert.deepEqual(read(text), { deciding: ['call'], doubts: [] });
});

test('of keys that come twice, each counts', () => {
  const fail = entry('FAIL', 'NOTIFY');
  const log = entry('LOG', 'NOTIFY');
  for (const [one, two] of [
    [fail, log],
    [log, fail],
  ]) {
    assert.deepEqual(readConfig(`{"call":${one},"call":${two}}`).deciding, ['call']);
    assert.deepEqual(read(`{"restClientConfig":{"call":${one}},"restClientConfig":{"call":${two}}}`).deciding, [
      'call',
    ]);
  }
  assert.deepEqual(readConfig('{"call":{"restOnError":"FAIL","restOnError":"LOG"}}').deciding, ['call']);
  assert.deepEqual(read(`{"restClientConfig":{"call":${fail}},"restClientConfig":null}`).deciding, ['call']);
  assert.deepEqual(read(`{"restClientConfig":{"call":${fail}},"restClientConfig":{"hold":${fail}}}`).deciding, [
    'call',
    'hold',
  ]);
});

test('what is not understood of a hook may decide, and is told', () => {
  for (const value of ['"fail"', '"Fail"', '"FAIL "', '5', 'true', '[]', '{}', '""', `"${'x'.repeat(1000)}"`]) {
    for (const key of ['restOnError', 'restPolicy']) {
      const { deciding, doubts } = readConfig(`{"call":{"${key}":${value}}}`);
      assert.deepEqual(deciding, ['call'], value);
      assert.equal(doubts.length, 1);
      assert.match(doubts[0] ?? '', new RegExp(`^restClientConfig\\.call\\.${key} is none of `));
    }
  }
  for (const value of ['[]', '"FAIL"', '5', 'false']) {
    assert.deepEqual(readConfig(`{"call":${value}}`), {
      deciding: ['call'],
      doubts: ['restClientConfig.call is no object'],
    });
  }
  const others = '{"restOnErrors":"x","clientExclude":5,"restOverwrite":{},"resterror":"FAIL"}';
  assert.deepEqual(readConfig(`{"call":${others}}`), { deciding: [], doubts: [] });
});

test('of a configuration that is none, nothing is known', () => {
  for (const config of ['[]', '"x"', '5', 'true', '[{"call":{"restOnError":"FAIL"}}]']) {
    assert.deepEqual(readConfig(config), { deciding: undefined, doubts: ['restClientConfig is no object'] }, config);
  }
});

test('of an answer that is no JSON object, nothing is known', () => {
  const config = '{"restClientConfig":{"call":{"restOnError":"FAIL"}}}';
  const answers = ['', '[]', 'null', '"{}"', '{', '<html>', `${config}x`, `[${config}]`].map(text => Buffer.from(text));
  answers.push(Buffer.from(config, 'utf16le'), Buffer.from('1f8b0800', 'hex'));
  for (const answer of answers) {
    assert.deepEqual(readRules(answer), { deciding: undefined, doubts: ['the answer is no JSON object'] });
  }
});

test('more than 200 hooks are no configuration, wherever they stand', () => {
  const hooks = (from: number, to: number) =>
    `{${Array.from({ length: to - from }, (_, i) => `"hook${from + i}":${entry('FAIL', 'NOTIFY')}`)}}`;
  assert.deepEqual(readConfig(hooks(0, 200)), { deciding: [], doubts: [] });
  assert.deepEqual(readConfig(hooks(0, 201)), { deciding: undefined, doubts: ['restClientConfig is 201 hooks'] });
  const twice = read(`{"restClientConfig":${hooks(0, 150)},"restClientConfig":${hooks(150, 250)}}`);
  assert.equal(twice.deciding, undefined);
});

test('a megabyte of it is bounded in what is told and kept', () => {
  const many = `{${Array.from({ length: 30_000 }, (_, i) => `"restClientConfig":${i % 2 ? 5 : '{"call":7}'}`)}}`;
  const long = `{"restClientConfig":{"call":{"restOnError":"${'x'.repeat(1 << 20)}"}}}`;
  const wide = `{"restClientConfig":{${Array.from({ length: 60_000 }, (_, i) => `"h${i}":{"a":1}`)}}}`;
  const deep = `{"restClientConfig":{"call":${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}}}`;
  for (const text of [many, long, wide, deep]) {
    const { deciding, doubts } = read(text);
    assert.ok(deciding === undefined || deciding.length === 1);
    assert.ok(doubts.length > 0 && doubts.length <= 3, `${doubts.length} doubts`);
    assert.ok(doubts.every(doubt => doubt.length < 200));
  }
});

/** The obvious way to read it, of JSON that somebody else has found good. */
const plainly = (text: string): string[] => {
  const config = Object.entries(JSON.parse(text).restClientConfig ?? {});
  return config.flatMap(([name, entry]) => {
    const { restOnError, restPolicy } = (entry ?? {}) as Record<string, unknown>;
    return restOnError === 'FAIL' || restPolicy === 'OVERWRITE' ? [name] : [];
  });
};

const escaped = (text: string): string => text.replace(/[A-Z]/g, c => `\\u00${c.charCodeAt(0).toString(16)}`);
const spelt = fc.tuple(fc.constantFrom('restOnError', 'restPolicy', '__proto__', 'x'), fc.boolean());
const word = fc.constantFrom(
  '"FAIL"',
  '"LOG"',
  '"OVERWRITE"',
  '"NOTIFY"',
  '"DISABLED"',
  'null',
  '5',
  '{}',
  '"F\\u0041IL"',
);
const key = ([name, isEscaped]: [string, boolean]): string => `"${isEscaped ? escaped(name) : name}"`;
const members = (name: fc.Arbitrary<[string, boolean]>, value: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(name, value)).map(all => `{${all.map(([n, v]) => `${key(n)}:${v}`)}}`);
const anyEntry = fc.oneof({ weight: 8, arbitrary: members(spelt, word) }, fc.constantFrom('null', '[]', '7', '"FAIL"'));
const hookNames = fc.tuple(
  fc.constantFrom('call', 'publishStream', 'OnCallEvent', '__proto__', 'unheardOf'),
  fc.boolean(),
);
const anyConfig = fc.oneof(
  { weight: 8, arbitrary: members(hookNames, anyEntry) },
  fc.constantFrom('null', '[]', '0', '""'),
);
const answerKeys = fc.tuple(fc.constantFrom('restClientConfig', 'appKey'), fc.boolean());
const anyAnswer = members(answerKeys, anyConfig);
const isKnown = (name: string): boolean => CATALOGUE.some(hook => hook.name === name);

test('no hook that JSON.parse finds deciding is missed', () => {
  fc.assert(
    fc.property(anyAnswer, text => {
      const { deciding } = read(text);
      if (!deciding) return;
      for (const name of plainly(text).filter(isKnown)) assert.ok(deciding.includes(name), `${name} of ${text}`);
    }),
    { numRuns: 5000 },
  );
});

test('whatever bytes come, nothing is thrown, and what is no JSON object leaves nothing known', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const broken = fc.tuple(anyAnswer, fc.nat(), fc.nat({ max: 255 })).map(([text, at, byte]) => {
    const buffer = Buffer.from(text);
    buffer[at % buffer.length] = byte;
    return buffer;
  });
  fc.assert(
    fc.property(fc.oneof(bytes, broken), some => {
      const answer = Buffer.from(some);
      const { deciding, doubts } = readRules(answer);
      if (deciding === undefined) return assert.ok(doubts.length > 0);
      assert.doesNotThrow(() => JSON.parse(answer.toString('utf8')), answer.toString());
    }),
    { numRuns: 3000 },
  );
});
