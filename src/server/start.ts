import type { Config } from '../config/types.ts';
import { after, now, pause } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { formatAddress, isSocketPath, type ListenAddress } from '../core/host-port.ts';
import { JournalError } from '../delivery/journal.ts';
import { createLineWriter } from '../observability/line-writer.ts';
import { createLog, type Log } from '../observability/log.ts';
import { openForLog } from '../observability/log-fd.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { Recent } from '../observability/recent.ts';
import { Sampler } from '../observability/sampler.ts';
import type { Gauges } from '../observability/samples.ts';
import { describeStatus, type Status, type StatusSources, StatusTurns } from '../observability/status.ts';
import type { Traces } from '../observability/traces.ts';
import type { TlsListener } from '../tls/listener.ts';
import { type Admin, createAdmin } from './admin.ts';
import { certificatesOf, openTls } from './certificates.ts';
import { openFilesLimit } from './descriptors.ts';
import { Gateways } from './gateways.ts';
import { HookServer } from './http.ts';
import { listen } from './listen.ts';
import { SharedMemory } from './memory.ts';
import { openJournal } from './open-journal.ts';
import { storesEvents } from './stores-events.ts';
import type { Feed } from './watchers.ts';

/** So long before the end of `drain`, calls that are still out get the next rung, and have that time to leave. */
const LAST_ANSWERS_MS = 500;
/** Whoever watches gets so long to read a page to its end, in any case. */
const LAST_PAGES_MS = 50;
const DRAIN_LOOK_MS = 20;
/** Spans that wait when the gateway stops have so long to leave. */
const LAST_SPANS_MS = 2000;

export interface StartOptions {
  readonly version: string;
  /** Named in `/status`. */
  readonly configFile?: string;
  /** Where log lines go; standard output unless said otherwise. */
  readonly logFd?: number;
  /** Hears every event beside metrics and log. */
  readonly listener?: Emit;
}

const url = (at: ListenAddress, isSecure = false): string =>
  isSocketPath(at) ? formatAddress(at) : `http${isSecure ? 's' : ''}://${formatAddress(at)}`;

/** An error that names the thing and the remedy, for a command to tell. */
const asStartFailure = (error: unknown): unknown =>
  error instanceof JournalError ? new GatewayError('internal', `events: ${error.message}`, { cause: error }) : error;

/** A gateway at work: its two listeners, what it counts and writes, and the configuration in force. */
export class Breakwater {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly #recent = new Recent();
  readonly #options: StartOptions;
  readonly #emit: Emit;
  readonly #logTo: ReturnType<typeof openForLog>;
  #traces: Traces | undefined = undefined;
  readonly #tls: TlsListener | undefined;
  readonly #hooks: HookServer;
  readonly #admin: Admin;
  readonly #startedAt = now();
  readonly #reloads: { applied: number; refused: number; lastProblem?: string } = { applied: 0, refused: 0 };
  readonly #memory: SharedMemory;
  readonly #gateways: Gateways;
  #ready = false;
  #hooksAt: ListenAddress | undefined = undefined;
  #adminAt: ListenAddress | undefined = undefined;

