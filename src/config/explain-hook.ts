import { findHook, type Hook } from '../hooks/catalogue.ts';
import { autoLadder } from '../hooks/ladder.ts';
import { type DraftApp, originOf } from './draft.ts';
import { hookLayers } from './layers.ts';
import type { Loaded } from './load.ts';
import { formatPath } from './problems.ts';
import { formatDuration, formatShare } from './text.ts';
import type { HookSettings, Rung } from './types.ts';

/** One thing that holds for a hook. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** In plain words. */
  readonly meaning: string;
  /** The line of the configuration, or the built-in rule, that says so. */
  readonly from: string;
}

/** A fact before it is known where it comes from: which key says so, and which rule if the file does not. */
interface Statement extends Omit<Fact, 'from'> {
  readonly key?: readonly string[];
  readonly rule: string;
}

/** All that holds for `hook` of `app`, in the order in which a call meets it. */
export const explainHook = (loaded: Loaded, app: DraftApp, hook: string): readonly Fact[] => {
  const layers = hookLayers(app.layers, hook);
  const entry = findHook(hook);
  const settings = app.settings(hook);
  const requestTimeout = loaded.config.wcs.requestTimeout;
  const statements = [
    ofHook(entry),
    ofLimit(settings, requestTimeout),
    ofAttempt(settings, app),
    ofIdempotent(settings, entry),
    ofRetry(settings, app),
    ofHedge(settings, app),
    ofCoalesce(settings, entry),
    ofBreaker(app),
    ofConcurrency(app),
    ofKey(settings, entry),
    ofLadder(settings, entry),
  ];
  return statements.map(({ key, rule, ...fact }) => {
    const path = key && originOf(layers, key);
    if (!path) return { ...fact, from: `built-in: ${rule}` };
    return { ...fact, from: `${loaded.file}:${loaded.position(path).line} ${formatPath(path)}` };
  });
};

const DECIDES = {
  always: 'WCS always does what the answer says: 200 allows, anything else refuses',
  'by-policy':
    "the answer counts if the session's restClientConfig says FAIL or OVERWRITE for it; that is not looked at yet, so it is treated as if it did",
  never: 'it tells what has happened; its answer changes nothing',
} as const;

const ofHook = ({ kind, decides, known, source }: Hook): Statement => ({
  name: 'kind',
  value: kind,
  meaning: DECIDES[decides],
  rule: known
    ? `the hook catalogue (${source})`
    : 'the name is not in the catalogue: …Event, but not On…, is a notification, all else decides',
});

const ofLimit = ({ limit }: HookSettings, requestTimeout: number): Statement => ({
  name: 'limit',
  value: formatDuration(limit),
  meaning: `the answer leaves no later than this after the first byte of the request; ${
    requestTimeout === 0 ? 'WCS itself waits for ever' : `WCS itself gives up after ${formatDuration(requestTimeout)}`
  }`,
  key: ['limit'],
  rule: requestTimeout === 0 ? '12s, where WCS never gives up' : 'four fifths of wcs.requestTimeout',
});

const ofAttempt = ({ attemptLimit, limit }: HookSettings, { options }: DraftApp): Statement => ({
  name: 'attempt',
  value: `${formatDuration(attemptLimit)}, connect within ${formatDuration(options.connectLimit)}`,
  meaning:
    options.upstreams.length === 1
      ? `to ${options.upstreams[0]}`
      : `to the least busy healthy one of ${options.upstreams.join(', ')}; if it does not connect, to the next`,
  key: ['attemptLimit'],
  rule: attemptLimit === limit ? 'attemptLimit is as long as limit' : 'attemptLimit',
});

const ofIdempotent = ({ idempotent }: HookSettings, { repeatable }: Hook): Statement => ({
  name: 'idempotent',
  value: String(idempotent),
  meaning: idempotent
    ? `the back-end bears this hook twice, so it may be sent again${repeatable ? '' : ', although its effect would double'}`
    : 'what may have reached the back-end is never sent again; what surely did not (no connection) is',
  key: ['idempotent'],
  rule: 'false: nothing is repeated unless you allow it',
});

const ofRetry = ({ retry, idempotent }: HookSettings, { options }: DraftApp): Statement => ({
  name: 'retry',
  value: retry
    ? `${retry.attempts} attempts, backoff ${formatDuration(retry.backoff)}, budget ${formatShare(retry.budget)}`
    : 'off',
  meaning: `${retryMeaning(retry !== false, idempotent)}${
    options.upstreams.length > 1 ? '; an upstream that cannot be reached is passed over at once in any case' : ''
  }`,
  key: ['retry'],
  rule: '2 attempts, backoff 25ms, budget 5%',
});

const retryMeaning = (on: boolean, idempotent: boolean): string => {
  if (!on) return 'a failed attempt is not repeated';
  return idempotent
    ? 'a failed attempt is repeated, within the limit'
    : 'only an attempt of which nothing was sent is repeated';
};

