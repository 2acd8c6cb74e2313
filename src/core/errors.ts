import type { Answer, Outcome } from './call.ts';

/** Whose doing an error is. Only what is the upstream's counts against its breaker. */
export type Fault = 'client' | 'upstream' | 'gateway';

interface Row {
  /** HTTP status when nothing better than this error is left to answer with. */
  readonly status: number;
  readonly fault: Fault;
  /** How an attempt that ended so is counted. */
  readonly outcome?: Outcome;
  /** True if the error proves that no byte of the request reached the back-end, so a repeat is always safe. */
  readonly unsent?: true;
  readonly message: string;
}

/** Every way to fail, closed: `docs/errors.md` and a test hold it against this table. */
export const ERRORS = {
  bad_request: { status: 400, fault: 'client', message: 'the request is not valid HTTP' },
  not_json: { status: 400, fault: 'client', message: 'the body is not a JSON object' },
  not_found: { status: 404, fault: 'client', message: 'no hook at this path' },
  bad_signature: { status: 403, fault: 'client', message: 'the request does not carry the hash of wcs.secret' },
  bad_credentials: { status: 401, fault: 'client', message: 'the request does not carry the credentials of this app' },
  not_allowed: { status: 403, fault: 'client', message: 'the address is not among wcs.addresses' },
  method_not_allowed: { status: 405, fault: 'client', message: 'hooks are POST' },
  request_timeout: { status: 408, fault: 'client', message: 'the request did not arrive in time' },
  length_required: { status: 411, fault: 'client', message: 'the request has neither Content-Length nor chunks' },
  too_large: { status: 413, fault: 'client', message: 'the body is larger than limits.body' },
  target_too_long: { status: 414, fault: 'client', message: 'the request target is too long' },
  unsupported_type: { status: 415, fault: 'client', message: 'the body is not plain JSON' },
  expectation_failed: { status: 417, fault: 'client', message: 'only Expect: 100-continue is understood' },
  headers_too_large: { status: 431, fault: 'client', message: 'the headers are larger than limits.headers' },
  proxy_header: { status: 400, fault: 'client', message: 'the connection does not begin with a PROXY header' },
  tls_handshake: { status: 400, fault: 'client', message: 'the TLS handshake came to nothing' },
  connections: { status: 503, fault: 'gateway', message: 'too many connections' },
  unread: { status: 499, fault: 'client', message: 'the client does not read its answer' },

  limit: { status: 504, fault: 'upstream', outcome: 'timeout', message: 'no answer within the limit' },
  timeout: { status: 504, fault: 'upstream', outcome: 'timeout', message: 'no answer within attemptLimit' },
  connect: {
    status: 504,
    fault: 'upstream',
    outcome: 'timeout',
    unsent: true,
    message: 'no connection within connectLimit',
  },
  refused: { status: 502, fault: 'upstream', outcome: 'refused', unsent: true, message: 'the upstream refused' },
  reset: { status: 502, fault: 'upstream', outcome: 'reset', message: 'the connection broke before the answer' },
  stale: { status: 502, fault: 'gateway', outcome: 'reset', message: 'an idle connection closed as the call went out' },
  status: { status: 502, fault: 'upstream', outcome: 'status', message: 'the upstream answered neither 200 nor 4xx' },
  body: { status: 502, fault: 'upstream', outcome: 'body', message: 'the upstream answered no JSON' },

  breaker: { status: 503, fault: 'gateway', unsent: true, message: 'the breaker is open' },
  overload: { status: 503, fault: 'gateway', unsent: true, message: 'no room: concurrency.max and queue are full' },
  rate: { status: 429, fault: 'gateway', unsent: true, message: 'more calls of one client than limits.rate allows' },
  queued: {
    status: 503,
    fault: 'gateway',
    unsent: true,
    message: 'earlier events of this session are stored, and go first',
  },
  journal: { status: 503, fault: 'gateway', message: 'the event could not be stored' },
  provisional: {
    status: 503,
    fault: 'gateway',
    message: 'this session is not known here, or not admitted by the back-end yet',
  },
  cancelled: { status: 503, fault: 'gateway', outcome: 'cancelled', message: 'another attempt answered first' },
  gone: { status: 499, fault: 'client', outcome: 'cancelled', message: 'the client has gone' },
  closing: { status: 503, fault: 'gateway', outcome: 'cancelled', message: 'the gateway is stopping' },
  internal: { status: 500, fault: 'gateway', outcome: 'cancelled', message: 'a defect of the gateway' },
} as const satisfies Record<string, Row>;

export type Code = keyof typeof ERRORS;

/** All codes in the order of the table; metrics index by it. */
export const CODES = Object.keys(ERRORS) as Code[];

/** The only error that layers throw. Foreign errors become its `cause` where they enter. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: Code;
  /** What the back-end really sent, when it sent something that may not stand as an answer. */
  readonly answer: Answer | undefined;

  constructor(code: Code, message: string = ERRORS[code].message, options: { cause?: unknown; answer?: Answer } = {}) {
    const { stackTraceLimit } = Error;
    // Where a failure that is expected was noticed tells no more than its code, and finding it out costs more than all else.
    if (code !== 'internal') Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.answer = options.answer;
  }

  get row(): Row {
    return ERRORS[this.code];
  }
}

/** `error` if it is ours, else a GatewayError `internal` with it as cause. */
export const asGatewayError = (error: unknown): GatewayError =>
  error instanceof GatewayError ? error : new GatewayError('internal', undefined, { cause: error });

/** What was really asked says more than what was kept from asking, and what was sent says most. */
const weight = ({ answer, code, row }: GatewayError): number => {
  if (row.fault === 'client') return 3;
  if (answer) return 2;
  return row.fault === 'upstream' || code === 'stale' ? 1 : 0;
};

/** Of two failures of one call the one that tells more of the back-end; the later one if they tell as much. */
export const moreTelling = (earlier: GatewayError, later: GatewayError): GatewayError =>
  weight(earlier) > weight(later) ? earlier : later;
