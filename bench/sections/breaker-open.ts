import { print, printRange } from '../figures.ts';
import { freePort } from '../lab.ts';
import { CONNECTS, SESSION } from '../load.ts';
import { describeCalm, type Entrant, middle, playRounds, ratio, type Samples, warm } from '../rounds.ts';
import { atLeast, type Bench, type Outcome, type Section } from '../section.ts';
import { gateway, nginx } from '../targets.ts';

const CONNECTIONS = 50;
const LIMIT_MS = 3000;
const ECHO = 'breakwater, echo';
const CACHED = 'breakwater, last good answer';

/** Before a port that nobody listens on: the breaker opens after a few calls. */
const enterDead = async ({ lab }: Bench): Promise<Entrant[]> => {
  const options = { upstreams: [await freePort()], limitMs: LIMIT_MS };
  const ours = await gateway('dead').start(lab, { ...options, app: { fallback: ['echo'] } });
  const theirs = nginx.missing ? undefined : await nginx.start(lab, options);
  const entrants = [{ name: ECHO, running: ours, script: SESSION }];
  return theirs ? [...entrants, { name: 'nginx, error_page', running: theirs, script: SESSION }] : entrants;
};

/** Before a back-end that knew every user and then died. */
const enterOrphaned = async (bench: Bench): Promise<Entrant> => {
  const { lab, load } = bench;
  const upstream = await load.upstream();
  const running = await gateway('orphaned').start(lab, { upstreams: [upstream.port], limitMs: LIMIT_MS });
  const entrant = { name: CACHED, running, script: CONNECTS };
  await warm(bench, entrant);
  await upstream.stop();
  return entrant;
};

const row = (samples: Samples, name: string): string[] => {
  const all = samples.get(name) ?? [];
  return [
    name,
    printRange(all.map(({ perSecond }) => perSecond)),
    printRange(all.map(({ cpuUs }) => cpuUs)),
    print(middle(samples, name, ({ p99 }) => p99)),
    print(ratio(samples, name, 'nginx, error_page', ({ perSecond }) => perSecond)),
    print(ratio(samples, name, 'nginx, error_page', ({ cpuUs }) => cpuUs)),
  ];
};

const HEAD = ['target', 'calls/s', 'CPU µs/call', 'p99 ms', 'calls/s, nginx = 1', 'CPU, nginx = 1'];

/** What a call costs that no back-end answers. */
export const breakerOpen: Section = {
  name: 'breaker-open',
  title: `Breaker open, ${CONNECTIONS} connections`,
  run: async (bench): Promise<Outcome> => {
    const entrants = [...(await enterDead(bench)), await enterOrphaned(bench)];
    for (const entrant of entrants) await warm(bench, entrant);
    const [rounds, seconds] = bench.quick ? [2, 1] : [7, 2];
    const samples = await playRounds(bench, entrants, rounds, ({ script }, port) =>
      bench.load.closed(port, script, CONNECTIONS, seconds),
    );
    const rows = entrants.map(({ name }) => row(samples, name));
    const notes = [
      ...(nginx.missing ? [`nginx was left out: ${nginx.missing}.`] : []),
      `Medians of ${rounds} rounds of ${seconds} s (lowest to highest); ratios are medians of the ratios of each round.`,
      'nginx has no breaker; it tries the closed port for each call and answers a fixed body. breakwater lets probes through as its breaker says, and logs each call as a warning. The load of the first two is that of the throughput table, of the last connect hooks alone.',
      describeCalm(samples),
    ];
    const measured = ratio(samples, ECHO, 'nginx, error_page', ({ perSecond }) => perSecond);
    const verdicts = [atLeast('calls/s with the breaker open against nginx with error_page', measured, 0.8)];
    return { tables: [{ title: '', head: HEAD, rows, notes }], verdicts };
  },
};
