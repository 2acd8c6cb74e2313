import { print } from '../figures.ts';
import { never, type Outcome, type Section, shown, type Table, type Verdict } from '../section.ts';
import { missingTool } from '../tools.ts';
import {
  count,
  endedByOutage,
  endedByRestart,
  ever,
  heldAndStarted,
  kindsOf,
  NO_ANSWERS,
  unanswered,
  wordsOf,
} from '../wcs/counts.ts';
import {
  type Course,
  compileWcs,
  KEEP_ALIVE_MS,
  LIMIT_MS,
  PHASES,
  type Phase,
  play,
  SESSIONS,
  type Setup,
  WCS_TIMEOUT_MS,
} from '../wcs/course.ts';

const NEEDED = ['java', 'javac', 'httpclient.jar', 'redis-server'];

const SETUPS: readonly Setup[] = [
  { name: 'auto', hasRedis: false, app: {} },
  { name: 'auto, Redis', hasRedis: true, app: {} },
  {
    name: 'provisional, Redis',
    hasRedis: true,
    app: { hooks: { connect: { fallback: ['cached', 'provisional'] } } },
  },
];

const NOTES = [
  `${SESSIONS} clients of a WCS written in Java with Apache HttpClient, which does what the documentation says of restClientConfig; one in ten is a stranger. The rules come in eight kinds: none; FAIL where something begins; FAIL for keep-alives; FAIL for all; OVERWRITE; DISABLE; malformed, which WCS takes for none.`,
  `Healthy; stalled: the back-end takes requests and answers none; restarting: the gateway is killed and started again meanwhile; restarted: still stalled; back. The limit is ${LIMIT_MS} ms, rest_request_timeout ${WCS_TIMEOUT_MS} ms. Each answer is counted where its request began.`,
  'Auto: `fallback: auto` for all. Provisional: `[cached, provisional]` for `connect`. An answer counts where the session was told FAIL or OVERWRITE; of a malformed rule the gateway supposes that it does.',
];

/** The back-end's own answers first, then what a rung gave, then no answer at all. */
const ANSWERS = [
  'upstream 200',
  'upstream 403',
  'cached 200',
  'cached 403',
  'echo 200',
  'default 200',
  'refused 403',
  'unavailable 503',
  ...NO_ANSWERS,
];

const cell = (times: number): string => (times === 0 ? '' : String(times));

const answersTable = ({ setup, counts }: Course): Table => {
  const found = wordsOf(counts, 3);
  const names = [...ANSWERS.filter(name => found.includes(name)), ...found.filter(name => !ANSWERS.includes(name))];
  const row = (phase: Phase, kind: string): string[] => [
    phase,
    kind,
    ...names.map(name => cell(count(counts, phase, 'answer', kind, name))),
  ];
  return {
    title: `What WCS got: ${setup.name}`,
    head: ['phase', 'hooks', ...names],
    rows: PHASES.flatMap(phase => kindsOf(counts).map(kind => row(phase, kind))),
    notes: [],
  };
};

const arrivals = ({ counts }: Course, standing: string, phase: Phase): string => {
  const ends = ['let in', 'held', 'turned away'];
  const times = ends.map(end => count(counts, phase, 'connect', standing, end));
  return ends.flatMap((end, at) => (times[at] ? `${times[at]} ${end}` : [])).join(', ');
};

const sessionsTable = (courses: readonly Course[]): Table => ({
  title: 'Who was let in',
  head: ['setup', 'clients', ...PHASES],
  rows: courses.flatMap(course =>
    ['honest', 'stranger'].map(standing => [
      course.setup.name,
      standing,
      ...PHASES.map(phase => arrivals(course, standing, phase)),
    ]),
  ),
  notes: [
    'Held: let in by the rung `provisional`; every hook that would do something is refused until the back-end has answered.',
    'Of the strangers the back-end refuses every second one at `connect`; the others it lets connect and start nothing.',
  ],
});

