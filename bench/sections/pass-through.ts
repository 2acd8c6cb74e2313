import { join } from 'node:path';
import { openFilesLimit } from '../../src/server/descriptors.ts';
import { median, print } from '../figures.ts';
import { freePort, type Running, sleep } from '../lab.ts';
import { PASSING } from '../pass/targets.ts';
import { atMost, type Bench, never, type Outcome, type Section, shown, type Table } from '../section.ts';
import { peakMb, resetPeak, rssMb, watch } from '../usage.ts';

const ENDS = join(import.meta.dirname, '..', 'pass', 'ends.ts');
const LIMIT_MS = 10_000;
const GIB = 1024 ** 3;
const MB = 1e6;
const LEAVERS = 100;
const EVENTS = 20;

interface Amounts {
  readonly bytes: number;
  readonly seconds: number;
  readonly listeners: number;
  readonly idle: number;
}

/** One of those that are measured, with the port of the back-end behind it. */
interface Entry {
  readonly name: string;
  readonly running: Running;
  readonly backEnd: number;
}

interface Numbers {
  readonly [name: string]: number;
}

const command = (what: string, { running, backEnd }: Entry, ...numbers: readonly number[]): string[] =>
  [process.execPath, ENDS, what, running.port, backEnd, ...numbers].map(String);

const play = async <Result = Numbers>(
  { lab }: Bench,
  what: string,
  entry: Entry,
  ...numbers: readonly number[]
): Promise<Result> => JSON.parse(await lab.run(command(what, entry, ...numbers))) as Result;

/** What `run` gives, with the CPU time of the target and the most memory that it held meanwhile. */
const watched = async <Result>({ running: { pid } }: Entry, run: () => Promise<Result>) => {
  resetPeak(pid);
  const end = watch(pid);
  const result = await run();
  const { cpuUs } = end();
  return { result, cpuMs: cpuUs / 1000, peak: peakMb(pid) };
};

const large = async (bench: Bench, what: 'download' | 'upload', entry: Entry, bytes: number): Promise<string[]> => {
  bench.say(`${entry.name}: ${what}`);
  const before = rssMb(entry.running.pid);
  const { result, cpuMs, peak } = await watched(entry, () => play(bench, what, entry, bytes));
  const ms = result.ms ?? Number.NaN;
  return [entry.name, what, print(bytes / MB / (ms / 1000)), print(cpuMs / (bytes / GIB)), print(before), print(peak)];
};

const small = async (bench: Bench, entry: Entry, seconds: number): Promise<string[]> => {
  bench.say(`${entry.name}: small requests`);
  const { result, cpuMs, peak } = await watched(entry, () => play(bench, 'small', entry, 50, seconds));
  const { perSecond = 0, answered = 0 } = result;
  const warmShare = seconds / (seconds + 1);
  return [entry.name, print(perSecond), print((cpuMs * 1000 * warmShare) / Math.max(1, answered)), print(peak)];
};

interface Left {
  readonly times: readonly number[];
  readonly missed: number;
}

const leave = async (bench: Bench, entry: Entry): Promise<Left> => {
  bench.say(`${entry.name}: clients that leave`);
  return play<Left>(bench, 'leave', entry, LEAVERS);
};

const live = async (bench: Bench, entry: Entry, { seconds, listeners }: Amounts): Promise<string[]> => {
  bench.say(`${entry.name}: WebSockets and events`);
  const echoes = await play(bench, 'echo', entry, 100, seconds);
  const { heard = 0, sent = 0, p99 = Number.NaN } = await play(bench, 'events', entry, listeners, EVENTS);
  return [entry.name, print(echoes.perSecond ?? 0), `${print(heard)} of ${print(sent)}`, print(p99)];
};

/** What idle WebSockets cost once they are all open. */
const idle = async (bench: Bench, entry: Entry, count: number): Promise<string[]> => {
  bench.say(`${entry.name}: idle WebSockets`);
  const before = rssMb(entry.running.pid);
  const ends = await bench.lab.obey(command('idle', entry, count));
  await sleep(2000);
  const after = rssMb(entry.running.pid);
  const cpu = watch(entry.running.pid);
  await sleep(2000);
  const { cpuUs } = cpu();
  ends.order('enough');
  const { open } = JSON.parse((await ends.printed).split('\n').at(-2) ?? '{}') as { readonly open: number };
  const each = ((after - before) * 1024) / count;
  return [entry.name, print(open), print(before), print(after), print(each), print(cpuUs / 2000 / 10)];
};

