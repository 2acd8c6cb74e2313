import type { Family } from './family.ts';
import { BREAKER_STATES, each, perUpstream, words } from './samples.ts';

/** How upstreams are, and what they have to do. */
export const OF_UPSTREAMS: readonly Family[] = [
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
];
