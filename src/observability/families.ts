import {
  AGES,
  all,
  answers,
  BREAKER_STATES,
  each,
  histogram,
  perBacklog,
  perHook,
  perUpstream,
  readHedgeDelays,
  type Sample,
  type View,
  words,
} from './samples.ts';

/** One metric: what Prometheus calls a family. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (view: View) => Iterable<Sample>;
}

/** Every metric of the gateway in the order in which they are shown. `docs/metrics.md` is made from this table. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'breakwater_answers_total',
    type: 'counter',
    help: 'Answers that left, by where they came from, why not from the back-end (empty if they did), and HTTP status.',
    labels: ['app', 'hook', 'source', 'reason', 'code'],
    read: ({ counts }) => each(counts.hooks.values(), answers),
  },
  {
    name: 'breakwater_answer_duration_seconds',
    type: 'histogram',
    help: 'Time from the first byte of a request to its answer.',
    labels: ['app', 'hook', 'source'],
    read: ({ counts }) =>
      histogram(
        'breakwater_answer_duration_seconds',
        all(counts.hooks.values(), hook => hook.durations.values()),
      ),
  },
  {
    name: 'breakwater_limit_missed_total',
    type: 'counter',
    help: 'Answers that left more than 20 ms after their limit, which must never be; 0 too is shown.',
    labels: ['app', 'hook'],
    // 0 too, so that a late one shows in a rate, unless it left before the first scrape that shows its hook.
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, limitMissed }) => [{ labels: { app, hook }, value: limitMissed }]),
  },
  {
    name: 'breakwater_cached_age_seconds',
    type: 'histogram',
    help: 'Age of the last good answers that were given, admissions (200) and refusals (403) apart.',
    labels: ['app', 'hook', 'code'],
    read: ({ counts }) =>
      histogram(
        'breakwater_cached_age_seconds',
        all(counts.hooks.values(), hook => hook.ages.values()),
        AGES,
      ),
  },
  {
    name: 'breakwater_abandoned_total',
    type: 'counter',
    help: 'Calls that ended without an answer, or within one that passes through, because the client had hung up.',
    labels: ['app', 'hook'],
    read: perHook(hook => hook.abandoned),
  },
  {
    name: 'breakwater_coalesced_total',
    type: 'counter',
    help: 'Calls that shared the attempt of an equal call in flight.',
    labels: ['app', 'hook'],
    read: perHook(hook => hook.coalesced),
  },
  {
    name: 'breakwater_repeats_total',
    type: 'counter',
    help: 'Requests that WCS sent again because a connection broke: joined the first one in flight, or got its answer.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, repeats }) => words(repeats, 'result', { app, hook })),
  },
  {
    name: 'breakwater_upstream_attempts_total',
    type: 'counter',
    help: 'Attempts at a back-end by how they ended; hedges and retries are attempts of their own.',
    labels: ['app', 'upstream', 'outcome'],
    read: ({ counts }) =>
      each(counts.upstreams.values(), ({ app, upstream, outcomes }) => words(outcomes, 'outcome', { app, upstream })),
  },
  {
    name: 'breakwater_upstream_duration_seconds',
    type: 'histogram',
    help: 'Time of one attempt at a back-end; those cut short because nobody wanted the answer any more are left out.',
    labels: ['app', 'hook', 'upstream'],
    read: ({ counts }) =>
      histogram(
        'breakwater_upstream_duration_seconds',
        all(counts.hooks.values(), hook => hook.upstreams.values()),
      ),
  },
  {
    name: 'breakwater_hedges_total',
    type: 'counter',
    help: 'Second attempts beside a slow first: won, lost or failed; denied if the budget had none left, or no back-end had a closed breaker and room.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, hedges }) => words(hedges, 'result', { app, hook })),
  },
  {
    name: 'breakwater_hedge_delay_seconds',
    type: 'gauge',
    help: 'After how long a second attempt would be sent now; absent where hooks are not hedged.',
    labels: ['app', 'hook'],
    read: readHedgeDelays,
  },
  {
    name: 'breakwater_retries_total',
    type: 'counter',
    help: 'Repeats of failed attempts: sent, or denied because the budget had none left.',
    labels: ['app', 'hook', 'result'],
    read: ({ counts }) =>
      each(counts.hooks.values(), ({ app, hook, retries }) => words(retries, 'result', { app, hook })),
  },
  {
    name: 'breakwater_breaker_state',
    type: 'gauge',
    help: 'State of the breaker: 0 closed, 1 half-open, 2 open.',
    labels: ['app', 'upstream'],
    read: perUpstream(state => BREAKER_STATES[state.breaker]),
  },
  {
    name: 'breakwater_breaker_transitions_total',
    type: 'counter',
    help: 'Changes of a breaker into a state.',
    labels: ['app', 'upstream', 'to'],
    read: ({ counts }) =>
      each(counts.upstreams.values(), ({ app, upstream, transitions }) => words(transitions, 'to', { app, upstream })),
  },
  {
    name: 'breakwater_upstream_healthy',
    type: 'gauge',
    help: '0 while an upstream is left out because it is worse than the others, or its health check says so; else 1.',
    labels: ['app', 'upstream'],
    read: perUpstream(state => (state.out === undefined ? 1 : 0)),
  },
  {
    name: 'breakwater_upstream_ejections_total',
    type: 'counter',
    help: 'How often an upstream was left out: failures in a row, errors or slow beside the others, or health.',
    labels: ['app', 'upstream', 'reason'],
    read: ({ counts }) =>
      each(counts.upstreams.values(), ({ app, upstream, ejections }) => words(ejections, 'reason', { app, upstream })),
  },
  {
    name: 'breakwater_dns_failures_total',
    type: 'counter',
    help: 'How often the name of a back-end was asked for and not found; its last known addresses stay in use.',
    labels: ['host'],
    read: ({ counts }) => each(counts.dnsFailures, ([host, value]) => [{ labels: { host }, value }]),
  },
  {
    name: 'breakwater_inflight',
    type: 'gauge',
    help: 'Attempts that are at the back-end now.',
    labels: ['app', 'upstream'],
    read: perUpstream(state => state.inflight),
  },
  {
    name: 'breakwater_queued',
    type: 'gauge',
    help: 'Calls that wait for room at the back-end now.',
    labels: ['app', 'upstream'],
    read: perUpstream(state => state.queued),
  },
  {
    name: 'breakwater_concurrency_limit',
    type: 'gauge',
    help: 'Most attempts at a time at the back-end: concurrency.max, or what has been learned where that is auto.',
    labels: ['app', 'upstream'],
    read: perUpstream(state => state.limit),
  },
  {
    name: 'breakwater_upgrades',
    type: 'gauge',
    help: 'Connections of clients that have changed their protocol, to WebSocket for the most part, or wait for that.',
    labels: ['app'],
    read: ({ gauges: { upgrades = [] } }) => each(upgrades, ([app, value]) => [{ labels: { app }, value }]),
  },
  {
    name: 'breakwater_cache_requests_total',
    type: 'counter',
    help: 'Look-ups of last good answers; in Redis those of sessions too.',
    labels: ['tier', 'result'],
    read: ({ counts }) => each(Object.entries(counts.cache), ([tier, results]) => words(results, 'result', { tier })),
  },
  {
    name: 'breakwater_kept_bytes',
    type: 'gauge',
    help: 'What last good answers to GETs hold in memory, those included that are just coming in.',
    labels: [],
    read: ({ gauges: { keptBytes } }) => (keptBytes === undefined ? [] : [{ labels: {}, value: keptBytes }]),
  },
  {
    name: 'breakwater_cache_up',
    type: 'gauge',
    help: '1 while Redis is used, 0 while it is left alone because it does not answer in time; absent without Redis.',
    labels: ['tier'],
    read: ({ gauges: { redisIsUp } }) =>
      redisIsUp === undefined ? [] : [{ labels: { tier: 'redis' }, value: redisIsUp ? 1 : 0 }],
  },
  {
    name: 'breakwater_events_pending',
    type: 'gauge',
    help: 'Notifications that are stored and not with their back-end yet.',
    labels: ['app'],
    read: perBacklog(({ pending }) => pending),
  },
  {
    name: 'breakwater_events_oldest_seconds',
    type: 'gauge',
    help: 'Age of the oldest one of them; 0 without any.',
    labels: ['app'],
    read: perBacklog(({ oldestSeconds }) => oldestSeconds ?? 0),
  },
  {
    name: 'breakwater_events_bytes',
    type: 'gauge',
    help: 'What stored events take, dead letters among them; events.maxBytes bounds it for all apps together.',
    labels: ['app'],
    read: perBacklog(({ bytes }) => bytes),
  },
  {
    name: 'breakwater_events_dead',
    type: 'gauge',
    help: 'Dead letters: events that were given up, for an operator to look at.',
    labels: ['app'],
    read: perBacklog(({ dead }) => dead),
  },
  {
    name: 'breakwater_events_total',
    type: 'counter',
    help: 'What became of events: stored, delivered, expired, dead (rejected for good), or dropped by an operator or after 30 days as dead letters.',
    labels: ['app', 'result'],
    read: ({ counts }) => each(counts.events, ([app, results]) => words(results, 'result', { app })),
  },
  {
    name: 'breakwater_sessions',
    type: 'gauge',
    help: 'Sessions of WCS whose rules this process knows.',
    labels: [],
    read: ({ gauges }) => [{ labels: {}, value: gauges.sessions.known }],
  },
  {
    name: 'breakwater_provisional_sessions',
    type: 'gauge',
    help: 'Sessions that were let in provisionally and wait for the back-end to admit them.',
    labels: ['app'],
    read: ({ gauges }) =>
      each(Object.entries(gauges.sessions.provisional), ([app, value]) => [{ labels: { app }, value }]),
  },
  {
    name: 'breakwater_admissions_total',
    type: 'counter',
    help: 'Sessions let in provisionally, and those of them that the back-end has verified or refused later.',
    labels: ['app', 'result'],
    read: ({ counts }) => each(counts.admissions, ([app, results]) => words(results, 'result', { app })),
  },
  {
    name: 'breakwater_rejected_requests_total',
    type: 'counter',
    help: 'Requests turned away at the front door, calls over limits.rate, and answers that their client did not read.',
    labels: ['code'],
    read: ({ counts }) => each(counts.rejected, ([code, value]) => [{ labels: { code }, value }]),
  },
  {
    name: 'breakwater_tls_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When a certificate in use expires, in seconds since 1970: that of the listener (app is empty), and those that an app shows to its upstreams.',
    labels: ['app'],
    read: ({ gauges: { certificates = [] } }) =>
      each(certificates, ({ app, ends }) => [{ labels: { app }, value: ends / 1000 }]),
  },
  {
    name: 'breakwater_tls_certificate_reloads_total',
    type: 'counter',
    help: 'New certificates of the listener: applied, or refused because they were broken, did not fit their key or did not hold; the one before stays then.',
    labels: ['result'],
    read: ({ counts }) => words(counts.certificates, 'result', {}),
  },
  {
    name: 'breakwater_log_lines_total',
    type: 'counter',
    help: 'Log lines: written, sampled (left out as more of the same), or dropped because whoever reads the log does not.',
    labels: ['result'],
    read: ({ gauges: { log = {} } }) => words(log, 'result', {}),
  },
  {
    name: 'breakwater_spans_total',
    type: 'counter',
    help: 'Spans of traced calls: exported, failed (the collector did not take them), or dropped: no room meanwhile, or still waiting at the end.',
    labels: ['result'],
    read: ({ gauges: { spans = {} } }) => words(spans, 'result', {}),
  },
  {
    name: 'breakwater_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
    read: ({ version }) => [{ labels: { version, node: process.version }, value: 1 }],
  },
];
