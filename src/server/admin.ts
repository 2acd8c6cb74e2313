import { createServer, type Server } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { after } from '../core/clock.ts';
import type { Code } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { isLoopback, isSocketPath, type ListenAddress } from '../core/host-port.ts';
import type { Metrics } from '../observability/metrics.ts';
import { listen } from './listen.ts';
import { readPage } from './page.ts';
import { type Feed, MAX_WATCHERS, Watchers } from './watchers.ts';

/** What the admin listener shows. */
export interface AdminSources {
  readonly metrics: Pick<Metrics, 'render'>;
  /** What `/status` says, as JSON can hold it. */
  readonly status: () => Promise<object>;
  /** What the page for people is told once a second. */
  readonly feed: Feed;
  /** False from the moment the gateway drains; never asks a back-end. */
  readonly ready: () => boolean;
  readonly emit: Emit;
}

/** The listener for operators and machines that watch. */
export interface Admin {
  /** Opens it and tells where; throws a GatewayError naming address and remedy if that cannot be had. */
  start(at: ListenAddress): Promise<ListenAddress>;
  /** Closes it: idle connections at once, others when they are answered, or after `withinMs` and a second at most. */
  close(withinMs?: number): Promise<void>;
}

const CLOSE_GRACE_MS = 1000;
const MAX_CONNECTIONS = 128;
const SILENCE_MS = 30_000;

const READING = new Set(['GET', 'HEAD']);
const TEXT = 'text/plain';
const OPEN_METRICS = 'application/openmetrics-text';

type Admins = Hono<{ Bindings: HttpBindings }>;

const fail = (context: Context, status: 403 | 404 | 405 | 500 | 503, code: Code, message: string) =>
  context.json({ error: { code, message } }, status);

const wantsOpenMetrics = (context: Context): boolean =>
  accepts(context, { header: 'Accept', supports: [TEXT, OPEN_METRICS], default: TEXT }) === OPEN_METRICS;

const MISDIRECTED =
  'this listener is on a loopback address, so it answers to localhost, 127.0.0.1 and [::1] alone; ' +
  'let a proxy send such a Host header, or open the listener with admin: 0.0.0.0:PORT and guard the port';

/** A name that an attacker's DNS has turned to this machine gets a browser past the loopback address, but not past this. */
const isMisdirected = (host: string | undefined): boolean => {
  const name = (host ?? '').replace(/:\d*$/, '').toLowerCase();
  return host !== undefined && !isLoopback(name.replace(/^\[|\]$/g, ''));
};

/** Another site's script cannot read a stream, but it could take up the places of those who may. */
const isOfAnotherSite = (context: Context): boolean =>
  ['cross-site', 'same-site'].includes(context.req.header('Sec-Fetch-Site') ?? '');

const addPeoplePages = (app: Admins, watchers: Watchers): void => {
  for (const { path, type, body, headers } of readPage())
    app.get(path, context => context.body(body, 200, { ...headers, 'Content-Type': type }));
  app.get('/status/stream', context => {
    if (isOfAnotherSite(context)) return fail(context, 403, 'not_allowed', 'streams are for the page of this listener');
    if (watchers.isFull) return fail(context, 503, 'connections', `${MAX_WATCHERS} watch already; close a page`);
    if (context.req.method === 'GET') watchers.add(context.env.outgoing);
    else return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
    return RESPONSE_ALREADY_SENT;
  });
};

const addPages = (app: Admins, { metrics, status, ready }: AdminSources): void => {
  app.get('/healthz', context => context.text('alive\n'));
  app.get('/readyz', context => (ready() ? context.text('ready\n') : context.text('draining\n', 503)));
  app.get('/status', async context => {
    context.header('Content-Type', 'application/json');
    return context.body(`${JSON.stringify(await status(), null, 2)}\n`);
  });
  app.get('/metrics', async context => {
    const { contentType, body } = await metrics.render(wantsOpenMetrics(context));
    return context.body(body, 200, { 'Content-Type': contentType, Vary: 'Accept' });
  });
};

const createApp = (sources: AdminSources, watchers: Watchers, isLocal: () => boolean): Admins => {
  const app: Admins = new Hono();
  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    if (isLocal() && isMisdirected(context.req.header('Host'))) return fail(context, 403, 'not_allowed', MISDIRECTED);
    if (READING.has(context.req.method)) return next();
    context.header('Allow', 'GET, HEAD');
    return fail(context, 405, 'method_not_allowed', 'this listener is for reading: use GET');
  });
  addPages(app, sources);
  addPeoplePages(app, watchers);
  app.notFound(context => fail(context, 404, 'not_found', 'no such page; / lists them'));
  app.onError((error, context) => {
    sources.emit({ type: 'defect', error });
    return fail(context, 500, 'internal', 'this page failed; the log says why');
  });
  return app;
};

// A watcher that stalls or comes in masses must not cost more than its own connection.
const createBoundedServer = (app: Admins): Server => {
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
  const watchers = new Watchers(sources.feed, sources.emit);
  // Until the address is known, none but loopback names are right.
  let isLocal = true;
  const server = createBoundedServer(createApp(sources, watchers, () => isLocal));
  return {
    start: at => {
      // No browser reaches a Unix socket.
      isLocal = !isSocketPath(at) && isLoopback(at.host);
      return listen(server, at, 'admin');
    },
    close: withinMs => {
      watchers.close();
      return closeSoon(server, withinMs);
    },
  };
};
