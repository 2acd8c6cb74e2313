import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP/HTTP brings it in JSON, with its attributes as plain values. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const valuesOf = (attributes: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const read = (text: string) => {
  const { resourceSpans } = JSON.parse(text);
  return resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: ReceivedSpan[] }[] }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(span => ({ ...span, attributes: valuesOf(span.attributes as unknown as KeyValue[]) })),
    ),
  ) as ReceivedSpan[];
};

/** A collector on loopback that keeps what it gets, or takes connections and stays silent. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  requests = 0;
  isSilent = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      this.requests++;
      let text = '';
      for await (const part of request.setEncoding('utf8')) text += part;
      if (this.isSilent) return;
      this.spans.push(...read(text));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
