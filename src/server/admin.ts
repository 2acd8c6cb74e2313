import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { after } from '../core/clock.ts';
import type { Code } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { HostPort } from '../core/host-port.ts';
import type { Metrics } from '../observability/metrics.ts';
import { listen } from './listen.ts';

/** What the admin listener shows. */
export interface AdminSources {
  readonly metrics: Pick<Metrics, 'render'>;
  /** What `/status` says, as JSON. */
  readonly status: () => object;
  /** False from the moment the gateway drains; never asks a back-end. */
  readonly ready: () => boolean;
  readonly emit: Emit;
}

/** The listener for operators and machines that watch. */
export interface Admin {
  /** Opens it and tells where; throws a GatewayError naming address and remedy if that cannot be had. */
  start(at: HostPort): Promise<HostPort>;
  /** Closes it: idle connections at once, others when they are answered, or after `withinMs` and a second at most. */
  close(withinMs?: number): Promise<void>;
}

const CLOSE_GRACE_MS = 1000;
const MAX_CONNECTIONS = 128;
const SILENCE_MS = 30_000;

const INDEX = `Breakwater

/healthz  200 while the process lives
/readyz   200 while it accepts hooks, 503 while it drains
/metrics  for Prometheus (text; OpenMetrics if the Accept header asks for it)
/status   what it is doing, as JSON
`;

const READING = new Set(['GET', 'HEAD']);
const TEXT = 'text/plain';
const OPEN_METRICS = 'application/openmetrics-text';

const fail = (context: Context, status: 404 | 405 | 500, code: Code, message: string) =>
  context.json({ error: { code, message } }, status);

const wantsOpenMetrics = (context: Context): boolean =>
  accepts(context, { header: 'Accept', supports: [TEXT, OPEN_METRICS], default: TEXT }) === OPEN_METRICS;

const addPages = (app: Hono, { metrics, status, ready }: AdminSources): void => {
  app.get('/', context => context.text(INDEX));
  app.get('/healthz', context => context.text('alive\n'));
  app.get('/readyz', context => (ready() ? context.text('ready\n') : context.text('draining\n', 503)));
  app.get('/status', context => {
    context.header('Content-Type', 'application/json');
    return context.body(`${JSON.stringify(status(), null, 2)}\n`);
  });
  app.get('/metrics', async context => {
    const { contentType, body } = await metrics.render(wantsOpenMetrics(context));
    return context.body(body, 200, { 'Content-Type': contentType, Vary: 'Accept' });
  });
};

const createApp = (sources: AdminSources): Hono => {
  const app = new Hono();
  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store');
    if (READING.has(context.req.method)) return next();
    context.header('Allow', 'GET, HEAD');
    return fail(context, 405, 'method_not_allowed', 'this listener is for reading: use GET');
  });
  addPages(app, sources);
  app.notFound(context => fail(context, 404, 'not_found', 'no such page; / lists them'));
  app.onError((error, context) => {
    sources.emit({ type: 'defect', error });
    return fail(context, 500, 'internal', 'this page failed; the log says why');
  });
  return app;
};

// A watcher that stalls or comes in masses must not cost more than its own connection.
const createBoundedServer = (app: Hono): Server => {
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const options = { requestTimeout: SILENCE_MS, connectionsCheckingInterval: CLOSE_GRACE_MS };
  const server = createServer(options, (request, response) => void answer(request, response));
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SILENCE_MS);
  return server;
};

const closeSoon = (server: Server, withinMs = CLOSE_GRACE_MS): Promise<void> =>
  new Promise(resolve => {
    const stop = after(Math.min(CLOSE_GRACE_MS, withinMs), () => server.closeAllConnections());
    server.close(() => {
      stop();
      resolve();
    });
    server.closeIdleConnections();
  });

/** Makes the admin listener; it is closed until `start`. */
export const createAdmin = (sources: AdminSources): Admin => {
  const server = createBoundedServer(createApp(sources));
  return {
    start: at => listen(server, at, 'admin'),
    close: withinMs => closeSoon(server, withinMs),
  };
};
