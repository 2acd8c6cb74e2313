import { enter } from '../field.ts';
import { median, print } from '../figures.ts';
import { SESSION } from '../load.ts';
import { describeCalm, type Entrant, excess, middle, playRounds, type Sample, type Samples, warm } from '../rounds.ts';
import { type Bench, type Outcome, type Section, shown, type Verdict } from '../section.ts';

const CONNECTIONS = 50;
const PER_SECOND = 500;
const DIRECT = 'direct';

const HEAD = ['target', 'p50 ms', 'p99 ms', 'p50 more than direct', 'p99 more than direct', 'CPU µs/call'];

const p50 = (sample: Sample): number => sample.p50;
const p99 = (sample: Sample): number => sample.p99;

const row = (samples: Samples, name: string): string[] => [
  name,
  print(middle(samples, name, p50)),
  print(middle(samples, name, p99)),
  ...[p50, p99].map(figure => (name === DIRECT ? '' : print(median(excess(samples, name, DIRECT, figure))))),
  print(middle(samples, name, ({ cpuUs }) => cpuUs)),
];

const tell = (samples: Samples, entrants: readonly Entrant[]): Verdict => {
  const added = (name: string) =>
    [p50, p99].map(figure => print(median(excess(samples, name, DIRECT, figure)))).join(' and ');
  const nginx = entrants.some(({ name }) => name === 'nginx') ? `; nginx ${added('nginx')}` : '';
  return shown(`added p50 and p99 at ${PER_SECOND} calls/s, ms`, `${added('breakwater')}${nginx}`);
};

/** What a call takes longer through each target than straight to the back-end, when nobody is busy. */
export const latency: Section = {
  name: 'latency',
  title: `Latency at ${PER_SECOND} calls a second`,
  run: async (bench: Bench): Promise<Outcome> => {
    const { entrants: field, missing } = await enter(bench);
    for (const entrant of field) await warm(bench, entrant);
    const direct = { name: DIRECT, running: await bench.load.upstream(), script: SESSION };
    const entrants: Entrant[] = [direct, ...field];
    const [rounds, seconds] = bench.quick ? [1, 2] : [5, 4];
    const samples = await playRounds(bench, entrants, rounds, ({ script }, port) =>
      bench.load.open(port, script, CONNECTIONS, seconds, PER_SECOND),
    );
    const rows = entrants.map(({ name }) => row(samples, name));
    const notes = [
      ...missing,
      `Medians of ${rounds} rounds of ${seconds} s. Calls are due at random moments (Poisson), and a time counts from when its call was due.`,
      'A call that comes alone wakes everybody for itself, so its CPU is a multiple of that under full load.',
      describeCalm(samples),
    ];
    return { tables: [{ title: '', head: HEAD, rows, notes }], verdicts: [tell(samples, entrants)] };
  },
};
