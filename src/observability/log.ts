import { type Logger, pino } from 'pino';
import { ERRORS, GatewayError } from '../core/errors.ts';
import type { Emit, Event } from '../core/events.ts';
import { hideSecrets, withoutQuotedJson } from '../core/secrets.ts';
import { AccessLine, INFO, levelOf } from './access-line.ts';
import { shownUpstream } from './counts.ts';
import { IN_OUTAGES, LineThinning, ONE_A_MINUTE } from './line-thinning.ts';
import type { LineWriter } from './line-writer.ts';
import { logReplica } from './log-replicas.ts';
import { logCertificate, logTlsFailed } from './log-tls.ts';
import type { LogCounts } from './samples.ts';

type Of<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, silent: Number.POSITIVE_INFINITY } as const;
const MAX_CAUSES = 5;

export interface Log {
  /** Writes what events tell: a line for each call, and one for each thing that an operator would ask about. */
  readonly listen: Emit;
  /** For what is rare; its lines go through the same writer, so that lines are never torn. */
  readonly logger: Logger;
  readonly counts: LogCounts;
  /** Writes out at once what is waiting; for the last words before the process ends. */
  flushSync(): void;
  /** Writes out what is waiting, and drops what comes later. */
  close(): Promise<void>;
}

export interface LogOptions {
  readonly level: keyof typeof LEVELS;
  /** Whether lines of calls hold the bodies, with secrets taken out. */
  readonly body: 'none' | 'redacted';
  /** Whether of warnings of a kind, of calls whose client had gone, and of lines on stored events, only some are written. */
  readonly sample: boolean;
  readonly writer: LineWriter;
}

/** An error without what it carries: an answer's body has no place in a log. */
const describeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return { message: hideSecrets(String(error), '[redacted]') };
  const { name: type, cause } = error;
  const [message, stack] = [error.message, error.stack ?? ''].map(text =>
    hideSecrets(error instanceof SyntaxError ? withoutQuotedJson(text) : text, '[redacted]'),
  );
  const code = error instanceof GatewayError ? error.code : (error as NodeJS.ErrnoException).code;
  const own = { type, code, message, stack };
  return cause === undefined || depth === MAX_CAUSES ? own : { ...own, cause: describeError(cause, depth + 1) };
};

const logRedis = (logger: Logger, { is, detail }: Of<'redis'>): void => {
  if (is === 'up') logger.info('redis is used: it answers in time, and what other instances know counts for WCS too');
  else if (is === 'down')
    logger.warn(
      { detail },
      `redis is left alone until it answers in time, and memory alone is used; WCS does not wait for it: ${detail}`,
    );
  else logger.warn({ detail }, `redis refuses what it is told, so memory alone knows what is new: ${detail}`);
};

const ADMISSIONS = {
  provisional: 'a session was let in provisionally: nobody has judged it, and it may do nothing yet',
  verified: 'a provisional session was admitted by the back-end',
  refused: 'a provisional session was refused by the back-end; its later hooks get 403',
} as const;

const logAdmission = (logger: Logger, { app, callId, result }: Of<'admission'>): void =>
  logger[result === 'refused' ? 'warn' : 'info']({ app, callId }, ADMISSIONS[result]);

const ENDS = {
  expired: 'stored events given up: their time was over; see breakwater events',
  dropped: 'stored events dropped by an operator',
  outdated: 'dead letters dropped: they had been dead for 30 days',
} as const;

const logEnded = (logger: Logger, { app, how, count }: Of<'ended'>): void =>
  logger[how === 'dropped' ? 'info' : 'warn']({ app, count }, ENDS[how]);

const logStored = (logger: Logger, { app, hook, id, result, reason }: Of<'event'>, skipped: number): void => {
  const fields = { app, hook, callId: id, result, ...asSkipped(skipped) };
  if (result === 'dead') logger.warn({ ...fields, detail: reason }, 'event given up; see breakwater events');
  else logger.info(fields, `event ${result}`);
};

const asSkipped = (skipped: number) => (skipped > 0 ? { skipped } : {});

