import { randomUUID } from 'node:crypto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { after } from '../core/clock.ts';
import type { Emit, Event } from '../core/events.ts';
import { hideSecrets } from '../core/secrets.ts';
import type { SpanCounts } from './samples.ts';
import { Spans } from './spans.ts';

/** Spans that may wait for a collector: 2 s of 1,000 traced calls a second, some megabytes. */
const MOST_WAITING = 4096;
const BATCH = 512;
const EVERY_MS = 1000;
/** A collector that takes longer has not taken them. A batch may be tried anew within that time. */
const EXPORT_MS = 3000;

export interface TracesOptions {
  readonly endpoint: string;
  readonly version: string;
  readonly pathOf: (app: string) => string;
  readonly emit: Emit;
}

/** Sends spans of traced calls to a collector; nobody waits for it. */
export interface Traces {
  readonly listen: Emit;
  readonly counts: SpanCounts;
  /** Sends what waits, for `ms` at most. Never rejects. */
  close(ms: number): Promise<void>;
}

const SUCCESS = 0;

const describe = ({ version }: TracesOptions): Resource =>
  resourceFromAttributes({
    'service.name': 'breakwater',
    'service.version': version,
    'service.instance.id': randomUUID(),
  }).merge(detectResources({ detectors: [envDetector] }));

/** Sees what goes to the collector and what becomes of it. */
class Outlet implements SpanExporter {
  readonly counts = { exported: 0, failed: 0, dropped: 0 };
  /** Spans that were handed over and have not gone out. */
  waiting = 0;
  /** Those of which it is not known whether they have arrived. */
  #out = 0;
  #isClosed = false;
  readonly #exporter: SpanExporter;
  readonly #emit: Emit;
  #isDown = false;

  constructor(exporter: SpanExporter, emit: Emit) {
    this.#exporter = exporter;
    this.#emit = emit;
  }

  readonly export: SpanExporter['export'] = (spans, done) => {
    this.waiting -= spans.length;
    this.#out += spans.length;
    this.#exporter.export(spans, result => {
      if (!this.#isClosed) this.#note(spans.length, result.code === SUCCESS, result.error);
      done(result);
    });
  };

  /** What has not arrived by now never will. */
  close(): void {
    const lost = this.waiting + this.#out;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.counts.dropped += lost;
    if (lost > 0) this.#emit({ type: 'traces', is: 'down', detail: `${lost} of them still waited at the end` });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #note(count: number, isTaken: boolean, error: Error | undefined): void {
    this.#out -= count;
    this.counts[isTaken ? 'exported' : 'failed'] += count;
    this.#tell(!isTaken, error);
  }

  #tell(isDown: boolean, error: Error | undefined): void {
    if (isDown === this.#isDown) return;
    this.#isDown = isDown;
    const detail = hideSecrets(error?.message ?? '', '[redacted]');
    this.#emit({ type: 'traces', is: isDown ? 'down' : 'up', detail });
  }
}

/** Opens the way to a collector. Loads OpenTelemetry, so it is imported only where `traces` is configured. */
export const openTraces = (options: TracesOptions): Traces => {
  const exporter = new OTLPTraceExporter({ url: options.endpoint, timeoutMillis: EXPORT_MS });
  const outlet = new Outlet(exporter, options.emit);
  const processor = new BatchSpanProcessor(outlet, {
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: EXPORT_MS + EVERY_MS,
  });
  const spans = new Spans({ resource: describe(options), ...options });

  const put = (span: ReadableSpan | undefined): void => {
    if (!span) return;
    // The processor drops what has no room too, but counts it for nobody.
    if (outlet.waiting >= MOST_WAITING) outlet.counts.dropped++;
    else {
      outlet.waiting++;
      processor.onEnd(span);
    }
  };

  return {
    listen: (event: Event) => {
      if (event.type === 'answered' || event.type === 'abandoned') put(spans.ofCall(event));
      else if (event.type === 'attempt') put(spans.ofAttempt(event));
    },
    counts: outlet.counts,
    close: ms =>
      new Promise(resolve => {
        const end = () => {
          stop();
          outlet.close();
          resolve();
        };
        const stop = after(ms, end);
        processor.shutdown().then(end, end);
      }),
  };
};
