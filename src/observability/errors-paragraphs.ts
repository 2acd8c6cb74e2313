import type { Code } from '../core/errors.ts';

/** What an operator wants to know of a code. Each part is one or more sentences. */
interface Paragraph {
  readonly happened: string;
  readonly got: string;
  readonly remedy: string;
}

const ERROR_JSON = 'the status above with the code as JSON; no back-end saw the request.';
const LADDER =
  "the next rung of the hook's ladder, which is 503 for `unavailable`; the status above only if no rung could answer.";

/** Written by hand, one for each code: the compiler refuses a code without one and one without a code. */
export const PARAGRAPHS: Readonly<Record<Code, Paragraph>> = {
  bad_request: {
    happened:
      'The request breaks the rules of HTTP, or leaves open how it is to be read: two Host fields, both Content-Length and Transfer-Encoding, a transfer coding other than chunked, a fragment in the target. Of what passes through also: its path leads out of that of the upstream, or is a POST that a server could take for a hook.',
    got: `${ERROR_JSON} The connection is closed where it is not sure where the next request begins.`,
    remedy:
      'WCS itself never sends this. Look at what stands between WCS and the gateway, or at who else can reach the `listen` address; the log line names the peer and the rule.',
  },
  not_json: {
    happened:
      "The hook's body is not a JSON object, and a rung had to read it: to echo it, to rebase a last good answer on it, or to find its key. A body that only passes through is never parsed.",
    got: 'status 400 with the code as JSON. The back-end may have been asked before, and did not answer in time.',
    remedy: 'Find the sender: WCS always sends an object. `log.body: redacted` shows the bodies of calls.',
  },
  not_found: {
    happened:
      'The path belongs to none of the configured apps, or names no hook behind the path of the app: none at all, one with a slash behind it, or two slashes before it. Paths are compared byte for byte, upper and lower case.',
    got: ERROR_JSON,
    remedy:
      'Compare the REST URL of the application in WCS with `apps[].path`: WCS calls `<listen><path>/<hook>`. `breakwater check` prints the paths in force.',
  },
  bad_signature: {
    happened:
      '`wcs.secret` is set, and the request carries no `Authorization: WCS …` whose hash is that of its body under one of the secrets.',
    got: ERROR_JSON,
    remedy:
      'If it comes from WCS, compare `rest_hook_secret_key` in its `flashphoner.properties` with `wcs.secret`, and see that `rest_hook_send_hash` is true there. If something between the two changes bodies, take it out. Else somebody else reaches the `listen` address: the log line names the peer.',
  },
  bad_credentials: {
    happened:
      'The app has a `restUsername`, and the request carries neither it and its `restPassword` as Basic credentials, nor, where `wcs.secret` is set, a valid hash.',
    got: `${ERROR_JSON} The WWW-Authenticate header asks for Basic credentials.`,
    remedy:
      'Compare with the credentials of the application in WCS (`update app -u … -p …`). A first request without any, followed by one with them, is the way of some clients and no fault.',
  },
  not_allowed: {
    happened: '`wcs.addresses` is set, and the peer is none of them.',
    got: ERROR_JSON,
    remedy: 'If the peer in the log line is a WCS, add its address. If not, close the port to it.',
  },
  method_not_allowed: {
    happened:
      'The request is not a POST, and hooks always are; or it is a TRACE or CONNECT, which nothing passes through with. Without `passthrough` there is nothing but hooks.',
    got: `${ERROR_JSON} The Allow header names POST, or where other things pass through all that does.`,
    remedy:
      'If it is a page or a REST call of the back-end, write [`passthrough`](pass-through.md). Point health checks and browsers at the admin listener (`/healthz`, `/readyz`), which is made for them.',
  },
  request_timeout: {
    happened:
      'The sender did not finish its headers within `limits.headersWithin`, or its body within the limit of the hook, or the body came slower than `limits.bodyRate`. So the gateway gave up on the connection.',
    got: `${ERROR_JSON} The connection is closed.`,
    remedy:
      'A few of these are scanners or dying connections. Many from the address of WCS point at packet loss between WCS and the gateway.',
  },
  length_required: {
    happened: 'The request says neither with Content-Length nor with chunks how long its body is.',
    got: ERROR_JSON,
    remedy: 'Send a Content-Length. WCS does; look at any other client or proxy on the way.',
  },
  too_large: {
    happened: 'The body is larger than `limits.body`, by its Content-Length or by what arrived in chunks.',
    got: `${ERROR_JSON} The connection is closed, so that the rest need not be read.`,
    remedy: 'Raise `limits.body` if hooks of this size are meant; they are 300 to 2000 bytes as a rule.',
  },
  target_too_long: {
    happened: 'The request target is longer than any hook needs.',
    got: ERROR_JSON,
    remedy: 'Hooks carry their data in the body. Look at who sends it; the log line names the peer.',
  },
  unsupported_type: {
    happened: 'The Content-Type is not JSON, or the body is compressed (Content-Encoding).',
    got: ERROR_JSON,
    remedy: 'Send `Content-Type: application/json` without compression, as WCS does.',
  },
  expectation_failed: {
    happened: 'The request has an Expect header that asks for something else than `100-continue`.',
    got: ERROR_JSON,
    remedy: 'Remove the header from the client or proxy that adds it; `Expect: 100-continue` is understood.',
  },
  headers_too_large: {
    happened: 'The headers are larger than `limits.headers`, or there are more fields than any hook has.',
    got: `${ERROR_JSON} The connection is closed.`,
    remedy: 'Find out which header grows (cookies and tracing baggage are the usual ones) or raise `limits.headers`.',
  },
  proxy_header: {
    happened:
      '`proxyProtocol` is on, and a connection did not begin with a whole PROXY header of version 1 or 2 within 5 s, or came from an address that is not among `trustedProxies`.',
    got: 'nothing: the connection was closed, since what would be sent may be no protocol that the other side speaks.',
    remedy:
      'The log line names the peer and what was wrong. Switch the header on in the proxy (nginx: `proxy_protocol on`, HAProxy: `send-proxy-v2`), or `proxyProtocol` off here. Who comes past the proxy is turned away so as well.',
  },
  tls_handshake: {
    happened:
      '`tls` is on, and the handshake of a connection came to nothing: it took more than 10 s, the client does not trust the certificate, has none of its own where `clientCa` wants one, or speaks something else.',
    got: 'nothing: the connection was closed.',
    remedy:
      'The log line names the peer and the reason. For a WCS that does not trust the certificate, bring the authority into the trust store of its Java; a few from elsewhere are scanners.',
  },
  connections: {
    happened:
      'There are as many connections as `limits.connections` allows, or as many of one address as `limits.perAddress`, or the process ran out of descriptors.',
    got: 'status 503 on the new connection, which is then closed; where the listener speaks TLS it is closed before the handshake. Calls on the others went on.',
    remedy:
      'See who holds them (`ss -tn`). WCS keeps a pool of modest size; raise `limits.connections` and the limit of open files together if the number is genuine.',
  },
  unread: {
    happened:
      'A client had an answer waiting for it and took nothing of it for half a minute, so its connection was cut. The call itself had ended.',
    got: 'what it had read until then.',
    remedy:
      'A few are clients that died without a word. Many from one address are slow reading on purpose: set `limits.perAddress`, or close the port to it.',
  },
  limit: {
    happened:
      "The hook's `limit` ran out, counted from the first byte of the request. All that was tried by then, queueing and repeats included, had not brought an answer.",
    got: LADDER,
    remedy:
      'Look at `breakwater_upstream_duration_seconds` of this hook: if good answers take that long, raise `limit` (below `wcs.requestTimeout`); if not, the back-end stalls.',
  },
  timeout: {
    happened:
      'One attempt took longer than `attemptLimit`, so it was cut. Of what passes through: no answer began within `passthrough.firstByte`, or one fell silent for `passthrough.idle`.',
    got: `another attempt's answer if the hook is idempotent and there was time; else ${LADDER}`,
    remedy:
      'As for `limit`. A short `attemptLimit` helps only where a second attempt is allowed (`idempotent`) and likely to be faster.',
  },
  connect: {
    happened:
      'No TCP or TLS connection came about within `connectLimit`: the host is down, a firewall drops packets, or its queue of connections is full.',
    got: `the answer of another upstream or of a second try, since nothing was sent yet; else ${LADDER}`,
    remedy:
      'Try the address of the upstream from the machine of the gateway (`curl -v`). If connecting is slow by nature, for TLS over a long way, raise `connectLimit`.',
  },
  refused: {
    happened:
      'The upstream could not be reached at all: its port is closed, its name does not resolve, there is no way to its host, or TLS does not trust it. The line of the call says which, in `attempts[].why`: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED.',
    got: `the answer of another upstream if there is one, since nothing was sent; else ${LADDER}`,
    remedy: 'Start the back-end, or correct `upstreams`. Several upstreams turn this into a non-event.',
  },
  reset: {
    happened:
      'The connection ended after the request had gone out and before a whole answer was there: a crash, a restart, or an answer cut short.',
    got: `a second attempt's answer if the hook is idempotent; else ${LADDER}`,
    remedy:
      "Look at the back-end's log at this moment: it is likely to have been restarted or to have run out of memory.",
  },
  stale: {
    happened:
      'A kept connection was closed by the back-end within 100 ms after the call was written to it, without a byte of an answer. That is the way of HTTP keep-alive, not a failure of the back-end.',
    got: `the answer of an attempt on a fresh connection where that is allowed; else ${LADDER}`,
    remedy:
      "Nothing if it is rare. If not, raise the back-end's keep-alive timeout, so that it outlives the pauses between hooks.",
  },
  status: {
    happened:
      'The back-end answered with a status that says neither yes nor no: a 5xx, a redirect, or a success without the JSON that WCS wants (201, 204).',
    got: `${LADDER} A ladder that comes to nothing, as none does that ends in \`unavailable\` or \`echo\`, passes on what the back-end really sent.`,
    remedy:
      "Look at the back-end's log; the call id in `Breakwater-Call-Id` is the same on both sides. 403, 404 and other 4xx are verdicts and are never counted here.",
  },
  body: {
    happened:
      'The back-end answered 200 with a body that is not JSON: an error page with a friendly status, a login form, an empty answer.',
    got: `${LADDER} A ladder that comes to nothing, as none does that ends in \`unavailable\` or \`echo\`, passes on what the back-end really sent.`,
    remedy:
      'Ask the upstream yourself with the body of a hook. A proxy in between that shows its own pages is the usual cause.',
  },
  breaker: {
    happened:
      'No upstream of this app may be asked: their breakers are open because they failed or were slow too often, or they are just coming back and get only a share of the calls. No attempt was made.',
    got: `at once, ${LADDER}`,
    remedy:
      '`/status` says until when and `breakwater_upstream_attempts_total` why. The breaker closes by itself; it needs no help once the back-end is well.',
  },
  overload: {
    happened:
      'The upstream has as many calls in flight as may be (`concurrency.max`, or what was learned where that is `auto`) and `concurrency.queue` more that wait, so there was no room; or the call had waited, and one of higher [priority](overload.md) came, or it could not make it within its limit any more. Of what passes through also: it waited for room for `passthrough.firstByte`, or there are `passthrough.upgrades` upgraded connections.',
    got: LADDER,
    remedy:
      'A stalled back-end fills the house first: see whether it is slow. If it is not, raise `concurrency.max` to what it can bear, write `concurrency: auto`, or add an upstream.',
  },
  rate: {
    happened:
      'The client, an address or a node of WCS, has sent more calls than `limits.rate` allows: its burst is used up, and they come faster than `calls` a second. No attempt was made.',
    got: `at once, ${LADDER} What is passed through gets the status, with Retry-After.`,
    remedy:
      'A log line names one of these clients (`peer`), once a minute. If it is a WCS at work, raise `calls`, or `burst` where calls come in heaps: many clients that connect at the same moment. If it is not, leave it so.',
  },
  queued: {
    happened:
      'Earlier notifications of this session are stored and not with the back-end yet, so this one was stored behind them.',
    got: '200 with the source `stored`; an error only if it could not be stored.',
    remedy: 'Nothing. `breakwater_events_pending` shows how many wait, and `/status` how long that takes.',
  },
  journal: {
    happened:
      'A notification could not be stored: the journal is full, its disk is full or fails, or it was not there within the limit.',
    got: 'the next rung, which is 503 with `auto`: WCS is told the truth. It may have been stored all the same, and is delivered then.',
    remedy:
      'The log says what SQLite or Redis said. Make room, raise `events.maxBytes`, or drop dead letters with `breakwater events drop`.',
  },
  provisional: {
    happened:
      'The hook belongs to a session that was let in while the back-end could not be asked (`provisional`), or to one that is not known, in an app that lets sessions in so. Nothing of it is allowed until the back-end has admitted it.',
    got: 'this status, or 403 once the back-end has refused the session; no back-end saw the request. A hook whose answer does not count by the true rules of the session gets 200.',
    remedy:
      '`breakwater_provisional_sessions` shows how many wait; each is put to the back-end as soon as that answers. Sessions that nothing is known of are those that the gateway has not seen connect: from before it was put in place, or before a restart without `cache.redis`. Those that waited at a restart must connect anew.',
  },
  cancelled: {
    happened: 'An attempt was cut because another one had already answered the call: the loser of a hedge.',
    got: "the winner's answer; this code never reaches WCS.",
    remedy: 'Nothing. It is counted so that the cost of hedging can be seen.',
  },
  gone: {
    happened: 'WCS closed the connection, or its own half of it, before its answer was there.',
    got: 'nothing; there was nobody left to answer. The attempt was aborted, unless its answer was worth keeping.',
    remedy:
      'If it happens at the same time after each request, the timeout of WCS (`rest_request_timeout`) is shorter than `limit`: tell the gateway with `wcs.requestTimeout`.',
  },
  closing: {
    happened: 'The gateway was told to stop, and the time of `drain` ran out before this call had an answer.',
    got: LADDER,
    remedy: 'Make `drain` longer than the longest `limit`, and the grace of the supervisor longer than `drain`.',
  },
  internal: {
    happened: 'A defect of the gateway itself. The log has an error line with the stack.',
    got: LADDER,
    remedy: 'Report it with that line. The call was answered all the same, as long as any rung could.',
  },
};
