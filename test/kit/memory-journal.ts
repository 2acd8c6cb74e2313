import { now } from '../../src/core/clock.ts';
import type { Journal, JournalError, Leased, Settlement, StoredEvent } from '../../src/delivery/journal.ts';

interface Kept extends StoredEvent {
  attempts: number;
  dueAt: number;
  heldUntil: number;
  leasedUntil: number;
}

/** A journal that forgets all when the process ends, for tests of what stands around a journal. Its clock is `now()`. */
export class MemoryJournal implements Journal {
  readonly events: Kept[] = [];
  readonly settled: { readonly id: string; readonly settlement: Settlement }[] = [];
  /** Set: what is appended is refused so. */
  refusal: JournalError | undefined;
  /** Set: nothing can be noted of what is there. */
  silence: JournalError | undefined;
  /** Set: appends wait for it. */
  disk: Promise<void> | undefined;

  async append(event: StoredEvent, holdMs: number): Promise<void> {
    await this.disk;
    if (this.refusal) throw this.refusal;
    if (this.events.some(({ id }) => id === event.id)) return;
    this.events.push({ ...event, attempts: 0, dueAt: 0, heldUntil: now() + holdMs, leasedUntil: 0 });
  }

  async release(id: string): Promise<void> {
    if (this.silence) throw this.silence;
    for (const event of this.events) if (event.id === id) event.heldUntil = 0;
  }

  async take(id: string): Promise<boolean> {
    if (this.silence) throw this.silence;
    return this.#remove(id);
  }

  async lease(app: string, most: number, leaseMs: number): Promise<readonly Leased[]> {
    const firsts = this.events.filter(
      (event, i) => event.app === app && this.events.findIndex(({ lane }) => lane === event.lane) === i,
    );
    const due = firsts.filter(event => Math.max(event.dueAt, event.heldUntil, event.leasedUntil) <= now());
    const leased = due.slice(0, most);
    for (const event of leased) event.leasedUntil = now() + leaseMs;
    return leased.map(event => ({ ...event }));
  }

  async settle(id: string, settlement: Settlement): Promise<boolean> {
    if (this.silence) throw this.silence;
    this.settled.push({ id, settlement });
    const event = this.events.find(each => each.id === id);
    if (event && settlement.type === 'again') {
      Object.assign(event, {
        attempts: event.attempts + (settlement.isUnsent ? 0 : 1),
        dueAt: now() + settlement.ms,
        leasedUntil: 0,
      });
    } else this.#remove(id);
    return !this.events.some(({ lane }) => lane === event?.lane);
  }

  async hurry(app: string): Promise<void> {
    for (const event of this.events) if (event.app === app) event.dueAt = 0;
  }

  /** A test may put what it wants here. */
  ended: Journal['ended'] = async () => [];

  async lanes(): Promise<ReadonlySet<string>> {
    return new Set(this.events.map(({ lane }) => lane));
  }

  /** A test may put what it wants here. */
  backlog: Journal['backlog'] = async () =>
    [...new Set(this.events.map(({ app }) => app))].map(app => {
      const { length: pending } = this.events.filter(event => event.app === app);
      return { app, pending, dead: 0, bytes: pending };
    });
  list = async () => [];
  show = async () => undefined;
  retry = async () => 0;
  drop = async () => 0;
  close = async () => {};

  #remove(id: string): boolean {
    const at = this.events.findIndex(event => event.id === id);
    if (at >= 0) this.events.splice(at, 1);
    return at >= 0;
  }
}