const enter = async (bench: Bench, at: (typeof PASSING)[number]): Promise<Entry> => {
  const backEnd = await freePort();
  const running = await at.target.start(bench.lab, { upstreams: [backEnd], limitMs: LIMIT_MS, ...at.keys });
  return { name: at.target.name, running, backEnd };
};

const rowsOf = async (entries: readonly Entry[], run: (entry: Entry) => Promise<string[]>): Promise<string[][]> => {
  const rows: string[][] = [];
  for (const entry of entries) rows.push(await run(entry));
  return rows;
};

const leaveRow = (entry: Entry, { times, missed }: Left): string[] => [
  entry.name,
  print(median(times)),
  print(Math.max(...times)),
  missed > 0 ? 'not within a second; given up' : print(times.length),
];

const playAll = async (bench: Bench, entries: readonly Entry[], amounts: Amounts) => {
  const { bytes, seconds } = amounts;
  const table = (title: string, head: readonly string[], rows: readonly string[][], notes: string[] = []): Table => ({
    title,
    head: [...head],
    rows,
    notes,
  });
  const leavers = new Map<Entry, Left>();
  for (const entry of entries) leavers.set(entry, await leave(bench, entry));
  const ways = ['download', 'upload'] as const;
  const larges: string[][] = [];
  for (const way of ways) larges.push(...(await rowsOf(entries, entry => large(bench, way, entry, bytes))));
  const tables = [
    table(
      `${print(bytes / GIB)} GiB through one connection`,
      ['target', 'way', 'MB/s', 'CPU ms/GiB', 'RSS MB before', 'peak RSS MB'],
      larges,
      ['Client and back-end are one Node process, which is what bounds the rate where the target does not.'],
    ),
    table(
      'Small GETs over 50 connections',
      ['target', 'calls/s', 'CPU µs/call', 'peak RSS MB'],
      await rowsOf(entries, entry => small(bench, entry, seconds)),
    ),
    table(
      'WebSocket echoes of 100 clients, and events to many',
      ['target', 'echoes/s', 'events heard', 'p99 of an event ms'],
      await rowsOf(entries, entry => live(bench, entry, amounts)),
    ),
    table(
      'Idle WebSockets',
      ['target', 'open', 'RSS MB before', 'RSS MB with them', 'KiB each', 'CPU %'],
      await rowsOf(entries, entry => idle(bench, entry, amounts.idle)),
      ['10,000, or as many as the limit of open files allows, which each of them takes two of.'],
    ),
    table(
      `Clients that leave while the back-end works, ${LEAVERS} of them`,
      ['target', "until the back-end's call ends, p50 ms", 'worst ms', 'noticed'],
      [...leavers].map(([entry, left]) => leaveRow(entry, left)),
    ),
  ];
  return { tables, leavers };
};

/** Everything that is no hook, beside those who do nothing else. */
export const passThrough: Section = {
  name: 'pass-through',
  title: 'What passes through',
  run: async (bench): Promise<Outcome> => {
    const amounts = bench.quick
      ? { bytes: GIB / 4, seconds: 1, listeners: 200, idle: 1000 }
      : { bytes: 2 * GIB, seconds: 4, listeners: 1000, idle: Math.min(10_000, Math.floor(openFilesLimit() / 2) - 500) };
    const present = PASSING.filter(({ target }) => !target.missing);
    const entries: Entry[] = [];
    for (const each of present) entries.push(await enter(bench, each));
    const { tables, leavers } = await playAll(bench, entries, amounts);
    const [ours] = entries;
    const { times = [], missed = 0 } = (ours && leavers.get(ours)) ?? {};
    return {
      tables,
      verdicts: [
        never('clients that left and whose call at the back-end went on', missed),
        atMost("until the back-end's call ends when a client leaves, worst ms", Math.max(...times), 100),
        shown("until the back-end's call ends when a client leaves, p50 ms", print(median(times))),
      ],
    };
  },
};