const logBacklog = (logger: Logger, { app, is, pending }: Of<'backlog'>): void => {
  const fields = { app, pending };
  if (is === 'begun')
    logger.warn(
      fields,
      `stored events of ${app} wait for its back-end: WCS has its answer for each; they are delivered when it is back`,
    );
  else logger.info(fields, `no stored events of ${app} wait any more`);
};

const logTraces = (logger: Logger, { is, detail }: Of<'traces'>): void => {
  if (is === 'up') logger.info('traces: the collector takes spans again');
  else logger.warn({ detail }, `traces: the collector takes no spans, which are lost; WCS notices nothing: ${detail}`);
};

const logDoubts = (logger: Logger, { app, doubts }: Of<'rules-doubted'>): void =>
  logger.warn(
    { app, doubts },
    'an answer to connect has a restClientConfig that is not understood in full; what is not counts as FAIL',
  );

/** A journal that is full or away needs no stack. */
const asDetail = (error: unknown) =>
  error instanceof GatewayError && error.code === 'journal' ? { detail: error.message } : { err: error };

const logRung = (logger: Logger, { route, source, error }: Of<'rung-failed'>, skipped: number): void =>
  logger.warn(
    { app: route.app, hook: route.hook, source, ...asDetail(error), ...asSkipped(skipped) },
    'a rung could not answer; the next one was tried',
  );

const logBreaker = (logger: Logger, { app, upstream, to, openForMs, isReplaced }: Of<'breaker'>): void => {
  const fields = { app, upstream: shownUpstream(upstream), to };
  if (to === 'open') {
    const time = openForMs === undefined ? 'for now' : `for ${Math.round(openForMs / 100) / 10} s`;
    logger.warn(
      { ...fields, openForMs },
      `breaker open: calls to ${app} leave this upstream alone ${time}; without another they get the next rung`,
    );
  } else if (to === 'half-open')
    logger.info(
      fields,
      'breaker half-open: a few probes find out if the upstream is back; other calls get the next rung',
    );
  else if (isReplaced)
    logger.info(fields, 'breaker reset by a reload: it begins closed; whether the upstream answers, calls will show');
  else logger.info(fields, 'breaker closed: the upstream answers again, and WCS gets its own answers');
};

/** Most likely a WCS that points at the wrong path, or signs with another key: it refuses every caller then. */
const LIKELY_WCS: ReadonlySet<string> = new Set([
  'not_found',
  'bad_signature',
  'bad_credentials',
  'not_allowed',
  'proxy_header',
  'tls_handshake',
]);

/** Each wrong path is a kind of its own, and each fault of a handshake: a scanner must not hide a WCS that is set up wrongly. */
const MANY_KINDS: ReadonlySet<string> = new Set(['not_found', 'tls_handshake']);

const logRejected = (logger: Logger, { code, message, peer }: Of<'rejected'>, thinning: LineThinning): void => {
  const skipped = thinning.admit(MANY_KINDS.has(code) ? message : code);
  if (skipped === undefined) return;
  const level = ERRORS[code].fault === 'client' && !LIKELY_WCS.has(code) ? 'info' : 'warn';
  logger[level]({ code, peer, detail: message, count: skipped + 1 }, 'request rejected');
};

/** What only a debugging operator wants to see of an event. */
const logDetail = (
  logger: Logger,
  event: Of<'attempt' | 'hedge' | 'retry' | 'coalesced' | 'repeat' | 'cache'>,
): void => {
  if (event.type !== 'attempt') {
    logger.debug(event, event.type);
    return;
  }
  const { call, attempt } = event;
  const { app, hook } = call.route;
  logger.debug({ callId: call.id, app, hook, ...attempt, upstream: shownUpstream(attempt.upstream) }, 'attempt');
};

/** What changed, and what that means for WCS; each has a line. */
const logChange = (
  logger: Logger,
  event: Of<'breaker' | 'admission' | 'journal' | 'backlog' | 'ended' | 'traces' | 'certificate'>,
): void => {
  if (event.type === 'breaker') logBreaker(logger, event);
  else if (event.type === 'admission') logAdmission(logger, event);
  else if (event.type === 'backlog') logBacklog(logger, event);
  else if (event.type === 'ended') logEnded(logger, event);
  else if (event.type === 'traces') logTraces(logger, event);
  else if (event.type === 'certificate') logCertificate(logger, event);
  else logger[event.isWell ? 'info' : 'warn'](event.detail);
};

