import { SOURCES } from '../core/call.ts';
import { FAMILIES } from './families.ts';
import type { Family } from './family.ts';
import { AGE_BOUNDS_MS, BOUNDS_MS } from './histogram.ts';
import { BREAKER_STATES } from './samples.ts';

const code = (text: string): string => `\`${text}\``;

const writeRow = ({ name, type, labels, help }: Family): string =>
  `| ${code(name)} | ${type} | ${labels.map(code).join(', ')} | ${help} |`;

const INTRO = `# Metrics

\`GET /metrics\` on the admin listener gives all of this in the Prometheus text format, or as OpenMetrics if the Accept
header asks for it. Times are seconds. This page is made by \`npm run docs\` from the table in the source.
`;

const LABELS = `## Labels

Their values come from the configuration and from the catalogue of hooks alone, so the number of series is bounded:
whatever names WCS or a stranger calls, a hook that neither knows is counted as \`other\`.

* \`app\`: \`apps[].name\`, or \`passthrough\` where no app has the path. \`hook\`: a name from the catalogue or one written out
  in \`hooks\`, else \`other\`; \`passthrough\` for all that [passes through](pass-through.md).
* \`upstream\`: as in \`upstreams\`, without user and password.
* \`source\`: ${SOURCES.map(code).join(', ')}; the first word of the \`Breakwater-Answer\` header.
* \`reason\`: a code of [errors.md](errors.md); empty if the answer is the back-end's own. Of
  \`breakwater_upstream_ejections_total\` one of [four](replicas.md#when-one-is-left-out).
* \`code\`: the HTTP status that WCS got, \`other\` if it is none that an RFC names. In
  \`breakwater_rejected_requests_total\` it is a code of [errors.md](errors.md).
* \`outcome\`: \`ok\`, \`verdict\` (403 and other 4xx: an answer, not a failure), \`refused\`, \`reset\`, \`timeout\`,
  \`status\` (5xx), \`body\` (no JSON), \`cancelled\` (cut by the gateway: the loser of a hedge, a client who left).

A counter has no series before it counts for the first time; \`breakwater_limit_missed_total\` has one as soon as anything
of its hook is counted. So \`rate\` and \`increase\` do not see what was counted before the first scrape of a series; the
alerts for which that matters take the value of a new series as a whole. Those of hooks and upstreams that a reload
removed stay until the process ends, as Prometheus likes it; gauges go at once.
`;

const QUESTIONS = `## Questions and answers

| question | query |
|---|---|
| What share of answers was not the back-end's own? | \`sum by (app) (rate(breakwater_answers_total{source!~"upstream\\|hedge"}[5m])) / sum by (app) (rate(breakwater_answers_total[5m]))\` |
| Why? | \`sum by (app, reason) (rate(breakwater_answers_total{reason!=""}[5m]))\` |
| How long does WCS wait, at the 99th percentile? | \`histogram_quantile(0.99, sum by (le, app) (rate(breakwater_answer_duration_seconds_bucket{hook!="passthrough"}[5m])))\` |
| Which upstreams are left alone, and which left out? | \`breakwater_breaker_state == ${BREAKER_STATES.open}\`, \`breakwater_upstream_healthy == 0\` |
| What share of what passes through is a failure? | \`sum by (app) (rate(breakwater_answers_total{hook="passthrough", reason!=""}[5m])) / sum by (app) (rate(breakwater_answers_total{hook="passthrough"}[5m]))\` |
| What do hedges and retries cost the back-end? | \`(sum(rate(breakwater_hedges_total{result!="denied"}[5m])) + sum(rate(breakwater_retries_total{result="sent"}[5m]))) / sum(rate(breakwater_upstream_attempts_total[5m]))\` |
`;

const writeTable = (): string =>
  ['| metric | type | labels | what it says |', '|---|---|---|---|', ...FAMILIES.map(writeRow), ''].join('\n');

const writeBuckets =
  (): string => `Upper bounds of the histograms in seconds: ${BOUNDS_MS.map(ms => ms / 1000).join(', ')}.
Of ages: ${AGE_BOUNDS_MS.map(ms => ms / 1000).join(', ')}.

Node's own metrics (\`process_*\`, \`nodejs_*\`) follow; they are those of prom-client.
`;

/** `docs/metrics.md`: every metric, what its labels can be, and what to ask of it. */
export const metricsDocument = {
  file: 'docs/metrics.md',
  render: (): string => [INTRO, writeTable(), writeBuckets(), LABELS, QUESTIONS].join('\n'),
};
