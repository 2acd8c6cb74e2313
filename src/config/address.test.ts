import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, isLoopback } from '../core/host-port.ts';
import { address, isCollector, normaliseUpstream, reaches, upstreamAddress, upstreamFault } from './address.ts';
import { shown } from './shown.ts';

const at = (text: string) => address().parse(text);

test('host and port are read, IPv6 in brackets, and written back the same', () => {
  assert.deepEqual(at('127.0.0.1:8090'), { host: '127.0.0.1', port: 8090 });
  assert.deepEqual(at('[::1]:0'), { host: '::1', port: 0 });
  for (const text of ['127.0.0.1:8090', '[::1]:8090', 'localhost:1']) assert.equal(formatAddress(at(text)), text);
});

test('what is no address is refused', () => {
  for (const text of ['8090', ':8090', '127.0.0.1', '::1:8090', 'a b:1', '127.0.0.1:65536', 'http://a:1', '']) {
    assert.equal(address().safeParse(text).success, false, text);
  }
});

test('a target reaches a listener at the same port by any name of this machine', () => {
  const cases: readonly [string, string, boolean][] = [
    ['127.0.0.1:1', '127.0.0.1:1', true],
    ['localhost:1', '127.0.0.1:1', true],
    ['0.0.0.0:1', '127.0.0.1:1', true],
    ['[::1]:1', 'localhost:1', true],
    ['[::1]:1', '0.0.0.0:1', true],
    ['127.0.0.1:1', '[::]:1', true],
    ['10.0.0.7:1', '0.0.0.0:1', true],
    ['10.0.0.8:1', '0.0.0.0:1', false],
    ['127.0.0.1:2', '127.0.0.1:1', false],
    ['[::1]:1', '127.0.0.1:1', false],
    ['127.0.0.2:1', '127.0.0.1:1', false],
    ['10.0.0.7:1', '127.0.0.1:1', false],
    ['127.0.0.1:0', '127.0.0.1:0', false],
  ];
  for (const [target, listen, expected] of cases) {
    assert.equal(reaches(at(target), at(listen), ['10.0.0.7']), expected, `${target} to ${listen}`);
  }
});

test('loopback is 127.*, ::1 and localhost', () => {
  const hosts = ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1'];
  assert.deepEqual(hosts.map(isLoopback), [true, true, true, true, false, false, false]);
});

test('an upstream is an http or https URL without user, query and fragment', () => {
  assert.equal(upstreamFault('http://127.0.0.1:8081/apps'), undefined);
  assert.equal(upstreamFault('HTTPS://host'), undefined);
  for (const text of [
    'host:80',
    'ftp://h/',
    'http:/h',
    'http://',
    'http://u@h',
    'http://u:p@h',
    'http://h/?',
    'http://h#',
  ]) {
    assert.notEqual(upstreamFault(text), undefined, text);
  }
});

test('the fault of a URL with a password does not repeat it', () => {
  assert.doesNotMatch(upstreamFault('http://me:hunter2@host/') ?? '', /hunter2/);
});

test('upstreams are written one way, and connect to the port that the scheme implies', () => {
  assert.equal(normaliseUpstream('http://Host:80/a/b//'), 'http://host/a/b');
  assert.deepEqual(upstreamAddress('https://host/x'), { host: 'host', port: 443 });
  assert.deepEqual(upstreamAddress('http://[::1]/x'), { host: '::1', port: 80 });
  assert.deepEqual(upstreamAddress('http://[::ffff:127.0.0.1]:8090/x'), { host: '127.0.0.1', port: 8090 });
  assert.deepEqual(upstreamAddress('http://localhost.:8090/x'), { host: 'localhost', port: 8090 });
});

test('a collector is a plain URL: what else it may hold would be shown', () => {
  assert.equal(isCollector('https://otlp.example.com/v1/traces'), true);
  for (const text of ['?api_key=x', '#x'])
    assert.equal(isCollector(`https://otlp.example.com/v1/traces${text}`), false);
  assert.equal(isCollector('https://me:x@otlp.example.com/v1/traces'), false);
  assert.doesNotMatch(shown('https://me:canary@otlp.example.com/v1/traces?api_key=canary'), /canary/);
});
