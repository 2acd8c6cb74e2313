import { BREAKER_STATES } from '../src/observability/samples.ts';
import { lines, stacked, timeline } from './panels.ts';
import { OF_HOOKS, orZero, type Queries, share, sum } from './promql.ts';

export const ANSWERS = 'breakwater_answers_total';
export const NOT_OWN = 'source!~"upstream|hedge"';

/** The share of answers that were not the back-end's own, for each value of `by`. */
export const notOwn = ({ rate }: Queries, ...by: readonly string[]): string =>
  share(sum(rate(ANSWERS, NOT_OWN), ...by), sum(rate(ANSWERS), ...by));

/** Decisions and others that ended in a 403 or an error of the gateway, since the time range began. */
export const turnedAway = ({ growth }: Queries): string =>
  orZero(sum(growth(ANSWERS, OF_HOOKS, 'source=~"refused|unavailable"')));

/** Hedges and retries as a share of first attempts. */
export const extraAttempts = ({ rate }: Queries): string => {
  const extra = `${orZero(sum(rate('breakwater_hedges_total', 'result!="denied"')))} + ${orZero(sum(rate('breakwater_retries_total', 'result="sent"')))}`;
  return `(${extra}) / sum(${rate('breakwater_upstream_attempts_total')})`;
};

/** Panels that the whole shield and one app have in common. */
export const shared = (queries: Queries) => {
  const { rate, select } = queries;
  return {
    sources: stacked({
      title: 'Sources of answers',
      unit: 'reqps',
      help: 'Where the answers came from. upstream and hedge are the back-end. If cached, echo, default or stored grow, the back-end does not answer and the shield stands in for it: the panel beside says why. unavailable and refused are callers turned away.',
      queries: { '{{source}}': sum(rate(ANSWERS), 'source') },
    }),
    reasons: stacked({
      title: 'Why not from the back-end',
      unit: 'reqps',
      help: 'refused, reset, limit, status: mend the back-end. breaker: it failed before and is left alone, see Breakers. overload: too many calls at a time, see concurrency. docs/errors.md has a paragraph for each reason, with what to do.',
      queries: { '{{reason}}': sum(rate(ANSWERS, 'reason!=""'), 'reason') },
    }),
    breakers: timeline({
      title: 'Breakers',
      unit: 'none',
      help: 'Whether calls go to an upstream. Open: it failed or was slow too often and gets only probes; look at that back-end. Half-open for long: probes fail. Many changes: it flaps, or breaker.minCalls is too small for its traffic.',
      queries: { '{{app}} {{upstream}}': `max by (app, upstream) (${select('breakwater_breaker_state')})` },
      states: {
        [BREAKER_STATES.closed]: ['closed', 'green'],
        [BREAKER_STATES['half-open']]: ['half-open', 'orange'],
        [BREAKER_STATES.open]: ['open', 'red'],
      },
    }),
    hedges: stacked({
      title: 'Hedges and retries',
      unit: 'reqps',
      help: 'won: the second attempt was quicker, WCS was spared a wait. lost: it was not needed. failed: neither helped. denied: the budget was spent, or no other back-end had a closed breaker and room. Many lost: raise hedge.min. Many denied: the back-end is too slow for hedging to help.',
      queries: {
        'hedge {{result}}': sum(rate('breakwater_hedges_total'), 'result'),
        'retry {{result}}': sum(rate('breakwater_retries_total'), 'result'),
      },
    }),
    delays: lines({
      title: 'Hedge delay',
      unit: 's',
      help: 'After how long a second attempt would go out now; it follows the latency of the hook. At hedge.max the back-end is slower than that: hedges then come early and spend the budget, so raise hedge.max or mend the back-end.',
      queries: { '{{app}} {{hook}}': `max by (app, hook) (${select('breakwater_hedge_delay_seconds')})` },
    }),
    concurrency: lines({
      title: 'Attempts at the back-end, and calls that wait',
      unit: 'short',
      help: 'Attempts that are out now, and calls that wait for room. If calls wait, attempts stand at the limit: the back-end is slow, or concurrency.max is too low for it; raise that only if the back-end has cores to spare. Where max is auto the limit follows what the back-end bears: if it falls, look at what became slower or fails there.',
      queries: {
        'at {{upstream}}': sum(select('breakwater_inflight'), 'upstream'),
        'limit of {{upstream}}': sum(select('breakwater_concurrency_limit'), 'upstream'),
        'waiting for {{upstream}}': sum(select('breakwater_queued'), 'upstream'),
      },
    }),
    joined: lines({
      title: 'Calls without an attempt of their own',
      unit: 'reqps',
      help: 'coalesced: equal calls that shared an attempt. repeat: WCS sent a request again because its connection broke; if there are many, look for what breaks connections between WCS and the gateway. abandoned: WCS hung up before the answer; if there are any, its timeout is shorter than wcs.requestTimeout says.',
      queries: {
        coalesced: sum(rate('breakwater_coalesced_total')),
        'repeat {{result}}': sum(rate('breakwater_repeats_total'), 'result'),
        abandoned: sum(rate('breakwater_abandoned_total', OF_HOOKS)),
      },
    }),
    backlog: lines({
      title: 'Stored events that wait',
      unit: 'short',
      help: 'Notifications on disk that the back-end has not got yet. Growing: the back-end is away. Not falling after it is back: see what became of them beside, and `breakwater events list`. With a journal in Redis each instance shows all of it: choose one gateway above.',
      queries: { '{{app}}': `sum by (app) (${select('breakwater_events_pending')})` },
    }),
    age: lines({
      title: 'Age of the oldest stored event',
      unit: 's',
      help: 'At events.keepFor it is given up. If it grows while others are delivered, one session is stuck: `breakwater events list` shows its first event and why it comes back.',
      queries: { '{{app}}': `max by (app) (${select('breakwater_events_oldest_seconds')})` },
    }),
    fates: stacked({
      title: 'What became of stored events',
      unit: 'ops',
      help: 'stored and delivered should balance in the end. dead: the back-end rejected them for good. expired: it was away for longer than events.keepFor. Both are kept for you: `breakwater events list`, then retry or drop.',
      queries: { '{{app}} {{result}}': sum(rate('breakwater_events_total'), 'app', 'result') },
    }),
  };
};
