import { OF_CALLS } from './families-of-calls.ts';
import { OF_UPSTREAMS } from './families-of-upstreams.ts';
import type { Family } from './family.ts';
import { each, perBacklog, words } from './samples.ts';

/** Every metric of the gateway in the order in which they are shown. `docs/metrics.md` is made from this table. */
export const FAMILIES: readonly Family[] = [
  ...OF_CALLS,
  ...OF_UPSTREAMS,
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
