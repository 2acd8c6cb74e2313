import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CODES, GatewayError } from '../core/errors.ts';
import { cacheStatus } from './cache-status.ts';
import { proxyStatus } from './proxy-status.ts';
import { sfInteger, sfItem, sfString } from './structured.ts';

const failure = (code: (typeof CODES)[number]) => new GatewayError(code);

test('a failure has the type that RFC 9209 has for it, and its own code as details', () => {
  const status = (code: (typeof CODES)[number], facts = {}) => proxyStatus(failure(code), facts);
  assert.equal(status('limit'), 'breakwater;error=http_response_timeout;details="limit"');
  assert.equal(status('connect'), 'breakwater;error=connection_timeout;details="connect"');
  assert.equal(status('breaker'), 'breakwater;error=destination_unavailable;details="breaker"');
  assert.equal(status('overload'), 'breakwater;error=connection_limit_reached;details="overload"');
  assert.equal(status('rate'), 'breakwater;error=http_request_denied;details="rate"');
  assert.equal(status('status', { receivedStatus: 503 }), 'breakwater;received-status=503;details="status"');
  assert.equal(status('closing'), 'breakwater;details="closing"');
});

test('what the system says of a refusal makes its type', () => {
  const typeOf = (why?: string) => /error=(\w+)/.exec(proxyStatus(failure('refused'), { why }))?.[1];
  assert.equal(typeOf(), 'connection_refused');
  assert.equal(typeOf('ECONNREFUSED'), 'connection_refused');
  assert.equal(typeOf('ENOTFOUND'), 'dns_error');
  assert.equal(typeOf('EHOSTUNREACH'), 'destination_ip_unroutable');
  assert.equal(typeOf('CERT_HAS_EXPIRED'), 'tls_certificate_error');
  assert.equal(typeOf('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls_certificate_error');
  assert.equal(typeOf('EPROTO'), 'tls_protocol_error');
});

test('a kept answer is a hit where nobody was asked, else one that went on and came back stale', () => {
  assert.equal(cacheStatus(failure('breaker'), {}, undefined), 'breakwater;hit;detail=breaker');
  assert.equal(cacheStatus(failure('limit'), {}, -1500), 'breakwater;fwd=stale;ttl=-1;detail=limit');
  assert.equal(
    cacheStatus(failure('status'), { receivedStatus: 500 }, 9999),
    'breakwater;fwd=stale;fwd-status=500;ttl=9;detail=status',
  );
});

/** A list of one item with parameters, by the grammar of RFC 8941. */
const ITEM =
  /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*(?:;[a-z*][a-z0-9_.*-]*(?:=(?:-?\d{1,15}|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+.^`|~:/-]*))?)*$/;

test('every code gives fields of the right form', () => {
  for (const code of CODES) {
    assert.match(proxyStatus(failure(code), { why: 'EPIPE', receivedStatus: 599 }), ITEM);
    assert.match(cacheStatus(failure(code), {}, -1), ITEM);
  }
});

test('any text is a string of the right form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text =>
      ITEM.test(
        sfItem('a', [
          ['details', sfString(text)],
          ['hit', true],
          ['ttl', sfInteger(1.5)],
        ]),
      ),
    ),
  );
  assert.equal(sfString('a "b" \\ \n€'), '"a \\"b\\" \\\\ ??"');
});
