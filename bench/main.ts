import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureTools } from '../scripts/tools.ts';
import { canPin, Lab } from './lab.ts';
import { Load } from './load.ts';
import { describeMachine } from './machine.ts';
import { type Played, QUICK_NOTE, renderReport, renderSection, renderVerdicts } from './report.ts';
import type { Section } from './section.ts';
import { breakerOpen } from './sections/breaker-open.ts';
import { capacity } from './sections/capacity.ts';
import { crash } from './sections/crash.ts';
import { drain } from './sections/drain.ts';
import { java } from './sections/java.ts';
import { journal } from './sections/journal.ts';
import { latency } from './sections/latency.ts';
import { micro } from './sections/micro.ts';
import { passThrough } from './sections/pass-through.ts';
import { recovery } from './sections/recovery.ts';
import { redis } from './sections/redis.ts';
import { replicas } from './sections/replicas.ts';
import { slowClients } from './sections/slow-clients.ts';
import { stall } from './sections/stall.ts';
import { tail } from './sections/tail.ts';
import { throughput } from './sections/throughput.ts';
import { tls } from './sections/tls.ts';
import { wcs } from './sections/wcs.ts';
import { BENCH_TOOLS } from './tools.ts';

const SECTIONS: readonly Section[] = [
  throughput,
  breakerOpen,
  latency,
  stall,
  tail,
  recovery,
  replicas,
  micro,
  java,
  wcs,
  redis,
  journal,
  crash,
  drain,
  slowClients,
  capacity,
  passThrough,
  tls,
];
const NAMES = SECTIONS.map(({ name }) => name).join(', ');
const RESULTS = join(import.meta.dirname, 'RESULTS.md');

const USAGE = `usage: npm run bench -- [--quick] [--only=SECTION,...] [--out=FILE]

Measures the gateway beside other proxies, on loopback. Ends with 1 if a section broke off or a promise was broken.

  --quick   short rounds, to see that all works; not for figures to quote
  --only    some of: ${NAMES}
  --out     where to write the results; a full run writes bench/RESULTS.md, others only print

With BENCH_NICE=N in the environment everything that it starts runs at this niceness (nice(1)): below 0, which root alone
may set, so that other work on the machine disturbs it less.
`;

interface Options {
  readonly sections: readonly Section[];
  readonly quick: boolean;
  readonly out: string | undefined;
}

/** What the command line asks for, or what is wrong with it. */
const readOptions = (args: string[]): Options | string => {
  try {
    const options = { quick: { type: 'boolean' }, only: { type: 'string' }, out: { type: 'string' } } as const;
    const { quick = false, only, out } = parseArgs({ args, options }).values;
    const wanted = only?.split(',');
    const unknown = wanted?.find(name => !SECTIONS.some(section => section.name === name));
    if (unknown !== undefined) return `there is no section "${unknown}"; there are ${NAMES}`;
    const sections = SECTIONS.filter(({ name }) => wanted?.includes(name) ?? true);
    return { sections, quick, out: out ?? (quick || only ? undefined : RESULTS) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Plays one section in a lab of its own; one that breaks off does not keep the others from playing. */
const playSection = async (section: Section, lab: Lab, quick: boolean): Promise<Played> => {
  const begin = performance.now();
  const say = (text: string): void => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(0).padStart(4);
    process.stderr.write(`${seconds} s  ${section.name}: ${text}\n`);
  };
  try {
    return { section, outcome: await section.run({ lab, load: new Load(lab), quick, say }) };
  } catch (error) {
    return { section, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    await lab.close();
  }
};

/**
 * The first signal ends the lab and all of its processes; a second one, or an exit for another reason, kills them.
 * What is given tells if there was one.
 */
const endWithSignals = (current: () => Lab | undefined): (() => boolean) => {
  let isEnding = false;
  const end = (signal: NodeJS.Signals) => {
    const code = 128 + constants.signals[signal];
    if (isEnding) process.exit(code);
    isEnding = true;
    process.stderr.write('ending all processes of the bench\n');
    void (current()?.close() ?? Promise.resolve()).then(() => process.exit(code));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('exit', () => current()?.kill());
  return () => isEnding;
};

const playAll = async ({ sections, quick }: Options): Promise<Played[]> => {
  let lab: Lab | undefined;
  const isEnding = endWithSignals(() => lab);
  const played: Played[] = [];
  for (const section of sections) {
    lab = new Lab();
    const one = await playSection(section, lab, quick);
    if (isEnding()) break;
    process.stdout.write(`${renderSection(one)}\n\n`);
    played.push(one);
  }
  return played;
};

const hasFailed = ({ problem, outcome }: Played): boolean =>
  problem !== undefined || (outcome?.verdicts.some(({ isPromise, met }) => isPromise && !met) ?? false);

const main = async (args: string[]): Promise<number> => {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`bench: ${options}\n\n${USAGE}`);
    return 2;
  }
  for (const problem of ensureTools(BENCH_TOOLS))
    process.stderr.write(`${problem}
`);
  const begin = performance.now();
  const played = await playAll(options);
  if (played.length < options.sections.length) return 1; // a signal came: nothing whole to report
  const minutes = (performance.now() - begin) / 60_000;
  process.stdout.write(`${renderVerdicts(played)}\n`);
  if (options.quick) process.stdout.write(`\n${QUICK_NOTE}\n`);
  if (options.out) {
    const circumstances = {
      machine: describeMachine(canPin()),
      command: args.length > 0 ? `npm run bench -- ${args.join(' ')}` : 'npm run bench',
      minutes,
      quick: options.quick,
    };
    writeFileSync(options.out, renderReport(played, circumstances));
    process.stdout.write(`\nwritten to ${options.out}\n`);
  }
  return played.some(hasFailed) ? 1 : 0;
};

process.exitCode = await main(process.argv.slice(2));
