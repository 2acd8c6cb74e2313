import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf } from './client-address.ts';

test('a client is its IPv4 address, however the listener tells it', () => {
  assert.equal(clientOf('10.0.0.5'), '10.0.0.5');
  assert.equal(clientOf('::ffff:10.0.0.5'), '10.0.0.5');
  assert.equal(clientOf('::FFFF:10.0.0.5'), '10.0.0.5');
});

test('all addresses of a /64 are one client, and those of the next are another', () => {
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:0DB8:1:2:a:b:c:d', '2001:db8:1:2::1%eth0'];
  assert.deepEqual(new Set(same.map(clientOf)), new Set(['2001:db8:1:2::/64']));
  assert.equal(clientOf('2001:db8:1:3::1'), '2001:db8:1:3::/64');
});

test('an address that is shortened within its network is spelt out', () => {
  assert.equal(clientOf('::1'), '0:0:0:0::/64');
  assert.equal(clientOf('fe80::1'), 'fe80:0:0:0::/64');
  assert.equal(clientOf('2001:db8::1:2:3:4:5'), '2001:db8:0:1::/64');
  assert.equal(clientOf('64:ff9b::192.0.2.1'), '64:ff9b:0:0::/64');
});

test('what is no address stands for itself', () => {
  assert.equal(clientOf('unknown'), 'unknown');
});
