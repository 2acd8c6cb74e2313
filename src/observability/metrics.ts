import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Emit } from '../core/events.ts';
import { Counts } from './counts.ts';
import { FAMILIES } from './families.ts';
import type { Family } from './family.ts';
import { asMetric, type Readable, renderMetric, type Scrape } from './render.ts';
import type { Gauges, View } from './samples.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** What the gateway counted and what it is doing, for Prometheus and for the status page. */
export interface Metrics {
  /** Takes events in; costs a fraction of a microsecond. */
  readonly listen: Emit;
  /** What was counted, as it stands; for the status page, which looks once a second. */
  readonly counts: Counts;
  /** All metrics, Node's own among them. */
  readonly registry: Registry;
  /** The text of all metrics. Calls go on while it is written, and scrapes at the same time share one text. */
  render(openMetrics: boolean): Promise<Scrape>;
  /** The counts as plain numbers. */
  snapshot(): Snapshot;
}

const toReadable = (family: Family, view: () => View): Readable => {
  const head = { name: family.name, help: family.help, type: family.type, aggregator: 'sum' };
  return { ...head, get: async () => ({ ...head, values: [...family.read(view())] }) };
};

const collectNode = (): readonly Readable[] => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray() as unknown as Readable[];
};

/** Runs `make` once at a time: whoever asks while it runs gets the same result. */
const share = <Result>(make: () => Promise<Result>): (() => Promise<Result>) => {
  let running: Promise<Result> | undefined;
  return () => {
    running ??= make().finally(() => {
      running = undefined;
    });
    return running;
  };
};

/** Counts events and shows them; `gauges` is asked at each scrape. `version` is the gateway's own. */
export const createMetrics = ({ version, gauges }: { version: string; gauges: () => Gauges }): Metrics => {
  const counts = new Counts();
  const node = collectNode();
  const view = (): View => ({ counts, gauges: gauges(), version });
  const registry = new Registry();
  for (const metric of [...FAMILIES.map(family => toReadable(family, view)), ...node])
    registry.registerMetric(asMetric(metric));

  const write = async (openMetrics: boolean): Promise<string> => {
    const texts: string[] = [];
    const now = view();
    for (const family of FAMILIES) texts.push(await renderMetric(family, family.read(now), openMetrics));
    for (const metric of node) texts.push(await renderMetric(metric, (await metric.get()).values, openMetrics));
    return `${texts.join('\n')}\n`;
  };
  const plain = share(async () => ({ contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: await write(false) }));
  const open = share(async () => ({
    contentType: Registry.OPENMETRICS_CONTENT_TYPE,
    body: `${await write(true)}# EOF\n`,
  }));

  return {
    listen: counts.listen,
    counts,
    registry,
    render: openMetrics => (openMetrics ? open() : plain()),
    snapshot: () => takeSnapshot(counts),
  };
};
