import type { TLSSocket } from 'node:tls';

type Words = Readonly<Record<string, string>>;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

const UNTRUSTED =
  'the client does not trust the certificate of `tls`; give it the authority that the certificate is from';
const TOO_OLD = 'the client speaks no version of TLS from tls.minVersion on';
const WRONG_CLIENT = 'the certificate of the client does not come from tls.clientCa, or does not hold';

const HANDSHAKE: Words = {
  ERR_TLS_HANDSHAKE_TIMEOUT: 'it was not done within 10 s',
  ERR_SSL_HTTP_REQUEST: 'the client speaks plain HTTP; write https:// where it is told the address',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the client speaks no TLS',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client has no certificate, and tls.clientCa wants one',
  ERR_SSL_UNSUPPORTED_PROTOCOL: TOO_OLD,
  ERR_SSL_VERSION_TOO_LOW: TOO_OLD,
  ERR_SSL_NO_SHARED_CIPHER: 'the client offers no cipher that is safe today',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the client wants a protocol other than http/1.1',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: UNTRUSTED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: UNTRUSTED,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: UNTRUSTED,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the client says that the certificate of `tls` has expired; renew it',
};

/** Why a handshake with a client came to nothing, in an operator's words; empty where it only hung up. */
export const handshakeFault = (
  error: unknown,
  { authorizationError }: Pick<TLSSocket, 'authorizationError'>,
): string => {
  if (authorizationError) return `${WRONG_CLIENT}: ${codeOf(authorizationError)}`;
  const code = codeOf(error);
  if (code === 'ECONNRESET') return '';
  return HANDSHAKE[code] === undefined ? code : `${HANDSHAKE[code]} (${code})`;
};

const UNKNOWN_CA = 'its certificate comes from no authority that is trusted here; write the right one as tls.ca';
const NO_CLIENT = 'it wants a certificate of its clients; write tls.cert and tls.key';
const BAD_CLIENT = 'it does not accept tls.cert; write one that it trusts';

const UPSTREAM: Words = {
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it there',
  CERT_NOT_YET_VALID: 'its certificate does not hold yet; look at the clocks of both hosts',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is made out to another name; write a name that it has, in upstreams or as tls.serverName',
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NO_CLIENT,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'it refuses the handshake: it may want tls.cert and tls.key, or older ciphers',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: BAD_CLIENT,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: BAD_CLIENT,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: BAD_CLIENT,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it says that tls.cert has expired; renew it',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no TLS 1.2 or later',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no TLS 1.2 or later',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS; write http:// in upstreams',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it speaks no TLS; write http:// in upstreams',
};

/** Why TLS with an upstream came to nothing, in an operator's words; nothing if TLS was not the reason. */
export const upstreamFault = (error: NodeJS.ErrnoException): string | undefined => {
  const { code = '' } = error;
  const words = UPSTREAM[code];
  if (words !== undefined) return `${words} (${code})`;
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? `TLS failed: ${code}` : undefined;
};
