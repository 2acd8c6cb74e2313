import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { compact, requests } from '../../test/samples.ts';
import { findHook, type Hook } from './catalogue.ts';
import { bodyKey } from './key.ts';

/** JSON as it is spelt: names and scalars are text, so that each can be spelt otherwise and names can come twice. */
type Spelt = string | { readonly list: Spelt[] } | { readonly members: [name: string, value: Spelt][] };

const spell = (value: unknown): Spelt => {
  if (Array.isArray(value)) return { list: value.map(spell) };
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return { members: Object.entries(value).map(([name, member]) => [JSON.stringify(name), spell(member)]) };
};

const print = (spelt: Spelt): string => {
  if (typeof spelt === 'string') return spelt;
  if ('list' in spelt) return `[${spelt.list.map(print)}]`;
  return `{${spelt.members.map(([name, value]) => `${name}:${print(value)}`)}}`;
};

/** What a back-end makes of it: of names that come twice, some readers take the first and some the last. */
const understand = (spelt: Spelt, takes: 'first' | 'last'): unknown => {
  if (typeof spelt === 'string') return JSON.parse(spelt);
  if ('list' in spelt) return spelt.list.map(item => understand(item, takes));
  const read = new Map<string, unknown>();
  for (const [name, value] of takes === 'last' ? spelt.members : spelt.members.toReversed()) {
    read.set(JSON.parse(name), understand(value, takes));
  }
  return Object.fromEntries([...read].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const addressOf = (sessionId: unknown): string => {
  const [, peer = ''] = /^\/([^/:]*)/.exec(typeof sessionId === 'string' ? sessionId : '') ?? [];
  return isIPv4(peer) ? peer : '';
};

/** All by which a back-end may judge. */
const identity = (hook: Hook, body: Spelt): string => {
  const readings = (['first', 'last'] as const).map(takes => understand(body, takes) as Record<string, unknown>);
  return JSON.stringify(
    readings.map(reading => {
      const steady = Object.entries(reading).filter(([name]) => !hook.volatile.includes(name));
      return [steady, hook.volatile.includes('sessionId') ? addressOf(reading.sessionId) : ''];
    }),
  );
};

const objectsIn = (spelt: Spelt): [string, Spelt][][] => {
  if (typeof spelt === 'string') return [];
  if ('list' in spelt) return spelt.list.flatMap(objectsIn);
  return [spelt.members, ...spelt.members.flatMap(([, value]) => objectsIn(value))];
};

const escaped = (text: string, at: number): string => {
  const inside = text.slice(1, -1);
  if (!text.startsWith('"') || inside === '' || inside.includes('\\')) return text;
  const place = at % inside.length;
  const code = inside.charCodeAt(place).toString(16).padStart(4, '0');
  return `"${inside.slice(0, place)}\\u${code}${inside.slice(place + 1)}"`;
};

type Mutate = (members: [string, Spelt][], at: number, other: number, value: Spelt) => void;
const MUTATIONS: Readonly<Record<string, Mutate>> = {
  change: (members, at, _, value) => void members.splice(at, 1, [members[at]?.[0] ?? '"x"', value]),
  delete: (members, at) => void members.splice(at, 1),
  duplicate: (members, at, other, value) => {
    const [name] = members[at] ?? ['"x"'];
    members.splice(other % (members.length + 1), 0, [name, value]);
  },
  move: (members, at, other) => {
    const [member] = members.splice(at, 1);
    if (member) members.splice(other % (members.length + 1), 0, member);
  },
  swap: (members, at, other) => {
    const [a, b] = [members[at], members[other % Math.max(1, members.length)]];
    if (a && b) [a[1], b[1]] = [b[1], a[1]];
  },
  'escape name': (members, at, other) => {
    const member = members[at];
    if (member) member[0] = escaped(member[0], other);
  },
  'escape value': (members, at, other) => {
    const member = members[at];
    if (member && typeof member[1] === 'string') member[1] = escaped(member[1], other);
  },
  rename: (members, at, other) => {
    const [member, name] = [members[at], members[other % Math.max(1, members.length)]?.[0]];
    if (member && name) member[0] = name;
  },
  add: (members, _, other, value) => {
    const names = ['"__proto__"', '"sessionId"', '"nodeId"', '"custom"', '"login"', '""', '"sdp"'];
    members.push([names[other % names.length] ?? '""', value]);
  },
};

const SCALARS = [
  'null',
  '0',
  '-0',
  '1.0',
  '""',
  '"a"',
  'true',
  '"/10.1.2.3:5000/x"',
  '"/10.1.2.4/x"',
  '12345678901234567890',
];
const anyValue: fc.Arbitrary<Spelt> = fc.oneof(fc.constantFrom(...SCALARS), fc.jsonValue({ maxDepth: 2 }).map(spell));
const anyMutation = fc.tuple(fc.constantFrom(...Object.values(MUTATIONS)), fc.nat(), fc.nat(), fc.nat(), anyValue);
const keyed = requests().filter(({ hook }) => findHook(hook).keyed);

for (const { file, hook: name } of keyed) {
  test(`no two callers share a key, however ${file} is changed`, () => {
    const hook = findHook(name);
    const sample: unknown = JSON.parse(compact(file).toString());
    const mutate = (mutations: readonly [Mutate, number, number, number, Spelt][]): Spelt => {
      const body = spell(sample);
      for (const [change, which, at, other, value] of mutations) {
        const objects = objectsIn(body);
        const members = objects[which % objects.length] ?? [];
        change(members, at % Math.max(1, members.length), other, structuredClone(value));
      }
      return body;
    };
    const some = fc.array(anyMutation, { maxLength: 3 });
    fc.assert(
      fc.property(some, some, (one, more) => {
        const [a, b] = [mutate(one), mutate([...one, ...more])];
        const keys = [a, b].map(body => bodyKey(hook, Buffer.from(print(body)), ''));
        assert.ok(keys[0] !== undefined && keys[1] !== undefined);
        if (identity(hook, a) !== identity(hook, b)) assert.notEqual(keys[0], keys[1]);
        if (print(a) === print(b)) assert.equal(keys[0], keys[1]);
      }),
      { numRuns: 500 },
    );
  });
}
