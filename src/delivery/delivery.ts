import { after, now } from '../core/clock.ts';
import type { Emit, Event, EventsState } from '../core/events.ts';
import { Deliverer } from './deliverer.ts';
import { type Backlog, type Journal, JournalError, type JournalProblem } from './journal.ts';
import { Outbox } from './outbox.ts';

/** How often it is counted what waits. */
const COUNT_MS = 1000;
/** Over how many counts the rate of deliveries is measured. */
const COUNTS = 10;
/** After so many counts it is compared which lanes have something; at once where nothing waits. */
const COUNTS_TO_COMPARE = 60;

/** Events that wait for so long are a backlog, and no more once they wait for less than the other. */
const BACKLOG_MS = 5000;
const NO_BACKLOG_MS = 2000;

/** Tells what is wrong with a journal while it is open. */
export type Told = (problem: JournalProblem) => void;

export interface DeliveryOptions {
  /** Opens the journal. Rejects with a JournalError that names the thing and the remedy. */
  readonly open: (told: Told) => Promise<Journal>;
  readonly keepForMs: number;
  readonly emit: Emit;
}

const rejected = (): Promise<never> =>
  Promise.reject(new JournalError('failed', 'no journal was opened at the start; a restart opens it'));

/** Stands in where nothing was to be stored when the process began. */
const NO_JOURNAL: Journal = {
  append: rejected,
  release: rejected,
  take: rejected,
  lease: async () => [],
  settle: rejected,
  hurry: async () => {},
  ended: async () => [],
  lanes: async () => new Set(),
  backlog: async () => [],
  list: async () => [],
  show: async () => undefined,
  retry: async () => 0,
  drop: async () => 0,
  close: async () => {},
};

