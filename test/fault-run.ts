import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createFaultServer, FAULTS, type FaultName, HEALTHY } from './fault-server.ts';
import { startGatewayProcess } from './kit/gateway-process.ts';
import { compact } from './samples.ts';
import { APP } from './start.ts';
import { WcsClient } from './wcs-client.ts';

/** What the contract allows the 99th percentile past the limit. */
const MOST_PAST_MS = 20;
const WARM_CALLS = 2000;
const CLOCK_STEP_MS = 5;

interface Row {
  readonly fault: FaultName;
  readonly answered: number;
  readonly identical: number;
  readonly p99PastMs: number;
  readonly worstPastMs: number;
  /** How late, at the 99th percentile, this machine fired timers of the measuring process itself meanwhile. */
  readonly clockMs: number;
  readonly sources: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '50' },
    limit: { type: 'string', default: '1000' },
    breaker: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const USAGE = `node test/fault-run.ts [--calls 1000] [--at-once 50] [--limit MS] [--breaker]
Each of the twelve faults in turn: how many calls were answered, with which bytes, and how long past the limit.
Without --breaker every call goes to the failing back-end, which is the harder case.
The clock column is how late this process's own timers were: on a busy machine nobody can be more punctual than that.`;

const limitMs = Number(values.limit);
const body = compact('StreamStatusEvent.request.json');

const runFault = async (fault: FaultName, breaker: boolean): Promise<Row> => {
  const backEnd = await createFaultServer();
  const limits = { limit: `${limitMs}ms`, ...(breaker ? {} : { breaker: false }) };
  const app = { ...APP, upstreams: [backEnd.url + APP.path], ...limits };
  const gateway = await startGatewayProcess({ apps: [app] });
  const wcs = new WcsClient({ url: gateway.url });
  // A cold process is not what is measured.
  const warm = await wcs.load({ hook: 'StreamStatusEvent', calls: WARM_CALLS, concurrency: 50, body: () => body });
  if (warm.sources.upstream !== WARM_CALLS)
    throw new Error(`a healthy back-end did not answer: ${JSON.stringify(warm)}`);
  await backEnd.setFault(FAULTS[fault]);
  let identical = 0;
  const clock = monitorEventLoopDelay({ resolution: CLOCK_STEP_MS });
  clock.enable();
  const { answers, sources, latency } = await wcs.load({
    hook: 'StreamStatusEvent',
    calls: Number(values.calls),
    concurrency: Number(values['at-once']),
    spreadMs: limitMs,
    // Long enough to see it down as well as up.
    pauseMs: fault === 'flaps' ? 200 : 0,
    body: () => body,
    onAnswer: answer => {
      if (answer.status === 200 && answer.body.equals(body)) identical++;
    },
  });
  clock.disable();
  wcs.close();
  await gateway.close();
  await backEnd.setFault(HEALTHY);
  await backEnd.close();
  const past = (ms: number) => Math.max(0, ms - limitMs);
  return {
    fault,
    answered: answers,
    identical,
    p99PastMs: past(latency.p99),
    worstPastMs: past(latency.worst),
    clockMs: Math.max(0, clock.percentile(99) / 1e6 - CLOCK_STEP_MS),
    sources,
  };
};

const line = ({ fault, answered, identical, p99PastMs, worstPastMs, clockMs, sources }: Row): string =>
  [
    fault.padEnd(11),
    String(answered).padStart(8),
    String(identical).padStart(9),
    p99PastMs.toFixed(1).padStart(12),
    worstPastMs.toFixed(1).padStart(10),
    clockMs.toFixed(1).padStart(14),
    `  ${Object.entries(sources)
      .map(([source, count]) => `${source} ${count}`)
      .join(', ')}`,
  ].join(' ');

const runAll = async (): Promise<number> => {
  console.log(`${values.calls} calls each, ${values['at-once']} at once, limit ${limitMs} ms`);
  console.log('fault       answered identical p99 past, ms  worst, ms  clock p99, ms  source');
  let bad = 0;
  for (const fault of Object.keys(FAULTS) as FaultName[]) {
    const row = await runFault(fault, values.breaker);
    console.log(line(row));
    const all = Number(values.calls);
    if (row.answered < all || row.identical < all || row.p99PastMs > MOST_PAST_MS) bad++;
  }
  console.log(
    bad === 0 ? `all in time (p99 at most ${MOST_PAST_MS} ms past the limit)` : `${bad} faults not as they must be`,
  );
  return bad === 0 ? 0 : 1;
};

if (values.help) console.log(USAGE);
else process.exitCode = await runAll();
