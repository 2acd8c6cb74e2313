import { type Directives, forbidsStale, freshMs, staleIfErrorMs } from './cache-control.ts';
import { type Fields, fieldOf, namesIn } from './fields.ts';

/** What a client asks for, as far as it matters to an answer that may be kept. */
export interface Asked {
  readonly method: string;
  /** The scheme and the host that the back-end is asked for, in whatever form. */
  readonly host: string;
  /** Path and query, as they came. */
  readonly target: string;
  readonly fields: Fields;
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** False for a request that may change what its target shows (RFC 9110 §9.2.1). */
export const isSafe = ({ method }: Asked): boolean => SAFE.has(method);

/** True for a request that shows who asks. */
export const tellsWhoAsks = ({ fields }: Asked): boolean =>
  fieldOf(fields, 'authorization') !== undefined || fieldOf(fields, 'cookie') !== undefined;

const hasBody = ({ fields }: Asked): boolean =>
  fieldOf(fields, 'transfer-encoding') !== undefined || (fieldOf(fields, 'content-length') ?? '0') !== '0';

/**
 * True if a kept answer may be given to this request: a GET or HEAD without a body, and without credentials unless
 * answers are kept for each person apart.
 */
export const mayUseKept = (asked: Asked, personal: boolean): boolean =>
  (asked.method === 'GET' || asked.method === 'HEAD') && !hasBody(asked) && (personal || !tellsWhoAsks(asked));

/** True if the answer to this request may be kept, as far as the request has a say. */
export const mayKeepAnswerTo = (asked: Asked, directives: Directives, personal: boolean): boolean =>
  asked.method === 'GET' && mayUseKept(asked, personal) && !directives.has('no-store');

const isForOne = (fields: Fields, directives: Directives): boolean =>
  directives.has('private') || directives.has('no-store') || fieldOf(fields, 'set-cookie') !== undefined;

/**
 * How old, in milliseconds from its origin, a 200 of the back-end may be to stand in for it; 0 where it may not be kept
 * at all, without end where it says nothing about it. RFC 9111 §3 and §4.2.4, as far as they concern an answer that is
 * given only when the back-end fails. `personal` overrules what the answer itself says.
 */
export const goodForMs = (fields: Fields, directives: Directives, personal: boolean): number => {
  if (namesIn(fieldOf(fields, 'vary')).includes('*')) return 0;
  if (personal) return Number.POSITIVE_INFINITY;
  if (isForOne(fields, directives)) return 0;
  const staleMs = forbidsStale(directives) ? 0 : staleIfErrorMs(directives);
  return staleMs === undefined ? Number.POSITIVE_INFINITY : (freshMs(fields, directives) ?? 0) + staleMs;
};

/**
 * Statuses by which a back-end takes back what it said to the same request: gone, or not for everybody any more. Others
 * may be due to what this one client sent.
 */
const TAKES_BACK: ReadonlySet<number> = new Set([401, 403, 404, 410, 451]);

/** True if what is kept for a request must not be given after this answer to the same request. */
export const takesBack = (status: number): boolean => status === 200 || TAKES_BACK.has(status);

/** True if an answer to an unsafe request shows that its target has changed (RFC 9111 §4.4). */
export const hasChanged = (status: number): boolean => status >= 200 && status < 400;
