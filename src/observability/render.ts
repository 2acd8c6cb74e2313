import { setImmediate } from 'node:timers/promises';
import { type Metric, Registry } from 'prom-client';
import type { Sample } from './samples.ts';

/** One answer to a scrape. */
export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

interface Head {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

/** What prom-client asks of a metric, be it its own or ours. */
export interface Readable extends Head {
  readonly aggregator: string;
  get(): Promise<Head & { readonly aggregator: string; readonly values: readonly Sample[] }>;
}

/** prom-client's types know its own classes alone; its registry uses no more than `Readable` of them. */
export const asMetric = (metric: Readable): Metric => metric as unknown as Metric;

/** How many samples are written between two turns of the event loop: about a millisecond's worth. */
const PIECE = 200;

function* split(samples: Iterable<Sample>): Iterable<readonly Sample[]> {
  let piece: Sample[] = [];
  for (const sample of samples) {
    if (piece.push(sample) < PIECE) continue;
    yield piece;
    piece = [];
  }
  yield piece;
}

const print = (head: Head, values: readonly Sample[], openMetrics: boolean): Promise<string> => {
  const page = new Registry();
  if (openMetrics) (page as Registry<never>).setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  page.registerMetric(
    asMetric({ ...head, aggregator: 'sum', get: async () => ({ ...head, aggregator: 'sum', values }) }),
  );
  return page.getSingleMetricAsString(head.name);
};

const dropHead = (text: string): string => text.split('\n').slice(2).join('\n');

/**
 * Writes one metric piece by piece, because prom-client writes as much as it is given at one go: 500 histograms held
 * up every call for 70 ms. OpenMetrics declares a counter without `_total`; prom-client would rename the metric
 * itself, for the next scrape in the other format too, so it gets a head of its own.
 */
export const renderMetric = async (metric: Head, samples: Iterable<Sample>, openMetrics: boolean): Promise<string> => {
  const isCounter = openMetrics && metric.type === 'counter';
  const head = isCounter ? { ...metric, name: metric.name.replace(/_total$/, '') } : metric;
  const texts: string[] = [];
  for (const piece of split(samples)) {
    const text = await print(head, piece, openMetrics);
    texts.push(texts.length === 0 ? text : dropHead(text));
    await setImmediate();
  }
  return texts.filter(text => text !== '').join('\n');
};