const operationsOf = ({ counts }: Course, standing: string, phase: Phase): string => {
  const [goesOn, refused] = ['goes on', 'refused'].map(end => count(counts, phase, 'operation', standing, end));
  return `${goesOn} of ${(goesOn ?? 0) + (refused ?? 0)}`;
};

const operationsTable = (courses: readonly Course[]): Table => ({
  title: 'What went on, of what clients asked for',
  head: ['setup', 'clients', ...PHASES],
  rows: courses.flatMap(course =>
    ['honest', 'stranger'].map(standing => [
      course.setup.name,
      standing,
      ...PHASES.map(phase => operationsOf(course, standing, phase)),
    ]),
  ),
  notes: ['Publishing, playing, calling, sending data; who is refused asks again every 1.2 s.'],
});

const BEFORE: readonly Phase[] = ['healthy', 'stalled'];
const AFTER: readonly Phase[] = ['restarting', 'restarted', 'back'];

const outageTable = (courses: readonly Course[]): Table => ({
  title: 'What the outage did',
  head: [
    'setup',
    'strangers admitted',
    'hidden names shown',
    "another session's answers",
    'live streams ended by the outage',
    'live streams ended by the kill',
    'ms without a gateway',
    'requests repeated by WCS',
    'held sessions: verified, refused, still waiting',
    'honest ones held before the kill that started something',
    'and after it',
  ],
  rows: courses.map(course => [
    course.setup.name,
    ...['stranger admitted', 'name shown', 'mixed up'].map(what => String(ever(course.counts, what))),
    String(endedByOutage(course)),
    String(endedByRestart(course)),
    print(course.gapMs),
    String(ever(course.counts, 'repeated by WCS')),
    `${course.verified}, ${course.refused}, ${course.waiting}`,
    heldAndStarted(course, 'honest', BEFORE),
    heldAndStarted(course, 'honest', AFTER),
  ]),
  notes: [
    `Where restOnError is FAIL for StreamKeepAliveEvent, a stream ends at any answer but 200 and where there is none. The kill is SIGKILL, and WCS does not repeat what nobody takes. Keep-alives are ${KEEP_ALIVE_MS / 1000} s apart here and 10 s in WCS's own example: five times as many meet the moment without a gateway.`,
  ],
});

const sum = (courses: readonly Course[], figure: (course: Course) => number): number =>
  courses.reduce((all, course) => all + figure(course), 0);

const judge = (courses: readonly Course[]): Verdict[] => {
  const all = (what: string) => sum(courses, ({ counts }) => ever(counts, what));
  return [
    never('simulated WCS through an outage: strangers admitted', all('stranger admitted')),
    never('live streams ended by the outage', sum(courses, endedByOutage)),
    never(
      "answers that carry another session's id, names shown that the back-end hides",
      all('mixed up') + all('name shown'),
    ),
    never(
      'hooks without an answer although a gateway was there',
      sum(courses, ({ counts }) => unanswered(counts)),
    ),
    shown('live streams ended by the kill of the gateway', String(sum(courses, endedByRestart))),
  ];
};

/** A WCS that obeys `restClientConfig`, through an outage of the back-end and the end of a gateway. */
export const wcs: Section = {
  name: 'wcs',
  title: 'A simulated WCS through an outage',
  run: async (bench): Promise<Outcome> => {
    const why = missingTool(NEEDED);
    if (why) return { tables: [{ title: '', head: [], rows: [], notes: [`Left out: ${why}.`] }], verdicts: [] };
    const command = await compileWcs(bench.lab);
    const courses: Course[] = [];
    for (const setup of SETUPS) courses.push(await play(bench, command, setup));
    const answers = courses.map(answersTable);
    const tables = [...answers, sessionsTable(courses), operationsTable(courses), outageTable(courses)];
    return { tables: [{ title: '', head: [], rows: [], notes: NOTES }, ...tables], verdicts: judge(courses) };
  },
};