/** What is told over and over while it lasts. */
const logNow = (logger: Logger, event: Of<'redis' | 'rules-doubted' | 'tls-failed'>, thinning: LineThinning): void => {
  if (event.type === 'rules-doubted') {
    if (thinning.admit(`rules ${event.app}`) !== undefined) logDoubts(logger, event);
  } else if (event.type === 'tls-failed') {
    if (thinning.admit(`tls ${event.app} ${event.upstream} ${event.detail}`) !== undefined) logTlsFailed(logger, event);
  } else if (event.is !== 'refusing' || thinning.admit('redis') !== undefined) logRedis(logger, event);
};

const kindOf = (event: Of<'event' | 'rung-failed' | 'defect'>): string => {
  if (event.type === 'event') return `event ${event.app} ${event.hook} ${event.result}`;
  return event.type === 'defect' ? 'defect' : `rung ${event.route.app} ${event.route.hook} ${event.source}`;
};

/** What may happen with each call of an outage. */
const logSampled = (logger: Logger, event: Of<'event' | 'rung-failed' | 'defect'>, thinning: LineThinning): void => {
  const skipped = thinning.admit(kindOf(event));
  if (skipped === undefined) return;
  if (event.type === 'event') logStored(logger, event, skipped);
  else if (event.type === 'rung-failed') logRung(logger, event, skipped);
  else logger.error({ err: event.error, ...asSkipped(skipped) }, 'defect of the gateway');
};

/** Writes the lines of calls; of those that are more of the same, only some. */
const createCallLines = (access: AccessLine, threshold: number, thinning: LineThinning, writer: LineWriter) => {
  const logAnswered = (event: Of<'answered'>): void => {
    const { call, answer } = event;
    const level = levelOf(answer);
    if (level < threshold) return;
    const { app, hook } = call.route;
    const skipped = level === INFO ? 0 : thinning.admit(`${app} ${hook} ${answer.source} ${answer.reason}`);
    if (skipped !== undefined) writer.write(access.answered(event, skipped));
  };

  const logAbandoned = (event: Of<'abandoned'>): void => {
    if (INFO < threshold) return;
    const { app, hook } = event.call.route;
    const skipped = thinning.admit(`${app} ${hook} abandoned ${event.code}`);
    if (skipped !== undefined) writer.write(access.abandoned(event, skipped));
  };

  return { logAnswered, logAbandoned };
};

/** Turns events into lines of JSON. Only what `level` lets through is put together at all. */
export const createLog = ({ level, body, sample: isSampled, writer }: LogOptions): Log => {
  const logger = pino({ level, base: null, serializers: { err: (error: unknown) => describeError(error) } }, writer);
  const perMinute = new LineThinning(ONE_A_MINUTE);
  const thinning = new LineThinning(IN_OUTAGES, isSampled);
  const threshold = LEVELS[level];
  const { logAnswered, logAbandoned } = createCallLines(new AccessLine(body), threshold, thinning, writer);

  const listen = (event: Event): void => {
    switch (event.type) {
      case 'answered':
        logAnswered(event);
        break;
      case 'abandoned':
        logAbandoned(event);
        break;
      case 'rejected':
        logRejected(logger, event, perMinute);
        break;
      case 'redis':
      case 'rules-doubted':
      case 'tls-failed':
        logNow(logger, event, perMinute);
        break;
      case 'event':
      case 'rung-failed':
      case 'defect':
        logSampled(logger, event, thinning);
        break;
      case 'ejected':
      case 'returned':
      case 'dns':
        logReplica(logger, event);
        break;
      case 'breaker':
      case 'admission':
      case 'journal':
      case 'backlog':
      case 'ended':
      case 'traces':
      case 'certificate':
        logChange(logger, event);
        break;
      default:
        if (threshold <= LEVELS.debug) logDetail(logger, event);
    }
  };

  return {
    listen,
    logger,
    get counts() {
      return { written: writer.written, sampled: thinning.skipped, dropped: writer.dropped };
    },
    flushSync: () => writer.flushSync(),
    close: () => writer.close(),
  };
};