/** Stored notifications: the journal, what goes into it and what brings them to their back-ends. Outlives reloads. */
export class Delivery {
  readonly outbox: Outbox;
  readonly #options: DeliveryOptions;
  readonly #deliverers = new Map<string, Deliverer>();
  #journal: Journal = NO_JOURNAL;
  #backlog: readonly Backlog[] = [];
  #delivered = new Map<string, number>();
  /** What had been delivered at the last counts, oldest first. */
  #history: { readonly at: number; readonly delivered: ReadonlyMap<string, number> }[] = [];
  readonly #told = new Set<string>();
  #counts = 0;
  /** Apps of which a backlog was told. */
  readonly #late = new Set<string>();
  #orphans: ReadonlySet<string> = new Set();
  #isOpen = false;
  #isResting = false;
  #stop: () => void = () => {};

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { keepForMs, emit } = options;
    const failed = (error: unknown) => this.#failed(error);
    this.outbox = new Outbox({ journal: () => this.#journal, keepForMs, emit, failed });
    this.outbox.onDue(app => this.#deliverers.get(app)?.wake());
  }

  /** Opens the journal, and begins to deliver what is in it. */
  async open(): Promise<void> {
    this.#journal = await this.#options.open(problem => this.#tell(problem));
    // One that is shared is asked each time, and may be away now.
    if (!this.#journal.hasLane) for (const lane of await this.#journal.lanes()) this.outbox.lanes.mark(lane);
    this.#isOpen = true;
    await this.#count();
    // The back-end may have come back meanwhile, and no breaker of this process will say so.
    for (const deliverer of this.#deliverers.values()) deliverer.hurry();
  }

  deliverer(app: string): Deliverer {
    const known = this.#deliverers.get(app);
    if (known) return known;
    const failed = (error: unknown) => this.#failed(error);
    const deliverer = new Deliverer({ app, journal: () => this.#journal, outbox: this.outbox, failed });
    this.#deliverers.set(app, deliverer);
    return deliverer;
  }

  /** To be told of every event. */
  readonly listen = (event: Event): void => {
    // An upstream that comes back from an ejection may never have had its breaker open.
    if ((event.type === 'breaker' && event.to === 'closed') || event.type === 'returned')
      this.#deliverers.get(event.app)?.hurry();
    if (event.type === 'event' && event.result === 'delivered')
      this.#delivered.set(event.app, (this.#delivered.get(event.app) ?? 0) + 1);
  };

  /** What waits, as of the last second: for each app that is configured, and each that has something. */
  get state(): readonly EventsState[] {
    const stored = new Set(this.#backlog.map(({ app }) => app));
    const empty = this.#isOpen ? [...this.#deliverers.keys()].filter(app => this.#serves(app) && !stored.has(app)) : [];
    const none = empty.map(app => ({ app, pending: 0, dead: 0, bytes: 0 }));
    return [...this.#backlog, ...none].map(backlog => this.#describe(backlog));
  }

  /** Begins no delivery any more; resolves when those that are out have ended and it is noted what came of them. */
  async rest(): Promise<void> {
    this.#isResting = true;
    const deliverers = [...this.#deliverers.values()];
    for (const deliverer of deliverers) deliverer.close();
    await Promise.all([this.outbox.settled(), ...deliverers.map(deliverer => deliverer.settled())]);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#stop();
    for (const deliverer of this.#deliverers.values()) deliverer.close();
    const journal = this.#journal;
    this.#journal = NO_JOURNAL;
    await journal.close();
  }

  #failed(error: unknown): void {
    if (!this.#isOpen) return;
    if (error instanceof JournalError) this.#tell({ code: 'failing', message: error.message });
    else this.#options.emit({ type: 'defect', error });
  }

  /** Once, however often it is met with, until the journal answers again. */
  #tell({ code, message: detail }: JournalProblem): void {
    if (this.#told.has(detail)) return;
    this.#told.add(detail);
    const isWell = code === 'room-again' || code === 'working-again';
    this.#options.emit({ type: 'journal', isWell, detail });
  }

  /** Of each app that has something stored, or was said to. */
  #tellBacklogs(): void {
    const apps = new Map(this.#backlog.map(backlog => [backlog.app, backlog]));
    for (const app of new Set([...apps.keys(), ...this.#late])) {
      const { pending = 0, oldestAt = Date.now() } = apps.get(app) ?? {};
      const isLate = Date.now() - oldestAt >= (this.#late.has(app) ? NO_BACKLOG_MS : BACKLOG_MS);
      if (isLate === this.#late.has(app)) continue;
      if (isLate) this.#late.add(app);
      else this.#late.delete(app);
      this.#options.emit({ type: 'backlog', app, is: isLate ? 'begun' : 'over', pending });
    }
  }

  /** While the process ends, no app has a way any more. */
  #serves(app: string): boolean {
    return this.#isResting || (this.#deliverers.get(app)?.hasWay ?? false);
  }

  /** Events of an app that was taken out of the configuration go nowhere, which is told once. */
  #tellOrphans(): void {
    const orphans = this.#backlog.filter(({ app, pending }) => pending > 0 && !this.#serves(app));
    for (const { app, pending } of orphans) {
      if (this.#orphans.has(app)) continue;
      const remedy = `put it back, or drop them: breakwater events drop --all --app ${app}`;
      const message = `${pending} stored events are of the app ${app}, which is not configured; ${remedy}`;
      this.#tell({ code: 'failing', message });
    }
    this.#orphans = new Set(orphans.map(({ app }) => app));
  }

  async #count(): Promise<void> {
    try {
      for (const ended of await this.#journal.ended()) this.#options.emit({ type: 'ended', ...ended });
      this.#backlog = await this.#journal.backlog();
      this.#told.clear();
      this.#tellOrphans();
      await this.#compareLanes();
      this.#tellBacklogs();
    } catch (error) {
      this.#failed(error);
    }
    this.#history.push({ at: now(), delivered: new Map(this.#delivered) });
    if (this.#history.length > COUNTS) this.#history.shift();
    if (this.#isOpen) this.#stop = after(COUNT_MS, () => void this.#count());
  }

  /** Of some lanes all is gone without this process having seen it: taken by another, dropped, expired. */
  async #compareLanes(): Promise<void> {
    const nothingWaits = this.#backlog.every(({ pending }) => pending === 0);
    if (++this.#counts % COUNTS_TO_COMPARE !== 0 && !nothingWaits) return;
    if (!this.outbox.lanes.haveStored) return;
    const tell = this.outbox.lanes.leavingAll();
    tell(await this.#journal.lanes());
  }

  #describe({ app, pending, dead, oldestAt, bytes }: Backlog): EventsState {
    const perSecond = this.#rate(app);
    const oldest = oldestAt === undefined ? {} : { oldestSeconds: Math.max(0, (Date.now() - oldestAt) / 1000) };
    const drain = pending > 0 && perSecond > 0 ? { drainSeconds: Math.ceil(pending / perSecond) } : {};
    return { app, pending, dead, bytes, deliveredPerSecond: perSecond, ...oldest, ...drain };
  }

  #rate(app: string): number {
    const [first] = this.#history;
    const seconds = first ? (now() - first.at) / 1000 : 0;
    const delivered = (this.#delivered.get(app) ?? 0) - (first?.delivered.get(app) ?? 0);
    return seconds > 0 ? Math.round((delivered / seconds) * 10) / 10 : 0;
  }
}
