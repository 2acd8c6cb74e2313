import { now } from '../../core/clock.ts';

/** Ids that are marked until a time. They are of this process alone, so what holds or leases an event ends with it. */
export class Marks {
  readonly #until = new Map<string, number>();

  /** Marks `id` for `ms` from now. */
  set(id: string, ms: number): void {
    this.#until.set(id, now() + ms);
  }

  has(id: string): boolean {
    const until = this.#until.get(id);
    return until !== undefined && until > now();
  }

  delete(id: string): void {
    this.#until.delete(id);
  }

  /** Forgets what is over, lest marks on events that somebody else has dropped collect. */
  sweep(): void {
    const at = now();
    for (const [id, until] of this.#until) if (until <= at) this.#until.delete(id);
  }
}
