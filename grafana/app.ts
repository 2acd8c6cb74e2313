import type { Declared } from './dashboard.ts';
import { heatMap, lines, number, stacked } from './panels.ts';
import { narrowedBy, orZero, sum, type Variable, WAIT } from './promql.ts';
import { ANSWERS, notOwn, shared, turnedAway } from './shared-panels.ts';

const variables: readonly Variable[] = ['instance', 'app', 'hook'];
const queries = narrowedBy(...variables);
const { rate, select, quantile, buckets } = queries;
const panels = shared(queries);

const ATTEMPT = 'breakwater_upstream_duration_seconds';

/** Everything about one app, for whoever follows an alert or a line of another dashboard. */
export const oneApp: Declared = {
  uid: 'breakwater-app',
  title: 'One app',
  help: 'One app from WCS to its back-ends. What has no label hook (attempts by outcome, breakers, concurrency, stored events) is of the whole app whatever hooks are chosen.',
  variables,
  single: 'app',
  rows: {
    Now: [
      number({
        title: 'Answers a second',
        unit: 'reqps',
        help: 'If it is 0 while people are online, WCS does not call this app: compare its REST URL in WCS with apps[].path. (Orange and red are far above what one process answers.)',
        queries: { answers: orZero(sum(rate(ANSWERS))) },
        orange: 20_000,
        red: 30_000,
      }),
      number({
        title: 'Not from the back-end',
        unit: 'percentunit',
        help: 'Above 5 % the back-end of this app is in trouble: the reasons below say in which.',
        queries: { share: notOwn(queries) },
        orange: 0.01,
        red: 0.05,
      }),
      number({
        title: 'Callers turned away',
        unit: 'short',
        help: 'Hooks in the time shown that ended in a 403 or an error of the gateway. `breakwater explain APP HOOK` tells which rungs there are before that.',
        queries: { hooks: turnedAway(queries) },
        orange: 1,
        red: 20,
      }),
      number({
        title: 'WCS waits, p99',
        unit: 's',
        help: 'Near the limit of the app the back-end is silent. Find the hook below.',
        queries: { p99: quantile(0.99, WAIT) },
        orange: 1,
        red: 3,
      }),
    ],
    'Who answers': [
      panels.sources,
      panels.reasons,
      stacked({
        title: 'Answers by hook and status',
        unit: 'reqps',
        help: 'What WCS got. 503 on hooks that decide means refused callers; 403 is a no of the back-end, or of the rung refuse. A hook called other is none that WCS has: somebody else calls, or WCS is newer than the catalogue.',
        queries: { '{{hook}} {{code}}': sum(rate(ANSWERS), 'hook', 'code') },
      }),
    ],
    'How long WCS waits': [
      heatMap({
        title: 'How the waits are spread',
        unit: 'reqps',
        help: 'Answers a second by how long WCS waited. A band at the limit is a silent back-end; one at hedge.max plus a little is hedges that save the call.',
        queries: { '{{le}}': buckets(WAIT) },
      }),
      lines({
        title: 'p99 by hook',
        unit: 's',
        help: 'If one hook stands out, choose it above and compare with what the back-end took.',
        queries: { '{{hook}}': quantile(0.99, WAIT, 'hook') },
      }),
      lines({
        title: 'p99 by source',
        unit: 's',
        help: 'How long it took until that source answered. cached or echo near the limit: the whole limit was spent on waiting first; a shorter attemptLimit or a breaker that opens sooner spares WCS that wait.',
        queries: { '{{source}}': quantile(0.99, WAIT, 'source') },
      }),
    ],
    'What its back-ends do': [
      lines({
        title: 'Attempts, p99 by upstream',
        unit: 's',
        help: 'If one upstream is slower than its twins, look at that machine: load, database connections, garbage collection.',
        queries: { '{{upstream}}': quantile(0.99, ATTEMPT, 'upstream') },
      }),
      stacked({
        title: 'Attempts by upstream and outcome',
        unit: 'reqps',
        help: 'All but ok, verdict and cancelled are failures; docs/metrics.md says what each means. If an upstream gets none, its breaker is open: see beside.',
        queries: {
          '{{upstream}} {{outcome}}': sum(rate('breakwater_upstream_attempts_total'), 'upstream', 'outcome'),
        },
      }),
      panels.breakers,
      panels.concurrency,
    ],
    'Second attempts, and calls without one': [panels.hedges, panels.delays, panels.joined],
    'Stored events': [
      panels.backlog,
      panels.age,
      panels.fates,
      lines({
        title: 'Dead letters',
        unit: 'short',
        help: 'Events of this app that were given up: `breakwater events list --state dead` says why. Mend the back-end, then retry or drop them.',
        queries: { '{{app}}': `max by (app) (${select('breakwater_events_dead')})` },
      }),
    ],
  },
};
