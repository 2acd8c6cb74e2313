import { enter, type Field } from '../field.ts';
import { percent, print, printRange } from '../figures.ts';
import { CONNECTS, seen } from '../load.ts';
import { describeCalm, type Entrant, middle, playRounds, ratio, type Samples, warm } from '../rounds.ts';
import { atLeast, type Bench, type Outcome, type Section, type Verdict } from '../section.ts';

const CONNECTIONS = 50;
const OURS = 'breakwater';
const ALL_KEPT = 'breakwater, connect hooks alone';

const row = (samples: Samples, name: string, extra: string): string[] => {
  const all = samples.get(name) ?? [];
  return [
    name,
    printRange(all.map(({ perSecond }) => perSecond)),
    printRange(all.map(({ cpuUs }) => cpuUs)),
    print(middle(samples, name, ({ p99 }) => p99)),
    print(middle(samples, name, each => each.rssMb)),
    print(ratio(samples, name, 'http-proxy', ({ perSecond }) => perSecond)),
    print(ratio(samples, name, 'nginx', ({ perSecond }) => perSecond)),
    print(ratio(samples, name, 'nginx', ({ cpuUs }) => cpuUs)),
    extra,
  ];
};

const HEAD = [
  'target',
  'calls/s',
  'CPU µs/call',
  'p99 ms',
  'RSS MB',
  'calls/s, http-proxy = 1',
  'calls/s, nginx = 1',
  'CPU, nginx = 1',
  'extra calls',
];

const judge = (samples: Samples): Verdict[] => {
  const perSecond = (base: string) => ratio(samples, OURS, base, each => each.perSecond);
  return [
    atLeast('calls/s, all features on, against bare http-proxy', perSecond('http-proxy'), 1.5),
    atLeast('calls/s, all features on, against nginx', perSecond('nginx'), 0.35),
  ];
};

/** Calls a second and CPU per call when all are kept as busy as they can be. */
export const throughput: Section = {
  name: 'throughput',
  title: `Throughput, ${CONNECTIONS} connections`,
  run: async (bench): Promise<Outcome> => {
    const { entrants: field, upstreams, missing } = await enter(bench);
    const ours = field.find(({ name }) => name === OURS);
    const entrants = [...field, ...(ours ? [{ ...ours, name: ALL_KEPT, script: CONNECTS }] : [])];
    for (const entrant of entrants) await warm(bench, entrant);
    const [rounds, seconds] = bench.quick ? [2, 1] : [7, 2];
    const samples = await playRounds(bench, entrants, rounds, ({ script }, port) =>
      bench.load.closed(port, script, CONNECTIONS, seconds),
    );
    const rows: string[][] = [];
    for (const entrant of entrants) rows.push(row(samples, entrant.name, await extraCalls(bench, upstreams, entrant)));
    const notes = [
      ...missing,
      `Medians of ${rounds} rounds of ${seconds} s (lowest to highest); ratios are medians of the ratios of each round.`,
      'The calls are those of publishers who connect, publish and leave: seven hooks of 200 to 700 bytes, and the same back. breakwater keeps the answers to two of them as last good (in the row with connect hooks alone all of them), hedges, and writes a log line for each call; nginx writes a buffered log; the others do nothing but proxy.',
      describeCalm(samples),
    ];
    return { tables: [{ title: '', head: HEAD, rows, notes }], verdicts: judge(samples) };
  },
};

/** What share of calls more than the clients' own reached the back-end. */
const extraCalls = async (
  { load }: Bench,
  upstreams: Field['upstreams'],
  { name, running }: Entrant,
): Promise<string> => {
  const upstream = upstreams.get(name);
  return upstream ? percent((await seen(upstream)).requests / load.sent(running.port) - 1) : 'as above';
};
