import { median, print } from '../figures.ts';
import { atMost, never, type Outcome, type Section, shown, type Table, type Verdict } from '../section.ts';
import { missingTool } from '../tools.ts';
import { BUDGET_MS, play, type Span, TROUBLE_SECONDS } from '../wcs/redis-course.ts';
import { CALLERS, HOOKS, RATE, type Sent } from '../wcs/redis-traffic.ts';

/** One for the session and one for the verdict. */
const OVERHEAD_MS = 5;
/** What the product promises. */
const USED_WITHIN_MS = 5000;

/** A caller must get his verdict, and a session that cannot be looked up is unknown: 503, the safe side. */
const isFine = ({ hook, heard }: Sent): boolean => {
  const answer = `${heard?.source} ${heard?.status}`;
  return hook === 'connect' ? answer === 'cached 200' : answer === 'echo 200' || answer === 'unavailable 503';
};

const timesOf = ({ sent }: Span, hook?: Sent['hook']): number[] =>
  sent.filter(each => hook === undefined || each.hook === hook).flatMap(({ heard }) => (heard ? [heard.ms] : []));

const share = (times: readonly number[], at: number): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * at)] ?? Number.NaN;

const known = ({ sent }: Span): string => {
  const asked = sent.filter(({ hook }) => hook === 'publishStream');
  return `${asked.filter(({ heard }) => heard?.source === 'echo').length} of ${asked.length}`;
};

const failures = ({ sent }: Span): number => sent.filter(each => !isFine(each)).length;

const rowOf = (span: Span, well: number): string[] => {
  const times = timesOf(span);
  return [
    span.name,
    String(span.sent.length),
    String(failures(span)),
    ...[median(times), share(times, 0.99), Math.max(...times)].map(print),
    ...HOOKS.map(hook => print(Math.max(...timesOf(span, hook)) - well)),
    print(span.clockMs),
    String(span.lookups),
    known(span),
    span.usedAfterMs === undefined ? '' : print(span.usedAfterMs),
  ];
};

const HEAD = [
  'trouble',
  'calls',
  'failed',
  'p50 ms',
  'p99 ms',
  'worst ms',
  'worst added to connect, ms',
  'and to publishStream',
  'own timers late, ms',
  'look-ups answered meanwhile',
  'sessions known',
  'used again after ms',
];

const NOTES = [
  `${RATE} calls/s to a gateway that has been started anew and has asked Redis once for each caller, while the back-end is down and the breaker open: nothing but memory and Redis is asked. Half are \`connect\` of ${CALLERS} callers, whose verdict is due, the others \`publishStream\` in sessions that only Redis knows; one that cannot be looked up is answered 503 and not counted as failed.`,
  `Each trouble lasts ${TROUBLE_SECONDS} s; calls and times are of those and of the return. Added: beyond the median of the same calls with Redis well. The budget is ${BUDGET_MS} ms for all that a call asks; \`connect\` asks for a verdict, \`publishStream\` for the session and, where that is not known, for a verdict. The worst times of rows in which the timers of the bench itself were later than that are not judged. Restarted: SIGTERM, and started again at once.`,
];

/** What the machine itself held up says nothing about Redis. */
const isUndisturbed = ({ clockMs }: Span): boolean => clockMs < BUDGET_MS;

const judgeWorst = (spans: readonly Span[], well: number): Verdict => {
  const what = 'worst time that it added to a call, ms';
  const times = spans.filter(isUndisturbed).flatMap(span => timesOf(span));
  if (times.length === 0) return shown(what, 'the machine was too busy');
  return atMost(what, Math.max(...times) - well, BUDGET_MS + OVERHEAD_MS);
};

const judge = (spans: readonly Span[], well: number): Verdict[] => {
  const failed = spans.reduce((sum, each) => sum + failures(each), 0);
  const usedAfterMs = Math.max(...spans.map(each => each.usedAfterMs ?? 0));
  return [
    never('calls failed while Redis was killed, paused, full, read-only, restarted', failed),
    judgeWorst(spans, well),
    atMost('until it was used again, ms', usedAfterMs, USED_WITHIN_MS),
  ];
};

/** What a Redis in trouble costs the calls, and how soon it is used again. */
export const redis: Section = {
  name: 'redis',
  title: 'Redis in trouble',
  run: async (bench): Promise<Outcome> => {
    const why = missingTool(['redis-server']);
    if (why) return { tables: [{ title: '', head: HEAD, rows: [], notes: [`Left out: ${why}.`] }], verdicts: [] };
    const spans = await play(bench);
    const [first] = spans;
    const well = first ? median(timesOf(first)) : Number.NaN;
    const table: Table = { title: '', head: HEAD, rows: spans.map(span => rowOf(span, well)), notes: NOTES };
    return { tables: [table], verdicts: judge(spans, well) };
  },
};
