import type { Answer, Attempt, Call, Route } from '../core/call.ts';
import type { Event } from '../core/events.ts';
import { bytesIn, bytesOut } from './bytes.ts';
import { shownUpstream } from './counts.ts';
import { redactBody, shownPath } from './redact.ts';

type Answered = Extract<Event, { readonly type: 'answered' }>;
type Abandoned = Extract<Event, { readonly type: 'abandoned' }>;

export const INFO = 30;
const WARN = 40;

const HOOK_CHARS = 100;

const MILLIS = Array.from({ length: 1000 }, (_, at) => `.${String(at).padStart(3, '0')}`);

/** Milliseconds with three decimals. Put together from integers, which costs a third of printing a fraction. */
const printMs = (ms: number): string => {
  if (!(ms >= 0 && ms < Number.MAX_SAFE_INTEGER / 1000)) return '0';
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1000);
  return `${whole}${MILLIS[micros - whole * 1000]}`;
};

const isOwn = ({ source, reason }: Answer): boolean =>
  (source === 'upstream' || source === 'hedge') && reason === undefined;

const nameHook = (app: string, hook: string): string =>
  `,"app":${JSON.stringify(app)},"hook":${JSON.stringify(hook.slice(0, HOOK_CHARS))}`;

/** Info if the back-end answered for itself, warn if the gateway had to, or passed on a failure. */
export const levelOf = (answer: Answer): number => (isOwn(answer) ? INFO : WARN);

/**
 * Formats one line a call in the logger's own shape, without a log object. A line never holds a header, and bodies
 * only, redacted, if `body` says so.
 */
export class AccessLine {
  readonly #body: 'none' | 'redacted';
  // Both remember what many lines share; neither can grow beyond the configuration.
  readonly #routes = new WeakMap<Route, string>();
  readonly #upstreams = new Map<string, string>();
  #time = 0;
  #timeText = '';

  constructor(body: 'none' | 'redacted') {
    this.#body = body;
  }

  /** The line of a call that was answered; `skipped` others of its kind were left out before it. */
  answered({ call, answer, ms }: Answered, skipped = 0): string {
    let line = this.#begin(levelOf(answer), 'answered', call);
    line += `,"code":${answer.status},"source":"${answer.source}"`;
    if (answer.reason !== undefined) line += `,"reason":"${answer.reason}"`;
    if (answer.ageSeconds !== undefined) line += `,"age":${Math.round(answer.ageSeconds)}`;
    line += this.#printTimes(call, ms);
    line += `,"in":${bytesIn(call)},"out":${bytesOut(call, answer)}`;
    if (call.trace) line += `,"traceId":"${call.trace.traceId}"`;
    if (skipped > 0) line += `,"skipped":${skipped}`;
    if (this.#body === 'redacted') line += printBodies(call, answer);
    return `${line}}\n`;
  }

  /** The line of a call whose client had gone; `skipped` others of its kind were left out before it. */
  abandoned({ call, code, ms }: Abandoned, skipped = 0): string {
    const line = `${this.#begin(INFO, 'abandoned', call)},"reason":"${code}"`;
    const left = skipped > 0 ? `,"skipped":${skipped}` : '';
    return `${line}${this.#printTimes(call, ms)},"in":${bytesIn(call)}${left}}\n`;
  }

  #begin(level: number, message: string, call: Call): string {
    return `{"level":${level}${this.#printTime()},"msg":"${message}","callId":"${call.id}"${this.#name(call)}${printAsked(call)}`;
  }

  #printTime(): string {
    const time = Date.now();
    if (time !== this.#time) {
      this.#time = time;
      this.#timeText = `,"time":${time}`;
    }
    return this.#timeText;
  }

  #name({ route, hook }: Call): string {
    // A name that the catalogue does not know is WCS's to choose, so it must not be kept.
    if (hook !== route.hook) return nameHook(route.app, hook);
    const known = this.#routes.get(route);
    if (known !== undefined) return known;
    const text = nameHook(route.app, hook);
    this.#routes.set(route, text);
    return text;
  }

  #nameUpstream(upstream: string): string {
    const known = this.#upstreams.get(upstream);
    if (known !== undefined) return known;
    const text = JSON.stringify(shownUpstream(upstream));
    this.#upstreams.set(upstream, text);
    return text;
  }

  #printTimes({ attempts }: Call, ms: number): string {
    let list = '';
    for (const attempt of attempts)
      list += `${list === '' ? '' : ','}{"upstream":${this.#nameUpstream(attempt.upstream)}${printOutcome(attempt)}}`;
    return `,"ms":${printMs(ms)},"attempts":[${list}]`;
  }
}

/** What a call asks for that is no hook. A query is nobody's business. */
const printAsked = ({ passage }: Call): string =>
  passage ? `,"method":"${passage.request.method}","path":${JSON.stringify(shownPath(passage.path))}` : '';

const printOutcome = ({ sent, outcome, why, ms }: Attempt): string => {
  if (outcome === undefined) return sent ? ',"outcome":"pending"' : ',"outcome":"unsent"';
  const how = `,"outcome":"${outcome}"${why === undefined ? '' : `,"why":${JSON.stringify(why)}`}`;
  return ms === undefined ? how : `${how},"ms":${printMs(ms)}`;
};

const printBodies = (call: Call, answer: Answer): string =>
  `,"request":${JSON.stringify(redactBody(call.body))},"answer":${JSON.stringify(redactBody(answer.body))}`;
