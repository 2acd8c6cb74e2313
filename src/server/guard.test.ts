import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { readConfig } from '../../test/start.ts';
import { GatewayError } from '../core/errors.ts';
import { createGuard, type Guard } from './guard.ts';

const BODY = Buffer.from('{"appKey":"defaultApp"}');

const guardOf = (wcs: object, { open = {}, closed = {} }: { open?: object; closed?: object } = {}): Guard => {
  const upstreams = ['http://127.0.0.1:9'];
  const apps = [
    { name: 'open', path: '/open', upstreams, ...open },
    { name: 'closed', path: '/closed', upstreams, ...closed },
  ];
  return createGuard(readConfig({ wcs, apps }));
};

const CREDENTIALS = { restUsername: 'wcs', restPassword: 'p:ä' };
const BASIC = `Basic ${Buffer.from('wcs:p:ä').toString('base64')}`;
const sign = (secret: string, body = BODY): string => `WCS ${createHmac('md5', secret).update(body).digest('hex')}`;

/** The code of what `work` throws, or `in`. */
const codeOf = (work: () => void): string => {
  try {
    work();
    return 'in';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.code;
  }
};

/** What becomes of the head, and of the body if the head is let in. */
const fate = (guard: Guard, app: string, authorization: string, body = BODY): string => {
  const head = codeOf(() => guard.checkHead(app, authorization));
  const whole = codeOf(() => guard.checkBody(app, authorization, body));
  if (head !== 'in') assert.equal(whole, head, 'what the head forbids, no body allows');
  return head === 'in' && whole !== 'in' ? `${whole} by the body` : head;
};

test('without a secret, credentials and addresses everybody is let in, and the guard says so', () => {
  const guard = guardOf({});
  assert.equal(guard.isOn, false);
  guard.checkPeer('203.0.113.1');
  assert.equal(fate(guard, 'open', ''), 'in');
  assert.equal(fate(guard, 'open', 'Whatever x'), 'in');
});

test('each of the three switches the guard on', () => {
  assert.ok(guardOf({ secret: 's' }).isOn);
  assert.ok(guardOf({ addresses: ['10.0.0.1'] }).isOn);
  assert.ok(guardOf({}, { closed: CREDENTIALS }).isOn);
});

const PEERS: readonly (readonly [string, string, boolean])[] = [
  ['10.0.0.5', '10.0.0.5', true],
  ['10.0.0.5', '10.0.0.50', false],
  ['10.0.0.5', '::ffff:10.0.0.5', true],
  ['10.0.0.5', '::FFFF:10.0.0.5', true],
  ['10.0.0.5', '::ffff:10.0.0.6', false],
  ['10.0.0.5', '::10.0.0.5', false],
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.1.2.3/8', '10.9.9.9', true],
  ['10.0.0.0/8', '::ffff:10.1.1.1', true],
  ['192.168.1.128/25', '192.168.1.127', false],
  ['192.168.1.128/25', '192.168.1.128', true],
  ['0.0.0.0/0', '203.0.113.1', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::1', '::1', true],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['::1', '127.0.0.1', false],
  ['2001:DB8::5', '2001:db8::5', true],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['fd00::/8', 'fd12::1', true],
  ['fd00::/8', 'fe80::1', false],
  ['fe80::1', 'fe80::1%eth0', true],
  ['::ffff:10.0.0.5', '10.0.0.5', true],
  ['::ffff:10.0.0.0/104', '10.200.0.1', true],
  ['::ffff:10.0.0.0/104', '11.0.0.1', false],
  ['10.0.0.0/8', 'unknown', false],
  ['0.0.0.0/0', '', false],
];

for (const [allowed, peer, isIn] of PEERS)
  test(`where ${allowed} is allowed, '${peer}' is ${isIn ? 'let in' : 'kept out'}`, () => {
    assert.equal(
      codeOf(() => guardOf({ addresses: [allowed] }).checkPeer(peer)),
      isIn ? 'in' : 'not_allowed',
    );
  });

test('of several addresses and networks, any is enough', () => {
  const guard = guardOf({ addresses: ['10.0.0.5', 'fd00::/8', '192.168.0.0/16'] });
  for (const peer of ['10.0.0.5', 'fd00::1', '192.168.9.9']) guard.checkPeer(peer);
  assert.equal(
    codeOf(() => guard.checkPeer('10.0.0.6')),
    'not_allowed',
  );
});

test('where there is a secret, the form of the head is judged before the body, and the hash with it', () => {
  const guard = guardOf({ secret: ['old', 'new'] });
  assert.equal(fate(guard, 'open', sign('old')), 'in');
  assert.equal(fate(guard, 'open', sign('new')), 'in');
  assert.equal(fate(guard, 'open', sign('other')), 'bad_signature by the body');
  assert.equal(fate(guard, 'open', sign('new'), Buffer.from('{}')), 'bad_signature by the body');
  for (const authorization of ['', BASIC, 'WCS', 'WCS 123', `Bearer ${'0'.repeat(32)}`])
    assert.equal(fate(guard, 'open', authorization), 'bad_signature', authorization);
});

test('an app with credentials takes them alone, and leaves the others open', () => {
  const guard = guardOf({}, { closed: CREDENTIALS });
  assert.equal(fate(guard, 'open', ''), 'in');
  for (const form of [BASIC, BASIC.replace('Basic', 'basic'), BASIC.replace('Basic ', 'BASIC   ')])
    assert.equal(fate(guard, 'closed', form), 'in', form);
  const others = [
    '',
    'Basic',
    'Basic ',
    BASIC.replace('Basic ', ''),
    BASIC.replace('Basic ', 'Basic\t'),
    BASIC.replace('Basic', 'Bearer'),
    `${BASIC} `,
    `${BASIC}=`,
    BASIC.replace('Basic ', 'Basic Basic '),
    `Basic ${Buffer.from('wcs:').toString('base64')}`,
    `Basic ${Buffer.from('WCS:p:ä').toString('base64')}`,
    'Basic wcs:p:ä',
    sign('s'),
  ];
  for (const form of others) assert.equal(fate(guard, 'closed', form), 'bad_credentials', form);
});

test('each app has its own credentials', () => {
  const guard = guardOf({}, { open: { restUsername: 'wcs', restPassword: 'another' }, closed: CREDENTIALS });
  const another = `Basic ${Buffer.from('wcs:another').toString('base64')}`;
  assert.equal(fate(guard, 'open', another), 'in');
  assert.equal(fate(guard, 'closed', BASIC), 'in');
  assert.equal(fate(guard, 'open', BASIC), 'bad_credentials');
  assert.equal(fate(guard, 'closed', another), 'bad_credentials');
});

test('where an app has credentials and there is a secret too, either is enough, and the other apps need the hash', () => {
  const guard = guardOf({ secret: 's' }, { closed: CREDENTIALS });
  assert.equal(fate(guard, 'closed', BASIC), 'in');
  assert.equal(fate(guard, 'closed', sign('s')), 'in');
  assert.equal(fate(guard, 'closed', sign('other')), 'bad_signature by the body');
  assert.equal(fate(guard, 'closed', ''), 'bad_credentials');
  assert.equal(fate(guard, 'open', BASIC), 'bad_signature');
  assert.equal(fate(guard, 'open', sign('s')), 'in');
});
