import { BREAKER_STATES } from '../src/observability/samples.ts';
import type { Declared } from './dashboard.ts';
import { lines, number, stacked, timeline } from './panels.ts';
import { narrowedBy, orZero, share, sum, type Variable, WAIT } from './promql.ts';
import { ANSWERS, extraAttempts, NOT_OWN, notOwn, shared, turnedAway } from './shared-panels.ts';

const variables: readonly Variable[] = ['instance', 'app'];
const queries = narrowedBy(...variables);
const { rate, select, quantile } = queries;
const panels = shared(queries);

const LOOK_UPS = 'breakwater_cache_requests_total';
const PASSING = 'hook="passthrough"';
/** In seconds: when a certificate is worth a look. */
const TWO_WEEKS = 14 * 86_400;

/** What stands between WCS and back-ends in trouble, and how hard it has to work. */
export const shield: Declared = {
  uid: 'breakwater-shield',
  title: 'The shield',
  help: 'Who answers WCS while back-ends are in trouble, and what that costs. Begin with the upper row: while it is green, WCS gets the back-end.',
  variables,
  rows: {
    Now: [
      number({
        title: 'Answers not from the back-end',
        unit: 'percentunit',
        help: 'The one number to watch: most of these are a 200 to WCS, so nobody complains. Above 5 % there is an outage or a breaker is open: see the sources and reasons below.',
        queries: { share: notOwn(queries) },
        orange: 0.01,
        red: 0.05,
      }),
      number({
        title: 'Callers turned away',
        unit: 'short',
        help: 'Hooks in the time shown that ended in a 403 or an error of the gateway, for want of an answer. If there are any, mend the back-end first; a longer keepFor or a cached rung would have let known callers in.',
        queries: { hooks: turnedAway(queries) },
        orange: 1,
        red: 20,
      }),
      number({
        title: 'WCS waits, p99',
        unit: 's',
        help: 'Of all answers. Near the limit of an app: its back-end is silent. See Back-end latency for which hook and upstream.',
        queries: { p99: quantile(0.99, WAIT) },
        orange: 1,
        red: 3,
      }),
      number({
        title: 'Breakers not closed',
        unit: 'short',
        help: 'Upstreams that are left alone or being tried again. If it stays above 0 for minutes, look at those back-ends: the time line below names them.',
        queries: { upstreams: orZero(`count(${select('breakwater_breaker_state')} > ${BREAKER_STATES.closed})`) },
        orange: 1,
        red: 2,
      }),
      number({
        title: 'Stored events',
        unit: 'short',
        help: 'Notifications that wait for a back-end. They are safe while the disk has room; bring the back-end back and they go out in order. With a journal in Redis each instance shows all of it: choose one gateway above.',
        queries: { pending: orZero(sum(select('breakwater_events_pending'))) },
        orange: 1,
        red: 10_000,
      }),
      number({
        title: 'Dead letters',
        unit: 'short',
        help: 'Events that were given up. If there are any: `breakwater events list --state dead` says why; mend the back-end, then `breakwater events retry` or `drop`.',
        queries: { dead: orZero(sum(select('breakwater_events_dead'))) },
        orange: 1,
        red: 100,
      }),
    ],
    'Who answers': [
      panels.sources,
      panels.reasons,
      lines({
        title: 'Share not from the back-end, by app',
        unit: 'percentunit',
        help: 'If one app stands out, click its line: One app shows its hooks and upstreams. If all rise together, look at what the apps share: network, database, or the host of the gateway.',
        queries: { '{{app}}': notOwn(queries, 'app') },
      }),
    ],
    Breakers: [
      panels.breakers,
      lines({
        title: 'Changes of breakers',
        unit: 'ops',
        help: 'Into which state, for each upstream. A few at the beginning and end of an outage are right. Steady changes mean a back-end that takes a few probes and fails under load: give it a longer breaker.openFor, or more machines.',
        queries: {
          '{{upstream}} {{to}}': sum(rate('breakwater_breaker_transitions_total'), 'upstream', 'to'),
        },
      }),
    ],
    'Several upstreams': [
      timeline({
        title: 'Upstreams left out',
        unit: 'none',
        help: 'Of several upstreams, which gets calls. Left out: it fails or is slow beside the others, or its health check says so; the panel beside says what it was. The others have more to bear meanwhile. Left out for minutes: mend that back-end, or take it out of the configuration.',
        queries: { '{{app}} {{upstream}}': `min by (app, upstream) (${select('breakwater_upstream_healthy')})` },
        states: { 0: ['left out', 'orange'], 1: ['gets calls', 'green'] },
      }),
      lines({
        title: 'Ejections, and names not found',
        unit: 'ops',
        help: 'Why upstreams were left out. slow again and again of one that is well: it is further away, raise ejection.slowerThan. Names not found: DNS does not know a back-end, and its last addresses are used; mend that before they change.',
        queries: {
          '{{upstream}} {{reason}}': sum(rate('breakwater_upstream_ejections_total'), 'upstream', 'reason'),
          'names not found': orZero(sum(rate('breakwater_dns_failures_total'))),
        },
      }),
    ],
    'Hedges and their budget': [
      panels.hedges,
      lines({
        title: 'What hedges and retries add',
        unit: 'percentunit',
        help: 'Extra attempts as a share of all. Over minutes it keeps to the budget (hedge.budget and retry.budget, of calls); a short outage may spend at once what was saved up. At the budget for long, slow answers are the rule: mend the back-end rather than raise the budget.',
        queries: { extra: extraAttempts(queries) },
      }),
      panels.delays,
    ],
    Concurrency: [panels.concurrency, panels.joined],
    'What passes through': [
      lines({
        title: 'Answers to what is no hook',
        unit: 'reqps',
        help: 'Pages, uploads and the like; a 5xx of the back-end is its own word. not its own: it failed, had no room, or a client is over limits.rate, and the client got a kept answer, JSON of yours, or a 429 to 504. If that grows while hooks are well, pages find no room: they go last.',
        queries: {
          all: orZero(sum(rate(ANSWERS, PASSING))),
          'not its own': orZero(sum(rate(ANSWERS, PASSING, NOT_OWN))),
        },
      }),
      lines({
        title: 'Upgraded connections',
        unit: 'short',
        help: 'WebSockets for the most part. At passthrough.upgrades new ones get 503: raise it, with limits.connections and the limit of open files. If all end at once, the back-end or the gateway was restarted.',
        queries: { open: orZero(sum(select('breakwater_upgrades'))) },
      }),
      lines({
        title: 'Kept answers',
        unit: 'bytes',
        help: 'Last good answers to GETs of passthrough.routes. At cache.answers.bytes the ones not used for longest go first: raise it if pages that matter are not found in an outage.',
        queries: { '{{instance}}': select('breakwater_kept_bytes') },
      }),
    ],
    'Stored events': [
      panels.backlog,
      panels.age,
      panels.fates,
      lines({
        title: 'Room that events take',
        unit: 'bytes',
        help: 'Dead letters included; events.maxBytes bounds it for all apps together. When it is full, WCS gets the next rung: drop dead letters, or raise the bound if the disk has room.',
        queries: { '{{app}}': `sum by (app) (${select('breakwater_events_bytes')})` },
      }),
    ],
    'Last good answers and Redis': [
      lines({
        title: 'Look-ups that found something',
        unit: 'percentunit',
        help: 'By tier. Low in memory with Redis high: instances were restarted, no harm. Low in both: callers are new, or keys differ at each call; `breakwater explain APP HOOK` shows the key.',
        queries: { '{{tier}}': share(sum(rate(LOOK_UPS, 'result="hit"'), 'tier'), sum(rate(LOOK_UPS), 'tier')) },
      }),
      stacked({
        title: 'Look-ups by result',
        unit: 'ops',
        help: 'timeout and error come from Redis: calls do not wait for it, but other instances do not know its verdicts then. Look at the latency of Redis and at cache.redis.budget.',
        queries: { '{{tier}} {{result}}': sum(rate(LOOK_UPS), 'tier', 'result') },
      }),
      timeline({
        title: 'Redis',
        unit: 'none',
        help: 'Left alone: it does not answer in time, and each gateway goes by its own memory. Look at Redis; nothing has to be done here when it is back. No data: no Redis is configured.',
        queries: { '{{instance}} {{tier}}': select('breakwater_cache_up') },
        states: { 0: ['left alone', 'red'], 1: ['used', 'green'] },
      }),
    ],
    'Sessions and the door': [
      lines({
        title: 'Sessions',
        unit: 'short',
        help: 'Known: of which the rules were seen. Provisional: let in and not judged yet. If provisional ones do not fall after an outage, the back-end does not answer connect: see Back-end latency for that hook.',
        queries: {
          'known to {{instance}}': select('breakwater_sessions'),
          'provisional in {{app}}': sum(select('breakwater_provisional_sessions'), 'app'),
        },
      }),
      stacked({
        title: 'Provisional admissions',
        unit: 'ops',
        help: 'provisional: let in without a verdict. verified and refused: what the back-end said later. Many refused: strangers use outages; look at who they are in the log, and whether provisional is worth it.',
        queries: { '{{app}} {{result}}': sum(rate('breakwater_admissions_total'), 'app', 'result') },
      }),
      stacked({
        title: 'Requests turned away at the door',
        unit: 'reqps',
        help: 'By code. bad_signature, bad_credentials, not_found: WCS is set up wrongly, or a stranger reaches the port; the log names the peer. docs/errors.md tells what to do for each code.',
        queries: { '{{code}}': sum(rate('breakwater_rejected_requests_total'), 'code') },
      }),
      number({
        title: 'Certificates that end soon',
        unit: 'short',
        help: 'Of the listener, and those that are shown to back-ends, within two weeks. Renew them in the files that tls names; `breakwater check` tells which.',
        queries: {
          certificates: orZero(
            `count(${select('breakwater_tls_certificate_expiry_timestamp_seconds')} - time() < ${TWO_WEEKS})`,
          ),
        },
        orange: 1,
        red: 2,
      }),
    ],
    'The process': [
      stacked({
        title: 'Answers',
        unit: 'reqps',
        help: 'All answers by app. If it falls to nothing while people are online, WCS does not reach the gateway: see the REST URL in WCS, and that the process is ready at /readyz.',
        queries: { '{{app}}': sum(rate(ANSWERS), 'app') },
      }),
      lines({
        title: 'Event-loop delay, p99',
        unit: 's',
        help: 'How late timers fire. Above some 50 ms answers come late too: give the gateway a core of its own, or move what else runs on the host.',
        queries: { '{{instance}}': select('nodejs_eventloop_lag_p99_seconds') },
      }),
      lines({
        title: 'Cores used',
        unit: 'short',
        help: 'One process uses one core for calls. Near 1 it is at its end: run a second instance beside it.',
        queries: { '{{instance}}': rate('process_cpu_seconds_total') },
      }),
      lines({
        title: 'Memory',
        unit: 'bytes',
        help: 'Resident. It rises with cache.memory.bytes and sessions, and then stays. If it rises for days, keep a heap snapshot and report it.',
        queries: { '{{instance}}': select('process_resident_memory_bytes') },
      }),
    ],
  },
};
