import { median, shuffle } from './figures.ts';
import type { Running } from './lab.ts';
import type { Result, Script } from './load.ts';
import type { Bench } from './section.ts';
import { rssMb, watch } from './usage.ts';

/** One running target, and what is called there. */
export interface Entrant {
  readonly name: string;
  readonly running: Running;
  readonly script: Script;
}

export interface Sample extends Result {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly rssMb: number;
  /** What share of the target's core went to somebody else meanwhile. */
  readonly otherShare: number;
}

export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** The compilers of V8 need tens of thousands of calls before code is as fast as it gets; time alone says nothing. */
const WARM_REQUESTS = 50_000;
const WARM_SECONDS = 120;
const WARM_CONNECTIONS = 50;
const DISTURBED = 0.15;

/** Every target gets the same number of calls, however long it takes for them. */
export const warm = async ({ load, quick, say }: Bench, { name, running, script }: Entrant): Promise<void> => {
  say(`warming up ${name}`);
  const requests = quick ? WARM_REQUESTS / 5 : WARM_REQUESTS;
  const { answered } = await load.closed(running.port, script, WARM_CONNECTIONS, WARM_SECONDS, requests);
  if (answered < requests) throw new Error(`${name} answered ${answered} of ${requests} calls to warm up with`);
};

const sample = async ({ running }: Entrant, run: (port: number) => Promise<Result>): Promise<Sample> => {
  const end = watch(running.pid);
  const result = await run(running.port);
  const { cpuUs, otherShare } = end();
  const perSecond = result.answered / result.seconds;
  return { ...result, perSecond, cpuUs: cpuUs / result.answered, rssMb: rssMb(running.pid), otherShare };
};

/** Takes a sample again if somebody else had much of the core, and keeps the less disturbed one. */
const calmSample = async (entrant: Entrant, run: (port: number) => Promise<Result>): Promise<Sample> => {
  const first = await sample(entrant, run);
  if (first.otherShare < DISTURBED) return first;
  const second = await sample(entrant, run);
  return second.otherShare < first.otherShare ? second : first;
};

/** Measures all entrants in turn, in another order each round, so that a change of the machine's mood hits all alike. */
export const playRounds = async (
  bench: Bench,
  entrants: readonly Entrant[],
  rounds: number,
  run: (entrant: Entrant, port: number) => Promise<Result>,
): Promise<Samples> => {
  const samples = new Map<string, Sample[]>(entrants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    bench.say(`round ${round} of ${rounds}`);
    for (const entrant of shuffle(entrants)) {
      samples.get(entrant.name)?.push(await calmSample(entrant, port => run(entrant, port)));
    }
  }
  return samples;
};

/** The median of a figure over all rounds. */
export const middle = (samples: Samples, name: string, figure: (sample: Sample) => number): number =>
  median((samples.get(name) ?? []).map(figure));

/** The median of the ratios that each round gives: what happened to both alike drops out. */
export const ratio = (samples: Samples, name: string, base: string, figure: (sample: Sample) => number): number => {
  const bases = samples.get(base) ?? [];
  const ratios = (samples.get(name) ?? []).flatMap((one, round) => {
    const other = bases[round];
    return other ? [figure(one) / figure(other)] : [];
  });
  return median(ratios);
};

/** By how much a figure is above that of `base`, for each round. */
export const excess = (samples: Samples, name: string, base: string, figure: (sample: Sample) => number): number[] => {
  const bases = samples.get(base) ?? [];
  return (samples.get(name) ?? []).flatMap((one, round) => {
    const other = bases[round];
    return other ? [figure(one) - figure(other)] : [];
  });
};

/** Says how much the machine was shared, so that nobody takes a bad hour for a finding. */
export const describeCalm = (samples: Samples): string => {
  const shares = [...samples.values()].flat().map(({ otherShare }) => otherShare);
  const worst = Math.max(...shares);
  return `Of the measured core, other work took ${(median(shares) * 100).toFixed(0)} % (median) and at most ${(worst * 100).toFixed(0)} % of a sample's time.`;
};
