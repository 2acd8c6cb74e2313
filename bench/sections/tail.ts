import { percent, print } from '../figures.ts';
import type { Result } from '../load.ts';
import { count, enterReplicated, forget, type Replicated, type Toll, turn } from '../replicas.ts';
import { describeCalm, type Entrant, middle, playRounds, type Samples } from '../rounds.ts';
import type { Bench, Outcome, Section, Table, Verdict } from '../section.ts';

const PER_SECOND = 300;
const CONNECTIONS = 300;
const LIMIT_MS = 3000;
const SETTLE_SECONDS = 4;
const BUDGET = 0.05;
/** So many unspent repeats a gateway saves up in good times. */
const SAVED = 20;

/** Answers take 5 ms; 4 % of them 2 s, or all of them 100 ms. */
const USUAL = '5';
const STALLING = '5,0.04,2000';
const SLOWED = '100';

const HEDGED = 'breakwater';
const PLAIN = 'breakwater, hedge: false';
const ONCE = 'breakwater, idempotent: false, attemptLimit: 1s';

const play = ({ load }: Bench, { running, script }: Entrant, seconds: number): Promise<Result> =>
  load.open(running.port, script, CONNECTIONS, seconds, PER_SECOND);

/** Lets a gateway get to know its replicas as they are now. */
const settle = async (bench: Bench, entrant: Replicated, behaviour: string): Promise<void> => {
  await turn(entrant, behaviour);
  await forget(entrant);
  await play(bench, entrant, SETTLE_SECONDS);
};

interface Tail {
  readonly samples: Samples;
  readonly tolls: ReadonlyMap<string, Toll>;
}

const playStalling = async (bench: Bench, entrants: readonly Replicated[]): Promise<Tail> => {
  const [rounds, seconds] = bench.quick ? [1, 4] : [2, 15];
  bench.say('the gateways get to know their replicas');
  await Promise.all(entrants.map(entrant => settle(bench, entrant, STALLING)));
  const ends = await Promise.all(entrants.map(async entrant => [entrant.name, await count(bench, entrant)] as const));
  const samples = await playRounds(bench, entrants, rounds, entrant => play(bench, entrant, seconds));
  const tolls = new Map<string, Toll>();
  for (const [name, end] of ends) tolls.set(name, await end());
  return { samples, tolls };
};

/** The worst time for hedges: every call is later than the quantile that they wait for. */
const playSlowed = async (bench: Bench, entrant: Replicated): Promise<Toll> => {
  bench.say('all answers take twenty times as long');
  await settle(bench, entrant, USUAL);
  const end = await count(bench, entrant);
  await turn(entrant, SLOWED);
  await play(bench, entrant, bench.quick ? 4 : 20);
  return end();
};

const tailTable = ({ samples, tolls }: Tail): Table => ({
  title: '4 % of calls stall for 2 s, the others take 5 ms',
  head: ['target', 'p50 ms', 'p95 ms', 'p99 ms', 'p99.9 ms', 'extra calls', 'repeats', 'connections', 'cut off'],
  rows: [...tolls].map(([name, { extra, repeats, opened, aborted }]) => [
    name,
    ...(['p50', 'p95', 'p99', 'p999'] as const).map(figure => print(middle(samples, name, each => each[figure]))),
    percent(extra),
    ...[repeats, opened, aborted].map(String),
  ]),
  notes: [
    `${PER_SECOND} calls a second at random moments before two replicas. Repeats are requests that a replica saw marked as a second attempt; connections are those opened meanwhile.`,
    'Where attemptLimit is 1 s each stalled attempt fails while the call still has time: a gateway that repeated what it may not would do so here.',
    describeCalm(samples),
  ],
});

const slowedTable = ({ calls, repeats, extra }: Toll): Table => ({
  title: 'All answers take 100 ms instead of 5',
  head: ['target', 'calls', 'repeats', 'extra calls'],
  rows: [[HEDGED, print(calls), String(repeats), percent(extra)]],
  notes: [`The budget is 5 % of the calls, and up to ${SAVED} repeats that better times have left unspent.`],
});

const judge = ({ samples, tolls }: Tail, slowed: Toll): Verdict[] => {
  const p99 = (name: string) => middle(samples, name, each => each.p99);
  const extra = tolls.get(HEDGED)?.extra ?? Number.NaN;
  const repeats = tolls.get(ONCE)?.repeats ?? Number.NaN;
  const beyond = slowed.repeats - SAVED;
  return [
    {
      what: 'p99 where 4 % of calls stall for 2 s: with and without hedging, ms',
      measured: `${print(p99(HEDGED))} and ${print(p99(PLAIN))}`,
      target: 'shorter with',
      met: p99(HEDGED) < p99(PLAIN),
    },
    { what: 'extra calls meanwhile', measured: percent(extra), target: 'at most 5 %', met: extra <= BUDGET },
    {
      what: 'extra calls while all answers are 20 times slower',
      measured: percent(slowed.extra),
      target: `at most 5 % and ${SAVED} saved up`,
      met: beyond <= BUDGET * slowed.calls,
    },
    { what: 'repeats where idempotent is false', measured: String(repeats), target: '0', met: repeats === 0 },
  ];
};

/** What hedging gains when some calls stall, and what it costs then and when all are slow. */
export const tail: Section = {
  name: 'tail',
  title: 'Tail, two replicas',
  run: async (bench): Promise<Outcome> => {
    const start = (name: string, app: Readonly<Record<string, unknown>>) =>
      enterReplicated(bench, name, { limitMs: LIMIT_MS, app });
    const hedged = await start(HEDGED, {});
    const plain = await start(PLAIN, { hedge: false });
    const once = await start(ONCE, { idempotent: false, attemptLimit: '1s' });
    const stalling = await playStalling(bench, [hedged, plain, once]);
    const slowed = await playSlowed(bench, hedged);
    return { tables: [tailTable(stalling), slowedTable(slowed)], verdicts: judge(stalling, slowed) };
  },
};
