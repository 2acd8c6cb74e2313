import { parseArgs } from 'node:util';
import { createFaultServer, FAULTS, type Fault, type FaultServer, HEALTHY } from './fault-server.ts';
import type { Measured } from './kit/gateway-child.ts';
import { type GatewayProcess, startGatewayProcess } from './kit/gateway-process.ts';
import { until } from './poll.ts';
import { compact } from './samples.ts';
import { APP } from './start.ts';
import { type LoadResult, WcsClient } from './wcs-client.ts';

/** Few enough callers that the cache of verdicts is full, and so of constant size, after the first round. */
const CALLERS = 200;
const AT_ONCE = 20;
const MOST_GROWTH = 0.05;
/** Below this, a heap moves by itself. */
const NOISE_BYTES = 2 * 1024 * 1024;

export interface SoakOptions {
  readonly seconds: number;
  /** How long each fault lasts. */
  readonly faultMs: number;
  readonly say: (line: string) => void;
}

export interface SoakResult {
  readonly calls: number;
  readonly answers: number;
  /** The gateway's heap after each round of all faults, at rest and after a garbage collection. */
  readonly heapBytes: readonly number[];
  /** Everything that is not as it must be, a line each. */
  readonly problems: readonly string[];
}

const HOOKS = ['connect', 'publishStream', 'StreamStatusEvent', 'StreamKeepAliveEvent', 'somethingNew'] as const;

const CONNECT = JSON.parse(compact('connect.request.json').toString()) as object;

/** The body of call `i`: one of the callers, in a session of its own. */
const bodyOf = (i: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...CONNECT,
      sessionId: `/127.0.0.1:${i % 60_000}/127.0.0.1:8443`,
      login: `caller-${i % CALLERS}`,
    }),
  );

const config = (backEnds: readonly FaultServer[]) => ({
  apps: [
    {
      ...APP,
      upstreams: backEnds.map(({ url }) => url + APP.path),
      limit: '500ms',
      connectLimit: '100ms',
      idempotent: true,
      hedge: { after: 'p95', budget: '5%' },
      hooks: { connect: { key: ['login'], fallback: ['cached', 'echo'] } },
    },
  ],
});

const isAtRest = ({ held }: Measured): boolean => held.visits + held.inflight + held.queued === 0;

/** Measures the gateway once its last attempt has ended; throws if one never does. */
const atRest = async (gateway: GatewayProcess): Promise<Measured> => {
  const measured = await until(
    async () => {
      const now = await gateway.measure();
      return isAtRest(now) ? now : undefined;
    },
    { what: 'the gateway at rest', everyMs: 100 },
  );
  return measured as Measured;
};

/** Calls every hook for `ms`, whatever the back-ends do. */
const loadFor = async (wcs: WcsClient, ms: number): Promise<LoadResult[]> => {
  const results: LoadResult[] = [];
  const end = performance.now() + ms;
  for (let i = 0; performance.now() < end; i++) {
    const hook = HOOKS[i % HOOKS.length] as string;
    results.push(await wcs.load({ hook, calls: 100, concurrency: AT_ONCE, body: bodyOf }));
  }
  return results;
};

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** Growth from the first round, in which caches fill and code is compiled, to the last. */
const growthProblem = (heapBytes: readonly number[]): string[] => {
  const [, second, ...later] = heapBytes;
  const last = later.at(-1);
  if (second === undefined || last === undefined) return [];
  const growth = last - second;
  if (growth <= NOISE_BYTES || growth / second <= MOST_GROWTH) return [];
  return [`the heap grew from ${mib(second)} to ${mib(last)}`];
};

const countOf = (results: readonly LoadResult[]): { calls: number; answers: number; errors: string[] } => ({
  calls: results.length * 100,
  answers: results.reduce((sum, { answers }) => sum + answers, 0),
  errors: results.flatMap(({ errors }) => Object.keys(errors)),
});

class Soak {
  calls = 0;
  answers = 0;
  readonly heapBytes: number[] = [];
  readonly problems: string[] = [];
  readonly #options: SoakOptions;
  readonly #gateway: GatewayProcess;
  readonly #backEnds: readonly FaultServer[];
  readonly #wcs: WcsClient;

  constructor(options: SoakOptions, gateway: GatewayProcess, backEnds: readonly FaultServer[]) {
    this.#options = options;
    this.#gateway = gateway;
    this.#backEnds = backEnds;
    this.#wcs = new WcsClient({ url: gateway.url, connections: AT_ONCE });
  }

  async run(): Promise<void> {
    const end = performance.now() + this.#options.seconds * 1000;
    while (performance.now() < end) await this.#round(end);
    this.problems.push(...growthProblem(this.heapBytes));
    this.#wcs.close();
    if (!(await this.#gateway.close())) this.problems.push('the gateway did not end by itself: a handle is left open');
  }

  /** Each fault once, at one back-end and then at both, then a rest in which the heap is measured. */
  async #round(end: number): Promise<void> {
    for (const [name, fault] of Object.entries(FAULTS)) {
      if (performance.now() > end && this.heapBytes.length > 0) break;
      await this.#fault(name, fault);
    }
    const { heapBytes, rssBytes, handles } = await atRest(this.#gateway);
    this.heapBytes.push(heapBytes);
    const open = Object.entries(handles).map(([handle, count]) => `${handle} ${count}`);
    this.#options.say(
      `${this.calls} calls, ${this.answers} answered, heap ${mib(heapBytes)}, rss ${mib(rssBytes)}, ${open.join(', ')}`,
    );
  }

  async #fault(name: string, fault: Fault): Promise<void> {
    const [one, other] = this.#backEnds;
    await one?.setFault(fault);
    const results = await loadFor(this.#wcs, this.#options.faultMs / 2);
    await other?.setFault(fault);
    results.push(...(await loadFor(this.#wcs, this.#options.faultMs / 2)));
    await Promise.all(this.#backEnds.map(backEnd => backEnd.setFault(HEALTHY)));
    const { calls, answers, errors } = countOf(results);
    this.calls += calls;
    this.answers += answers;
    if (errors.length > 0)
      this.problems.push(`${name}: ${calls - answers} calls without an answer: ${[...new Set(errors)]}`);
  }
}

/** Calls a gateway for a while, in front of two back-ends that fail in every way in turn, and looks what is left of it. */
export const soak = async (options: SoakOptions): Promise<SoakResult> => {
  const backEnds = await Promise.all([createFaultServer(), createFaultServer()]);
  const gateway = await startGatewayProcess(config(backEnds));
  const run = new Soak(options, gateway, backEnds);
  try {
    await run.run();
  } finally {
    await Promise.all(backEnds.map(backEnd => backEnd.close()));
  }
  return run;
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });
  const { calls, answers, heapBytes, problems } = await soak({
    seconds: Number(values.seconds),
    faultMs: 5000,
    say: line => console.log(line),
  });
  for (const problem of problems) console.log(problem);
  console.log(`${answers} of ${calls} calls answered; heap after each round: ${heapBytes.map(mib).join(', ')}`);
  return problems.length === 0 ? 0 : 1;
};

if (import.meta.main) process.exitCode = await main();
