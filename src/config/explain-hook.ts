import { findHook, type Hook, needsVerifying } from '../hooks/catalogue.ts';
import { priorityOf } from '../hooks/priority.ts';
import { type Draft, type DraftApp, type DraftBacked, originOf, timeoutSource } from './draft.ts';
import { callerStatements, rateStatement } from './explain-callers.ts';
import { ofKey, ofLadder } from './explain-ladder.ts';
import { isHook, passthroughStatements } from './explain-passthrough.ts';
import { replicaStatements } from './explain-replicas.ts';
import { ofBreaker, ofConcurrency, ofTls } from './explain-upstreams.ts';
import { asFacts, type Fact, type Statement } from './fact.ts';
import { hookLayers } from './layers.ts';
import type { Loaded } from './load.ts';
import { formatDuration, formatShare } from './text.ts';
import type { HookSettings } from './types.ts';

/** All that holds for `hook` of `app`, in the order in which a call meets it. */
export const explainHook = (loaded: Loaded, app: DraftApp, hook: string): readonly Fact[] => {
  if (!isHook(app, hook)) return explainThrough(loaded, app);
  return asFacts(loaded, hookLayers(app.layers, hook), hookStatements(loaded, app, hook));
};

/** All that holds for what is no hook of `backed`. */
export const explainThrough = (loaded: Loaded, backed: DraftBacked): readonly Fact[] =>
  asFacts(loaded, backed.layers.general, passthroughStatements(loaded.draft, backed));

const hookStatements = (loaded: Loaded, app: DraftApp, hook: string): readonly Statement[] => {
  const entry = findHook(hook);
  const settings = app.settings(hook);
  const { rate } = loaded.draft.root.limits;
  return [
    ...callerStatements(loaded.draft, app),
    ...rateStatement(loaded.draft, { of: rate?.by ?? 'address', beyond: 'gets the next rung at once' }),
    ofHook(entry),
    ...ofHold(app, entry),
    ofLimit(settings, loaded.draft),
    ofAttempt(settings, app),
    ofIdempotent(settings, entry),
    ofRetry(settings, app),
    ofHedge(settings, app),
    ofCoalesce(settings, entry),
    ofBreaker(app, 'attemptLimit'),
    ofConcurrency(app, 'gets the next rung at once'),
    ofPriority(settings, entry),
    ...replicaStatements(app),
    ...ofTls(app),
    ofKey(settings, entry),
    ...ofLadder(settings, entry),
  ];
};

/** What `provisional` on connect means for the hooks that follow. */
const ofHold = (app: DraftApp, hook: Hook): readonly Statement[] => {
  const { fallback } = app.settings('connect');
  if (fallback === 'auto' || !fallback.includes('provisional') || !needsVerifying(hook)) return [];
  return [
    {
      name: 'hold',
      value: 'only sessions that the back-end has admitted',
      meaning:
        '503 without asking the back-end for a session that is not known here, or let in provisionally and not judged yet; 403 for one that was refused later',
      path: originOf(hookLayers(app.layers, 'connect'), ['fallback']) ?? [],
    },
  ];
};

const DECIDES = {
  always: 'WCS always does what the answer says: 200 allows, anything else refuses',
  'by-policy':
    "the answer counts if the session's restClientConfig, in the back-end's answer to connect, says FAIL or OVERWRITE for it",
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

const ofLimit = ({ limit }: HookSettings, draft: Draft): Statement => {
  const { requestTimeout } = draft.root.wcs;
  const wait = requestTimeout === 0 ? 'waits for ever' : `gives up after ${formatDuration(requestTimeout)}`;
  return {
    name: 'limit',
    value: formatDuration(limit),
    meaning: `the answer leaves no later than this after the first byte of the request; WCS itself ${wait}`,
    key: ['limit'],
    rule: requestTimeout === 0 ? '12s, where WCS never gives up' : `four fifths of ${timeoutSource(draft)}`,
  };
};

const ofAttempt = ({ attemptLimit, limit }: HookSettings, { options }: DraftApp): Statement => ({
  name: 'attempt',
  value: `${formatDuration(attemptLimit)}, connect within ${formatDuration(options.connectLimit)}`,
  meaning:
    options.upstreams.length === 1
      ? `to ${options.upstreams[0]}`
      : `to a healthy one of ${options.upstreams.join(', ')}, of two the less busy one; if it does not connect, to the next`,
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

const ofCoalesce = ({ idempotent }: HookSettings, { equalCallsAreGenuine, known }: Hook): Statement => {
  if (equalCallsAreGenuine) return COALESCE.genuine;
  return known || idempotent ? COALESCE.on : COALESCE.off;
};

const COALESCE = {
  on: {
    name: 'coalesce',
    value: 'on',
    meaning: 'calls with the same bytes share one attempt while it is under way: WCS repeats what its connection lost',
    rule: 'on for hooks of the catalogue, and where the hook is idempotent',
  },
  genuine: {
    name: 'coalesce',
    value: 'repeats only',
    meaning: 'a call with the same bytes joins an earlier one only if the connection of that one had broken',
    rule: 'the catalogue: two equal calls of this hook are two calls',
  },
  off: {
    name: 'coalesce',
    value: 'off',
    meaning: 'equal calls each reach the back-end',
    rule: 'off for names that are not in the catalogue, where they are not idempotent',
  },
} as const satisfies Record<string, Statement>;

const PRIORITY = {
  high: 'where calls wait for room, goes before all of lower priority, and takes the place of one if the queue is full',
  normal: 'where calls wait for room, goes after those of high priority and before those of low',
  low: 'where calls wait for room, goes last',
} as const;

const ofPriority = ({ priority }: HookSettings, hook: Hook): Statement => {
  const value = priorityOf(hook, priority);
  return {
    name: 'priority',
    value,
    meaning: PRIORITY[value],
    key: ['priority'],
    rule: 'auto: high for decisions, normal for notifications',
  };
};
