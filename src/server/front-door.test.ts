import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../core/errors.ts';
import { frontDoor } from './front-door.ts';

const FIELDS = ['Host', 'wcs:8090', 'Content-Type', 'application/json', 'Content-Length', '2'];

const ask = (url: string, more: readonly string[] = [], httpVersion = '1.1') =>
  frontDoor({ method: 'POST', url, httpVersion, rawHeaders: [...FIELDS, ...more] }, 1000, path => path);

const refused = (...what: Parameters<typeof ask>): string => {
  try {
    return `let in: ${ask(...what).match}`;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

test('a plain request is let in, and so is the absolute form with the same host', () => {
  assert.equal(ask('/apps/EchoApp/connect').match, '/apps/EchoApp/connect');
  assert.equal(ask('http://wcs:8090/apps/EchoApp/connect?a=%20b').match, '/apps/EchoApp/connect');
  assert.equal(ask('/a/b', [], '1.0').match, '/a/b');
});

for (const [what, request] of Object.entries({
  'another version of HTTP': ['/a/b', [], '2.0'],
  'a target for another host': ['http://evil/a/b'],
  'a user in the target': ['http://u:p@wcs:8090/a/b'],
  'a zero byte in the target': ['/a/b%00'],
  'a broken escape in the target': ['/a/b%zz'],
  'a broken escape in the query': ['/a/b?c=%2'],
  'two content types': ['/a/b', ['Content-Type', 'text/plain']],
  'two content encodings': ['/a/b', ['Content-Encoding', 'gzip', 'Content-Encoding', 'identity']],
  'two authorizations': ['/a/b', ['Authorization', 'WCS 1', 'Authorization', 'Basic 2']],
} satisfies Record<string, Parameters<typeof ask>>)) {
  test(`${what} is refused`, () => assert.equal(refused(...(request as Parameters<typeof ask>)), 'bad_request'));
}

test('of several traces the first sound one goes on, and no route of another proxy does', () => {
  const trace = (end: string) => `00-${'1'.repeat(32)}-${'2'.repeat(16)}-${end}`;
  const more = [
    'traceparent',
    'none',
    'traceparent',
    trace('00'),
    'traceparent',
    trace('01'),
    'Forwarded',
    'for=1.2.3.4',
  ];
  assert.deepEqual(ask('/a/b', more).head.block.match(/^(?:traceparent|forwarded).*$/gim), [
    `traceparent: ${trace('00')}`,
  ]);
});