  constructor(config: Config, options: StartOptions) {
    this.#options = options;
    this.#logTo = openForLog(options.logFd ?? 1);
    this.log = createLog({ ...config.log, writer: createLineWriter(this.#logTo) });
    this.metrics = createMetrics({ version: options.version, gauges: () => this.#gauges() });
    this.#emit = event => {
      this.metrics.listen(event);
      this.#recent.listen(event);
      this.log.listen(event);
      this.#traces?.listen(event);
      this.#memory.delivery.listen(event);
      options.listener?.(event);
    };
    // Before all that would have to be closed again.
    this.#tls = openTls(config, this.#emit);
    this.#memory = new SharedMemory(
      config,
      event => this.#emit(event),
      told => openJournal(config.events, options.configFile, told),
    );
    this.#gateways = new Gateways(config, { memory: this.#memory, emit: event => this.#emit(event) });
    this.#hooks = new HookServer(
      {
        gateway: () => this.#gateways.current,
        guard: () => this.#gateways.guard,
        trust: () => this.#gateways.trust,
        limits: this.#limits(),
        traceShare: config.traces?.sample,
        emit: this.#emit,
      },
      { isUnix: isSocketPath(config.listen), proxyProtocol: config.proxyProtocol, tls: this.#tls },
    );
    const status = () => this.status();
    const feed = this.#feed();
    this.#admin = createAdmin({ metrics: this.metrics, status, feed, ready: () => this.#ready, emit: this.#emit });
  }

  /** Where hooks go, without a path; of a Unix socket what stands before `:` and the path. */
  get url(): string {
    return url(this.#hooksAt ?? this.#gateways.config.listen, this.#tls !== undefined);
  }

  get adminUrl(): string {
    return url(this.#adminAt ?? this.#gateways.config.admin);
  }

  /** True while hooks must carry a hash of their body. */
  get isSigned(): boolean {
    return this.#gateways.config.wcs.secrets.length > 0;
  }

  /** Opens both listeners. Throws a GatewayError that names the address and the remedy if one cannot be had. */
  async start(): Promise<void> {
    try {
      await this.#openTraces();
      if (storesEvents(this.#gateways.config)) await this.#memory.delivery.open();
      this.#hooksAt = await listen(this.#hooks.server, this.#gateways.config.listen, 'listen');
      this.#hooks.server.on('error', error => this.#emit({ type: 'defect', error }));
      this.#adminAt = await this.#admin.start(this.#gateways.config.admin);
    } catch (error) {
      // What is left open would keep the process from ending.
      this.#tls?.close();
      this.#hooks.server.close();
      this.#gateways.close();
      await this.#memory.close();
      throw asStartFailure(error);
    }
    this.#ready = true;
  }

  /**
   * Puts another configuration in force, and reads certificates again. Calls that are out end under the old one.
   * `listen`, `admin`, `tls`, `proxyProtocol`, `limits`, `cache`, `events`, `log` and `traces` stay as they are; gives the
   * names of those that would have changed.
   */
  reload(config: Config): string[] {
    const waiting = this.#gateways.replace(config);
    this.#tls?.reread();
    this.#reloads.applied++;
    delete this.#reloads.lastProblem;
    return waiting;
  }

  /** Notes that a configuration could not be put in force, for the status page. */
  refuseReload(problem: string): void {
    this.#reloads.refused++;
    this.#reloads.lastProblem = problem;
  }

  status(): Promise<Status> {
    return describeStatus(this.#statusSources());
  }

  #statusSources(): StatusSources {
    return {
      version: this.#options.version,
      uptimeMs: now() - this.#startedAt,
      configFile: this.#options.configFile ?? '',
      reloads: this.#reloads,
      ready: this.#ready,
      gauges: this.#gauges(),
      counts: this.metrics.counts,
    };
  }

  /** True while a question to DNS is out, for which the end of the process would wait. */
  get isAskingDns(): boolean {
    return this.#memory.names.isAsking;
  }

  /** What is held now; all zero after the last call (a test says so). */
  get held(): { visits: number; inflight: number; queued: number } {
    const states = this.#gateways.current.upstreams();
    const sum = (key: 'inflight' | 'queued') => states.reduce((all, state) => all + state[key], 0);
    return { visits: this.#hooks.visits, inflight: sum('inflight'), queued: sum('queued') };
  }

  /** Stops accepting, answers what is in flight, flushes. Done within `drain`. */
  async close(drainMs: number = this.#gateways.config.drain): Promise<void> {
    const end = now() + drainMs;
    this.#ready = false;
    this.#tls?.close();
    this.#hooks.drain();
    const { delivery } = this.#memory;
    const rested = delivery.rest();
    await this.#settled(drainMs - LAST_ANSWERS_MS);
    this.#hooks.cutShort();
    await this.#settled(Math.min(drainMs, LAST_ANSWERS_MS));
    this.#hooks.destroy();
    this.#memory.upgrades.end();
    await atMost(rested, end - now());
    this.#gateways.close();
    const leftMs = Math.max(LAST_PAGES_MS, end - now());
    // What was cut off is noted too, so that nobody has to wait for its lease.
    const stored = delivery.rest().then(() => this.#memory.close());
    const closed = await Promise.all([atMost(stored, leftMs), this.#admin.close(leftMs)]);
    if (!closed[0])
      this.log.logger.warn('the journal or Redis did not close in time; nothing that was acknowledged is lost');
    await this.#traces?.close(Math.min(LAST_SPANS_MS, Math.max(LAST_PAGES_MS, end - now())));
    this.log.logger.info('stopped');
    await this.log.close();
  }

  /** OpenTelemetry is loaded here, and only where it is wanted. */
  async #openTraces(): Promise<void> {
    const { traces } = this.#gateways.config;
    if (!traces) return;
    const { openTraces } = await import('../observability/traces.ts');
    const pathOf = (app: string) => this.#gateways.config.apps.find(({ name }) => name === app)?.path ?? '';
    const scope = { version: this.#options.version, pathOf };
    this.#traces = openTraces({ endpoint: traces.endpoint, ...scope, emit: event => this.#emit(event) });
  }

  #gauges(): Gauges {
    const { redisIsUp, sessions, delivery, upgrades, kept } = this.#memory;
    const ofRedis = redisIsUp === undefined ? {} : { redisIsUp };
    return {
      upstreams: this.#gateways.current.upstreams(),
      hooks: this.#gateways.current.hooks(),
      sessions,
      events: delivery.state,
      upgrades: upgrades.open,
      keptBytes: kept.bytes,
      certificates: certificatesOf(this.#gateways.config, this.#tls),
      log: this.log.counts,
      ...(this.#traces && { spans: this.#traces.counts }),
      ...ofRedis,
    };
  }

  /** What the status page is told. */
  #feed(): Feed {
    const sampler = new Sampler(this.metrics.counts);
    const turns = new StatusTurns();
    return {
      sample: () => sampler.take(),
      status: () => turns.take(this.#statusSources()),
      recent: () => ({ count: this.#recent.count, answers: this.#recent.list() }),
    };
  }

  /** More connections than half the descriptors would leave none for the back-ends. */
  #limits(): Config['limits'] {
    const most = Math.floor(openFilesLimit() / 2);
    const { limits } = this.#gateways.config;
    if (limits.connections <= most) return limits;
    this.log.logger.warn(`limits.connections is ${limits.connections}, but the limit of open files allows ${most}`);
    return { ...limits, connections: most };
  }

  async #settled(ms: number): Promise<void> {
    const end = now() + ms;
    while (this.#hooks.visits > 0 && now() < end) await pause(DRAIN_LOOK_MS);
  }
}

/** True if `work` ends within `ms`; else nobody waits for it any more. */
const atMost = (work: Promise<unknown>, ms: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const stop = after(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(stop);
  });

/** Builds a gateway and opens its listeners. */
export const start = async (config: Config, options: StartOptions): Promise<Breakwater> => {
  const breakwater = new Breakwater(config, options);
  await breakwater.start();
  return breakwater;
};
