import { measureBreaker } from '../micro/breaker.ts';
import { measureLayers } from '../micro/layers.ts';
import { measureObservation } from '../micro/observation.ts';
import { measureSessions } from '../micro/sessions.ts';
import { measureScrape, measureTracing } from '../micro/tracing.ts';
import { atMost, type Outcome, type Section, shown } from '../section.ts';

/** What layers, breaker and observation cost without a wire, in CPU time of this process. */
export const micro: Section = {
  name: 'micro',
  title: 'In one process, no wire',
  run: async (bench): Promise<Outcome> => {
    const calls = bench.quick ? 5000 : 30_000;
    const layers = await measureLayers(bench, calls);
    bench.say('breaker');
    const breaker = await measureBreaker(calls);
    bench.say('observation');
    const observation = await measureObservation(calls);
    bench.say('traces and scrapes');
    const tracing = await measureTracing(calls);
    const scrape = await measureScrape();
    bench.say('sessions');
    const sessions = await measureSessions(calls);
    return {
      tables: [layers.table, breaker.table, observation, tracing, scrape, sessions.table],
      verdicts: [
        shown('all layers together, µs of CPU a call', layers.measured),
        shown('breaker by outcome, µs of CPU a call', breaker.measured),
        atMost('memory of a session, bytes', sessions.bytes, 200),
      ],
    };
  },
};
