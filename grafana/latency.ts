import type { Declared } from './dashboard.ts';
import { heatMap, lines, stacked } from './panels.ts';
import { narrowedBy, share, sum, type Variable, WAIT } from './promql.ts';

const variables: readonly Variable[] = ['instance', 'app', 'hook', 'upstream'];
const { rate, quantile, buckets } = narrowedBy(...variables);

const ATTEMPT = 'breakwater_upstream_duration_seconds';
const ATTEMPTS = 'breakwater_upstream_attempts_total';

/** How long hooks take, as WCS sees it and as the back-end makes it. */
export const latency: Declared = {
  uid: 'breakwater-latency',
  title: 'Back-end latency',
  help: 'How long WCS waited, and how long each back-end took for each hook. The upper row is what callers feel; the rows below tell whose doing it is.',
  variables,
  rows: {
    'What WCS waited': [
      lines({
        title: 'WCS waited',
        unit: 's',
        help: 'From the first byte of a hook to its answer, whatever its source. If p99 rises and p50 does not, some calls are slow: see the heat map for how slow, then which hook it is. If all rise to the limit, no back-end answers: see The shield for who answers instead.',
        queries: { p50: quantile(0.5, WAIT), p95: quantile(0.95, WAIT), p99: quantile(0.99, WAIT) },
      }),
      heatMap({
        title: 'How the waits are spread',
        unit: 'reqps',
        help: 'Answers a second by how long WCS waited. Two bands mean two kinds of calls: choose hooks one by one to part them. A band at the limit is calls whose back-end was silent: shorten attemptLimit, so that another upstream is tried in time.',
        queries: { '{{le}}': buckets(WAIT) },
      }),
      lines({
        title: 'WCS waited, p99 by hook',
        unit: 's',
        help: 'If one hook stands out, its handler in the back-end is slow: compare with the same hook below. If it is quick there and slow here, calls queue for room: see concurrency on The shield.',
        queries: { '{{app}} {{hook}}': quantile(0.99, WAIT, 'app', 'hook') },
      }),
    ],
    'What the back-end took, by hook and upstream': [0.5, 0.95, 0.99].map(q =>
      lines({
        title: `Attempts, p${q * 100}`,
        unit: 's',
        help: 'Time of single attempts at a back-end; those that the gateway cut short are left out. If one upstream is slower than its twins, look at that machine. If one hook is slow everywhere, look at what they share, such as the database.',
        queries: { '{{hook}} at {{upstream}}': quantile(q, ATTEMPT, 'hook', 'upstream') },
      }),
    ),
    'How attempts ended': [
      heatMap({
        title: 'How the attempts are spread',
        unit: 'reqps',
        help: 'Attempts a second by how long the back-end took. A band at attemptLimit or connectLimit is a back-end that accepts and stays silent, or one that cannot be reached: try it by hand from the host of the gateway.',
        queries: { '{{le}}': buckets(ATTEMPT) },
      }),
      stacked({
        title: 'Attempts by outcome',
        unit: 'reqps',
        help: 'ok and verdict (403 and other 4xx) are answers. refused: nobody listens, start the back-end. timeout: it is overloaded or stuck. reset and body: it breaks off or answers no JSON, see its own log. status: it answered 5xx. cancelled: the gateway cut the loser of a hedge, no harm. Hooks are not told apart here.',
        queries: { '{{outcome}}': sum(rate(ATTEMPTS), 'outcome') },
      }),
      lines({
        title: 'Share of attempts that failed',
        unit: 'percentunit',
        help: 'By upstream, without those that the gateway cancelled. If one upstream fails and another does not, take it out of service and mend it; the breaker already keeps calls away. If all fail, mend what they share. Hooks are not told apart here.',
        queries: {
          '{{app}} {{upstream}}': share(
            sum(rate(ATTEMPTS, 'outcome!~"ok|verdict|cancelled"'), 'app', 'upstream'),
            sum(rate(ATTEMPTS, 'outcome!="cancelled"'), 'app', 'upstream'),
          ),
        },
      }),
    ],
  },
};