const ofHedge = ({ hedge, idempotent }: HookSettings, { options }: DraftApp): Statement => ({
  name: 'hedge',
  value: hedge && idempotent ? hedgeText(hedge) : 'off',
  meaning: hedgeMeaning(hedge !== false, idempotent, options.upstreams.length),
  key: ['hedge'],
  rule: 'after p95, 5ms to 1s, budget 5%',
});

const hedgeText = ({ after, min, max, budget }: Exclude<HookSettings['hedge'], false>): string => {
  const delay = 'ms' in after ? formatDuration(after.ms) : `p${Number((after.quantile * 100).toFixed(4))}`;
  return `after ${delay}, ${formatDuration(min)} to ${formatDuration(max)}, budget ${formatShare(budget)}`;
};

const hedgeMeaning = (on: boolean, idempotent: boolean, upstreams: number): string => {
  if (!on) return 'no second attempt is sent beside a slow one';
  if (!idempotent) return 'no second attempt is sent beside a slow one, because this hook is not idempotent';
  return `if no answer is there by then, a second attempt goes to ${upstreams > 1 ? 'another' : 'the same'} upstream; the first answer counts`;
};

const ofCoalesce = ({ idempotent }: HookSettings, { equalCallsAreGenuine }: Hook): Statement => {
  const on = idempotent && !equalCallsAreGenuine;
  return {
    name: 'coalesce',
    value: on ? 'on' : 'off',
    meaning: on
      ? 'equal calls that are in flight at the same time share one attempt'
      : 'equal calls each reach the back-end',
    rule: equalCallsAreGenuine
      ? 'the catalogue: two equal calls of this hook are two calls'
      : 'on where the hook is idempotent',
  };
};

const ofBreaker = ({ options: { breaker } }: DraftApp): Statement => ({
  name: 'breaker',
  value: breaker
    ? `opens at ${formatShare(breaker.errorShare)} failures or ${formatShare(breaker.slowShare)} slow calls of at least ${breaker.minCalls} in ${formatDuration(breaker.window)}`
    : 'off',
  meaning: breaker
    ? `an upstream is then left alone for ${formatDuration(breaker.openFor)}, later up to ${formatDuration(breaker.maxOpenFor)}, and ${breaker.probes} probes must succeed; slow is more than ${formatShare(breaker.slowAfter)} of attemptLimit`
    : 'a failing upstream is asked every time',
  key: ['breaker'],
  rule: '10 calls, 50% failures, 50% slow, in 10s; open for 5s, up to 60s',
});

const ofConcurrency = ({ options: { concurrency } }: DraftApp): Statement => ({
  name: 'concurrency',
  value: `${concurrency.max} at a time, ${concurrency.queue} waiting`,
  meaning: 'for each upstream, all hooks of the app together; whoever finds no room gets the next rung at once',
  key: ['concurrency'],
  rule: '64 at a time, 256 waiting',
});

const everythingBut = (volatile: readonly string[]): string =>
  `everything in the body except ${volatile.join(', ')}${volatile.includes('sessionId') ? " (but with the client's address in it)" : ''}`;

const ofKey = ({ key, keepFor }: HookSettings, { keyed, volatile }: Hook): Statement => {
  const byRule = keyed ? everythingBut(volatile) : 'none';
  return {
    name: 'key',
    value: key ? key.join(', ') : byRule,
    meaning:
      key || keyed
        ? `calls that agree in this are the same caller; its last verdict is kept for ${formatDuration(keepFor)}`
        : 'nothing tells one caller from another, so no answer is kept',
    key: ['key'],
    rule: 'the hook catalogue',
  };
};

const RUNGS: Readonly<Record<string, string>> = {
  cached: "the back-end's last verdict on the same caller, if one is kept",
  echo: '200 with the request itself, which admits',
  store: '200 with the request itself; the event is lost, until the journal comes with a later release',
  refuse: '403',
  unavailable: '503, so WCS does what its restOnError says',
  body: '200 with the JSON that is configured',
  file: '200 with the JSON of the file',
};

const rungWord = (rung: Rung): string => (typeof rung === 'string' ? rung : (Object.keys(rung)[0] ?? ''));

const ofLadder = ({ fallback, key }: HookSettings, hook: Hook): Statement => {
  const keyed = hook.keyed || key !== undefined;
  const rungs: readonly Rung[] = fallback === 'auto' ? autoLadder(hook, keyed) : fallback;
  const used = rungs.filter(rung => rung !== 'cached' || keyed);
  const name = (rung: Rung) => (typeof rung === 'string' ? rung : `{ ${rungWord(rung)}: … }`);
  const meaning = (rung: Rung) =>
    typeof rung === 'object' && 'echo' in rung ? '200 with the request, changed as configured' : RUNGS[rungWord(rung)];
  return {
    name: 'fallback',
    value: `${fallback === 'auto' ? 'auto: ' : ''}${used.map(name).join(', then ') || 'nothing can be used'}`,
    meaning: `if the back-end does not answer in time: ${used.map(meaning).join('; else ') || 'the failure itself, as a 5xx'}`,
    key: ['fallback'],
    rule: 'auto, which chooses by what the answer means',
  };
};
